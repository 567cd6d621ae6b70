"""What is measured: three tables, the situations of each, and the programs that can do it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.body import STRUCTURES, write_structures
from tests.benchmarks.case import FULL, LESIONS, PANCREAS, CaseFiles, Size, write_case

EXACT, SINGLE = 1e-9, 1e-5  # single: it calculates in 32 bits


@dataclass(frozen=True, kw_only=True)
class Program:
    """A module's function, and how close its numbers must be to ours."""

    name: str
    module: str
    act: str
    agrees_to: float = EXACT


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A case and what is asked of it; the first program is ours."""

    table: str
    name: str
    files: CaseFiles
    programs: tuple[Program, ...]
    label: int = 0
    once: bool = False  # too long to be repeated, or there only to see that all of it works
    aimed: bool = False  # whether the design's targets are about a case of this size


MEDPY_WHOLE, MEDPY_CROPPED = "medpy 0.5.2, whole volume", "medpy 0.5.2, cropped by hand"
GLUE, PANOPTICA, PICAI = "nibabel + cc3d + surface-distance", "panoptica 2.1.7", "picai_eval, detection only"
OURS = "ours"

OUTLINE = "One structure in memory: Dice, HD95, ASSD, NSD"
CASE = "The whole case, from two .nii.gz files to every metric"
MANY = "A label map in memory: every structure's Dice, NSD, HD95"
TABLES = (OUTLINE, CASE, MANY)
COHORT, RANKING = "One cohort: intervals and resamples", "Rankings over hospitals, all pairs at once"
COHORT_TABLES = (COHORT, RANKING)

ON_OUTLINES = (
    Program(name=OURS, module="ours", act="outline"),
    Program(name=MEDPY_CROPPED, module="peers.medpy", act="cropped_outline"),
    Program(name="surface-distance 0.1", module="peers.surface_distance", act="outline"),
    Program(name="MONAI 1.6.1", module="peers.monai", act="outline", agrees_to=SINGLE),
    Program(name="MetricsReloaded", module="peers.metrics_reloaded", act="outline", agrees_to=SINGLE),
)
ON_WHOLE_OUTLINES = (*ON_OUTLINES, Program(name=MEDPY_WHOLE, module="peers.medpy", act="whole_outline"))
ON_CASES = (
    Program(name=OURS, module="ours", act="case"),
    Program(name=MEDPY_CROPPED, module="peers.medpy", act="cropped_case"),
    Program(name=GLUE, module="peers.glue", act="case"),
    Program(name=PANOPTICA, module="peers.panoptica", act="case"),
    Program(name=PICAI, module="peers.picai", act="case"),
)
ON_WHOLE_CASES = (*ON_CASES, Program(name=MEDPY_WHOLE, module="peers.medpy", act="whole_case"))
ON_LABEL_MAPS = (
    Program(name=OURS, module="ours", act="structures"),
    Program(name="medpy 0.5.2, structure by structure", module="peers.medpy", act="structures"),
    Program(name="surface-distance 0.1, structure by structure", module="peers.surface_distance", act="structures"),
)


def full_plan(folder: Path, slices: list[int]) -> list[Situation]:
    """The case of the design at so many slices; medpy on the whole volume, which takes minutes, at 300 only."""
    found: list[Situation] = []
    for count in slices:
        size = Size(slices=count)
        plain, name = write_case(folder / f"{count}", size), f"{count} slices"
        specks = write_case(folder / f"{count}-specks", size, specks=2000)
        found.append(
            Situation(table=CASE, name=name, files=plain, programs=ON_WHOLE_CASES if count == 300 else ON_CASES)
        )
        if count == 300:
            far = write_case(folder / "far", size, far=True)
            found += [
                Situation(table=CASE, name=f"{name}, 2,000 specks", files=specks, programs=ON_CASES),
                _outline("tumour", plain, LESIONS, whole=True),
                _outline("pancreas", plain, PANCREAS, whole=True),
                _outline("tumour, 3 far specks", far, LESIONS),
                _outline("tumour, 2,000 specks", specks, LESIONS),
                Situation(
                    table=MANY,
                    name=f"{STRUCTURES} structures",
                    files=write_structures(folder / "structures", size),
                    programs=ON_LABEL_MAPS,
                ),
            ]
    return [replace(situation, aimed=True) for situation in found]


def small_plan(folder: Path) -> list[Situation]:
    """The same at three eighths of its length, for the test command: every program once, and specks."""
    size = Size(columns=3 * FULL // 8, slices=40)
    plain = write_case(folder / "small", size)
    specks = write_case(folder / "small-specks", size, specks=100)
    found = [
        _outline("tumour", plain, LESIONS, whole=True),
        Situation(table=CASE, name="40 slices, 100 specks", files=specks, programs=ON_WHOLE_CASES),
        Situation(
            table=MANY,
            name="40 structures",
            files=write_structures(folder / "structures", size, count=40),
            programs=ON_LABEL_MAPS,
        ),
    ]
    return [replace(situation, once=True) for situation in found]


def _outline(name: str, files: CaseFiles, label: int, *, whole: bool = False) -> Situation:
    programs = ON_WHOLE_OUTLINES if whole else ON_OUTLINES
    return Situation(table=OUTLINE, name=name, files=files, programs=programs, label=label)
