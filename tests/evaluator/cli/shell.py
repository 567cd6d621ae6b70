"""Calls the command line in this process: the same `main`, without a second interpreter's start."""

from __future__ import annotations

import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from evaluator.cli import main


@dataclass(frozen=True, kw_only=True)
class Called:
    code: int
    out: str
    err: str


def call(*arguments: str | Path) -> Called:
    out, err, kept = StringIO(), StringIO(), sys.argv
    sys.argv = ["evaluator", *map(str, arguments)]
    code = 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        sys.argv = kept
    return Called(code=code, out=out.getvalue(), err=err.getvalue())
