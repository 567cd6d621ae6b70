"""The engine's command line: a file per command, found by name so that each file stands alone."""

from __future__ import annotations

import sys
from importlib import import_module

import msgspec
import typer

from evaluator import __version__
from evaluator.cli import console
from evaluator.errors import EvaluatorError

COMMANDS = (
    "run",
    "validate",
    "submit",
    "status",
    "score",
    "report",
    "rank",
    "ppv",
    "auc",
    "compare",
    "pool",
    "cohort",
    "synthesize",
    "two_stage",
    "versus_readers",
    "doctor",
    "nulls",
    "worker",
    "outbox",
    "desk",
)

app = typer.Typer(
    name="evaluator",
    help="Run submissions on scans, score them, and turn scores into numbers with intervals.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for _name in COMMANDS:
    import_module(f"evaluator.cli.{_name}").register(app)


@app.callback(invoke_without_command=True)
def version(
    *,
    show: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    if show:
        console.say(__version__)
        raise typer.Exit


def main() -> None:
    """Run a command; turn an error meant for a person into its sentences and its exit code."""
    try:
        app()
    except EvaluatorError as error:
        console.refuse(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, msgspec.MsgspecError, OSError) as error:
        console.complain(error)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 5)
