"""`doctor`: whether this machine may be given held-out scans, looked at from inside a container."""

from __future__ import annotations

import typer

from evaluator.cli import console
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.doctor import DEFAULT_BASE, diagnose
from evaluator.errors import PlatformFault

SCHEMA = "evaluator-doctor/1"


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor_command)


def doctor_command(
    *,
    base: str = typer.Option(DEFAULT_BASE, help="An image with python3 that the probe runs in."),
    as_json: bool = console.JSON_OPTION,
) -> None:
    """Start a probe as submissions are started, and say what it can see, what it can do, and which limits hold."""
    found = diagnose(DockerEngine(), base=base)
    if as_json:
        console.emit_json(
            {
                "schema": SCHEMA,
                "fit": found.fit,
                "engine": {**vars(found.facts), "data_root": str(found.facts.data_root)},
                "findings": found.findings,
                "visible": found.visible,
                "seconds": round(found.seconds, 1),
            }
        )
    else:
        rows = [["ok" if one.ok else "NO", one.check, one.seen] for one in found.findings]
        runtime = f", runtime {found.facts.runtime}" if found.facts.runtime else ""
        console.table(f"Container engine {found.facts.version}{runtime}", ["", "inside a container", "seen"], rows)
        console.say(f"Visible all the same: kernel {found.visible['kernel']}, the clock and the boot's number.")
        console.say(found.sentence)
    if not found.fit:
        raise PlatformFault(
            found.sentence,
            why="A submission could do here what it must not.",
            next_step="Mend the engine (its log, `docker info`), and ask the doctor again.",
        )
