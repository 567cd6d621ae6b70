"""``outbox``: all that left a hospital or waits to leave, to the very text."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import typer

from evaluator.cli import console
from evaluator.cli.worker import hospital_state
from evaluator.errors import UsageError
from evaluator.worker.database import FILE, Database
from evaluator.worker.outbox import Letter, letter, letters
from evaluator.worker.sender import readable

SCHEMA = "evaluator-outbox/1"


def register(app: typer.Typer) -> None:
    app.command("outbox")(outbox)


def outbox(
    serial: int | None = typer.Argument(None, help="Show this message: what it says, or with --json as it was signed."),
    *,
    state: Path | None = typer.Option(None, help="The worker's state folder."),  # noqa: B008
    as_json: bool = console.JSON_OPTION,
) -> None:
    """List what left this hospital and what waits to; nothing else leaves it."""
    database = known_database(state)
    if serial is not None:
        _show(letter(database, serial), serial, as_json=as_json)
        return
    found = letters(database)
    if as_json:
        console.emit_json({"schema": SCHEMA, "messages": [_row(one) for one in found]})
        return
    rows = [
        [str(one.serial), one.at, one.kind, str(one.run or ""), f"{len(one.body):,}", one.sent_at or "waits"]
        for one in found
    ]
    console.table("What left this hospital", ["serial", "written", "kind", "run", "bytes", "sent"], rows)


def known_database(state: Path | None) -> Database:
    """The notes of a worker that was started before."""
    place = hospital_state(state)
    if not (place / FILE).is_file():
        raise UsageError(
            f"No hospital's worker has its state in {place}.",
            next_step="Give the worker's folder with --state; its first start makes it.",
        )
    return Database(place)


def _show(found: Letter | None, serial: int, *, as_json: bool) -> None:
    if found is None:
        raise UsageError(
            f"There is no message {serial}.",
            why="A serial that is missing is a message that a newer one replaced before it left.",
            next_step="`python -m evaluator outbox` lists what there is.",
        )
    if as_json:
        sys.stdout.write(found.body.decode() + "\n")
        return
    console.note(
        f"Message {found.serial}, written {found.at}, {f'sent {found.sent_at}' if found.sent_at else 'waits'}:"
    )
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(readable(found.body)), indent=2).decode() + "\n")


def _row(one: Letter) -> dict[str, object]:
    return {
        "serial": one.serial,
        "at": one.at,
        "kind": one.kind,
        "run": one.run,
        "bytes": len(one.body),
        "sent_at": one.sent_at,
    }
