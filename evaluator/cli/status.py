"""``status``: where your submissions stand."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from evaluator.cli import console
from evaluator.cli.site import Site
from evaluator.errors import SubmissionFault

URL = typer.Option("--to", envvar="LEADERBOARD_URL", help="The website's address.")
TOKEN = typer.Option(envvar="LEADERBOARD_TOKEN", help="Better given in the environment than here.", show_default=False)
LOOK_SECONDS = 5.0
SCHEMA = "submissions/1"


def register(app: typer.Typer) -> None:
    app.command("status")(status)


def status(
    submission: Annotated[str, typer.Argument(help="Its id; without, all of your teams' are listed.")] = "",
    *,
    to: Annotated[str, typer.Option("--to", envvar="LEADERBOARD_URL", help="The website's address.")],
    token: Annotated[
        str,
        typer.Option(envvar="LEADERBOARD_TOKEN", help="Better given in the environment than here.", show_default=False),
    ] = "",
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and tell every change until nothing is open.")] = False,
    json: bool = console.JSON_OPTION,
) -> None:
    """Tell where submissions stand. Exit code 4: this one was refused."""
    site = Site(to, token)
    if not submission:
        _list(site.get("submissions"), as_json=json)
    elif watch:
        follow(site, submission, as_json=json)
    else:
        show(site, site.get(f"submissions/{submission}"), as_json=json)


def follow(site: Site, submission: str, *, as_json: bool) -> None:
    """Tell what changes until nothing is to come."""
    told: list[str] = []
    while True:
        found = site.get(f"submissions/{submission}")
        lines = list(_lines(found))
        for line in lines if not as_json else ():
            if line not in told:
                console.say(line)
        told = lines
        if not found["open"]:
            break
        time.sleep(LOOK_SECONDS)
    if as_json:
        console.emit_json(found)
    _end(site, found, as_json=as_json)


def show(site: Site, found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        console.emit_json(found)
    else:
        console.say("\n".join(_lines(found)))
    _end(site, found, as_json=as_json)


def _list(found: list[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        console.emit_json({"schema": SCHEMA, "submissions": found})
    elif found:
        rows = [[one["id"], one["model"], one["team"], one["created"][:16], one["state"]] for one in found]
        console.table("Submissions", ["id", "model", "team", "handed in", "state"], rows)
    else:
        console.say("Nothing is handed in yet.")


def _lines(found: Mapping[str, Any]) -> list[str]:
    """What a person wants to know of it, a line each."""
    place = f", place {found['place_in_line']} in line" if found["place_in_line"] else ""
    runs = f", its runs: {found['evaluation']}" if found.get("evaluation") else ""
    lines = [f"{found['model']} ({found['id']}): {found['state']}{runs}{place}"]
    for run in found["runs"]:
        parts = [run["state"]]
        if run["place_in_line"]:
            parts.append(f"place {run['place_in_line']} in line")
        if run["done_percent"]:
            parts.append(f"{run['done_percent']} % of its cases")
        lines.append(f"  {run['hospital']}: {', '.join(parts)}" + (f". {run['why']}" if run["why"] else ""))
    if found["told_at"]:
        lines.append(f"  Its outcome is told at {found['told_at']}.")
    return lines


def _end(site: Site, found: Mapping[str, Any], *, as_json: bool) -> None:
    if found["state"] == "refused":
        log = found["try_out_log"].strip()
        if log and not as_json:
            console.say(f"Log of the try-out\n{log}")
        raise SubmissionFault(found["reason"] or "It was refused.", next_step=found["next_step"])
    if not as_json:
        console.note(f"Its page: {site.page(found['page'])}")
