"""``cohort prints`` and ``cohort overlap``: whether a training set and a cohort share a scan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluator import results
from evaluator.cli import console
from evaluator.cohort import (
    LEAST_AGREEMENT,
    How,
    Overlap,
    overlap,
    print_cohort,
    print_folder,
    read_cohort,
    read_prints,
)
from evaluator.volumes import SUFFIXES


def register(cohort: typer.Typer) -> None:
    cohort.command(name="prints")(prints)
    cohort.command(name="overlap")(compare)


def prints(
    folder: Annotated[Path, typer.Argument(help="A training set: every volume below it is fingerprinted.")],
    *,
    out: Annotated[Path, typer.Option(help="Where the list is written; it holds no image.")],
    name: Annotated[str, typer.Option(help="The set's name for people; default: the folder's.")] = "",
    json: bool = console.JSON_OPTION,
) -> None:
    """Fingerprint a training set, so that hospitals can look whether they hold one of its scans."""
    volumes = sum(path.name.lower().endswith(SUFFIXES) for path in folder.rglob("*"))
    with console.progress("Fingerprinting", volumes) as advance:
        found = print_folder(folder, name=name or folder.resolve().name, progress=advance)
    results.write(out, found)
    if json:
        console.emit_json({"schema": found.schema, "name": found.name, "scans": len(found.scans), "out": str(out)})
    else:
        console.say(f"{len(found.scans)} scans of {found.name} in {out}.")


def compare(
    folder: Annotated[Path, typer.Argument(help="A cohort, checked by `cohort check`.")],
    lists: Annotated[list[Path], typer.Argument(help="Lists that `cohort prints` wrote.")],
    *,
    least: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Agreement from which two scans look alike.")
    ] = LEAST_AGREEMENT,
    json: bool = console.JSON_OPTION,
) -> None:
    """Name every case of a cohort that is in a training set, or looks as if. Nothing of the cohort is written."""
    others = [read_prints(path) for path in lists]
    cohort = read_cohort(folder)
    with console.progress("Fingerprinting", len(cohort.cases)) as advance:
        mine = print_cohort(cohort, progress=advance)
    found = [overlap(mine, other, least=least) for other in others]
    if json:
        console.emit_json({"schema": "cohort-overlap/1", "overlaps": found})
        return
    for one in found:
        _print(one)


def _print(found: Overlap) -> None:
    rows = [[match.case, match.scan, match.how.value, f"{match.agreement:.3f}"] for match in found.matches]
    if rows:
        console.table(f"{found.cohort} and {found.other}", ["case", "scan", "how", "agreement"], rows)
    surely = len({match.case for match in found.matches if match.how is not How.ALIKE})
    maybe = len({match.case for match in found.matches} - {m.case for m in found.matches if m.how is not How.ALIKE})
    console.say(
        f"{found.other}, {found.scans} scans: {surely} of {found.cases} cases are in it, {maybe} look as if. "
        "Look at those before you believe either; a scan that was cropped is not found."
    )
