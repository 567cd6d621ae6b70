"""``cohort``: check and freeze a hospital's folder of cases, or bring the PanTS layout into it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from evaluator.cli import console, overlap, revise
from evaluator.cohort import Cohort, CohortCheck, CohortCounts, check_cohort, import_pants, write_manifest
from evaluator.cohort.layout import IMAGES, MANIFEST_FILE
from evaluator.errors import FaultLine, HospitalFault, InputRefused

FAULTY = InputRefused.exit_code


def register(app: typer.Typer) -> None:
    cohort = typer.Typer(help="A hospital's folder of cases.", no_args_is_help=True)
    cohort.command(name="check")(check)
    cohort.command(name="import-pants")(bring)
    overlap.register(cohort)
    revise.register(cohort)
    app.add_typer(cohort, name="cohort")


def check(
    folder: Annotated[Path, typer.Argument(help="Holds cohort.json, cases.csv, images and references.")],
    *,
    json: bool = console.JSON_OPTION,
) -> None:
    """Report every fault in one pass; without faults, freeze the cohort by writing its manifest."""
    with console.progress("Reading cases", len(list((folder / IMAGES).glob("*")))) as advance:
        found = check_cohort(folder, progress=advance)
    if found.cohort is not None:
        _freeze(found.cohort)
    if json:
        console.emit_json(_document(folder, found))
    else:
        _print(folder, found)
    if found.cohort is None:
        raise typer.Exit(FAULTY)


def bring(
    source: Annotated[Path, typer.Argument(help="A PanTS folder: ImageTe, LabelTe, metadata.xlsx or a CSV copy.")],
    out: Annotated[Path, typer.Argument(help="A new folder for the cohort.")],
    *,
    hospital: Annotated[str, typer.Option(help="Short name: lower-case letters, digits, hyphens.")] = "pants",
    name: Annotated[str, typer.Option(help="The cohort's name for people.")] = "PanTS",
    version: Annotated[str, typer.Option(help="The cohort's version.")] = "1",
    json: bool = console.JSON_OPTION,
) -> None:
    """Bring a PanTS folder into a cohort folder, and say what was not understood."""
    with console.progress("Bringing cases", len(list(source.glob("Image*/PanTS_*")))) as advance:
        brought = import_pants(source, out, hospital=hospital, name=name, version=version, progress=advance)
    if json:
        console.emit_json(
            {
                "schema": "pants-import/1",
                "cases": brought.cases,
                "positive": brought.positive,
                "notes": brought.notes,
                "cohort": str(out),
            }
        )
        return
    _print_lines("What was not understood, or decided", brought.notes)
    console.say(f"{brought.cases} cases, {brought.positive} with cancer, in {out}.")
    console.say(f"Next: python -m evaluator cohort check {out}")


def _freeze(cohort: Cohort) -> None:
    try:
        write_manifest(cohort)
    except OSError as error:
        raise HospitalFault(
            f"The cohort is sound, but {MANIFEST_FILE} cannot be written in {cohort.path}.",
            why=str(error),
            next_step="Make the folder writable and check again; afterwards it may be read-only.",
        ) from error


def _document(folder: Path, found: CohortCheck) -> dict[str, object]:
    cohort = found.cohort
    return {
        "schema": "cohort-check/1",
        "ok": cohort is not None,
        "faults": found.faults,
        "warnings": found.warnings,
        "hospital": cohort and cohort.hospital,
        "name": cohort and cohort.name,
        "version": cohort and cohort.version,
        "fingerprint": cohort and cohort.fingerprint,
        "counts": found.counts,
        "manifest": str(folder / MANIFEST_FILE) if cohort else None,
    }


def _print(folder: Path, found: CohortCheck) -> None:
    _print_lines("Warnings", found.warnings)
    if found.cohort is None or found.counts is None:
        _print_lines("Faults", found.faults)
        console.note(f"{len(found.faults)} faults in {folder}; no manifest was written. Correct them and check again.")
        return
    cohort = found.cohort
    console.table(f"{cohort.name}, version {cohort.version}", ["", "n"], _counts(found.counts))
    console.say(f"Fingerprint {cohort.fingerprint}")
    console.say(f"Frozen in {folder / MANIFEST_FILE}")


def _counts(counts: CohortCounts) -> list[list[str]]:
    rows = [
        ["patients", str(counts.patients)],
        ["  with cancer", str(counts.positive)],
        ["  without", str(counts.negative)],
        ["scans", str(counts.scans)],
        ["  3 months or more before diagnosis", str(counts.before_diagnosis)],
    ]
    groups = {"lesions": counts.lesions, "phases": counts.phases, "scanners": counts.scanners, "sex": counts.sexes}
    for title, group in groups.items():
        rows.append([title, str(sum(group.values()))])
        rows += [[f"  {value}", str(number)] for value, number in group.items()]
    return rows


def _print_lines(title: str, lines: Sequence[FaultLine]) -> None:
    if lines:
        rows = [[line.where, line.what, line.why, line.next] for line in lines]
        console.table(title, ["where", "what", "why", "next"], rows)
