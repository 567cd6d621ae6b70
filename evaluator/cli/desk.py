"""``desk``: what a hospital's data steward decides about the submissions that are to run there."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from evaluator.cli import console
from evaluator.cli.outbox import known_database
from evaluator.worker.desk import Desk
from evaluator.worker.journal import Entry, Journal

SCHEMA = "evaluator-desk/1"
STATE_OPTION = typer.Option(None, "--state", help="The worker's state folder.")


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


def register(app: typer.Typer) -> None:
    desk = typer.Typer(help="The data steward's decisions; a running worker notices them.", no_args_is_help=True)
    for name, command in {
        "status": status,
        "pause": pause,
        "resume": resume,
        "approve": approve,
        "refuse": refuse,
        "allow": allow,
        "require-approval": require_approval,
    }.items():
        desk.command(name=name)(command)
    app.add_typer(desk, name="desk")


def status(*, state: Path | None = STATE_OPTION, as_json: bool = console.JSON_OPTION) -> None:
    """What is decided, and every order that came."""
    database = known_database(state)
    desk, journal = Desk(database), Journal(database)
    wishes, entries, images = desk.wishes(), journal.entries(), desk.refused_images()
    refused = journal.refused_messages()
    if as_json:
        console.emit_json(
            {
                "schema": SCHEMA,
                "paused": wishes.paused,
                "approves": wishes.approves,
                "refused_images": images,
                "refused_messages": refused,
                "orders": [_row(entry) for entry in entries],
            }
        )
        return
    rows = [
        [entry.lease, entry.received, f"{entry.kind} {entry.run or ''}", entry.model, entry.image[7:19], entry.state,
         entry.since, entry.reason]
        for entry in entries
    ]  # fmt: skip
    console.table("Orders", ["lease", "came", "order", "model", "image", "state", "since", ""], rows)
    console.say(f"{'Paused: nothing new begins.' if wishes.paused else 'Taking work.'}")
    console.say(f"{'Every submission waits for approval.' if wishes.approves else 'Submissions need no approval.'}")
    for image in images:
        console.say(f"Refused: {image}")
    if refused:
        console.say(f"{refused} messages were refused; the worker's log says why.")


def pause(*, state: Path | None = STATE_OPTION) -> None:
    """Begin nothing new; what runs is finished."""
    Desk(known_database(state)).pause(True)
    console.say("Paused: nothing new begins.")


def resume(*, state: Path | None = STATE_OPTION) -> None:
    """Take work again."""
    Desk(known_database(state)).pause(False)
    console.say("Taking work.")


def approve(lease: str = typer.Argument(help="Of the order."), *, state: Path | None = STATE_OPTION) -> None:
    """Let a submission that waits for approval run."""
    Desk(known_database(state)).approve(lease)
    console.say(f"Approved: {lease}.")


def refuse(
    what: str = typer.Argument(help="An order's lease, or an image as sha256:…."), *, state: Path | None = STATE_OPTION
) -> None:
    """Refuse a submission: now, also if it runs, and whenever it comes again."""
    console.say(f"Refused: {Desk(known_database(state)).refuse(what)}.")


def allow(image: str = typer.Argument(help="As sha256:…."), *, state: Path | None = STATE_OPTION) -> None:
    """Take a refusal back."""
    Desk(known_database(state)).allow(image)
    console.say(f"Not refused any more: {image}.")


def require_approval(switch: Switch = typer.Argument(), *, state: Path | None = STATE_OPTION) -> None:  # noqa: B008
    """Whether every submission waits for approval before it runs."""
    required = switch is Switch.ON
    Desk(known_database(state)).require_approval(required)
    console.say("Every submission waits for approval." if required else "Submissions need no approval.")


def _row(entry: Entry) -> dict[str, object]:
    names = ("lease", "received", "kind", "run", "model", "image", "state", "since", "reason")
    return {name: getattr(entry, name) for name in names}
