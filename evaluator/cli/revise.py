"""``cohort revise``: the next version of a frozen cohort, with lesions that were missed drawn into its reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluator.cli import console
from evaluator.cohort import read_cohort, read_draft, write_next_version


def register(cohort: typer.Typer) -> None:
    cohort.command(name="revise")(revise)


def revise(
    folder: Annotated[Path, typer.Argument(help="The frozen cohort; it is read and never written.")],
    draft: Annotated[Path, typer.Argument(help="What was accepted, as downloaded from the platform.")],
    out: Annotated[Path, typer.Argument(help="A new folder for the next version.")],
    *,
    version: Annotated[str, typer.Option(help="The next version's name.")],
    masks: Annotated[
        Path | None, typer.Option(help="Masks of what was drawn, each named by its number: 12.nii.gz.")
    ] = None,
    json: bool = console.JSON_OPTION,
) -> None:
    """Write the next version of a cohort; what has no mask is drawn as a ball and marked provisional."""
    accepted = read_draft(draft)
    cohort = read_cohort(folder)
    with console.progress("Writing cases", 2 * len(cohort.cases)) as advance:
        revision = write_next_version(cohort, accepted, out, version=version, masks=masks, progress=advance)
    if json:
        console.emit_json({"schema": "cohort-revise/1", "cohort": str(out), "revision": revision})
        return
    console.table(
        f"Added to version {revision.version}, as version {version}",
        ["suspect", "case", "lesion", "outline", ""],
        [
            [
                str(one.number),
                one.case,
                str(one.lesion),
                one.outline.value,
                "the patient had no cancer before" if one.was_negative else "",
            ]
            for one in revision.added
        ],
    )
    if revision.provisional:
        console.say(f"{revision.provisional} outlines are provisional. Draw them and run this again with --masks.")
    console.say(f"Next: python -m evaluator cohort check {out}")
