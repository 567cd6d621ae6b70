"""What is measured of the statistics: one cohort with its resamples, and panels up to the largest of the design."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.benchmarks.case import CaseFiles
from tests.benchmarks.cohort_inputs import Size, read_cohort, write_cohort, write_table
from tests.benchmarks.plan import COHORT, OURS, RANKING, Program, Situation

SCIKIT, PICAI_INTERVAL = "scikit-learn, a loop", "picai_eval, AUROC and AP"
ONE = Size(models=20, hospitals=10, patients=5_000, replicates=1_000)
PANEL = Size(models=20, hospitals=10, patients=10_000, replicates=2_000)
LARGEST = Size(models=200, hospitals=145, patients=36_390, replicates=2_000)


def _ours(act: str) -> Program:
    return Program(name=OURS, module="cohort_ours", act=act)


def _scikit(act: str) -> Program:
    return Program(name=SCIKIT, module="peers.scikit_learn", act=act)


def cohort_plan(folder: Path, size: Size = ONE) -> list[Situation]:
    """The peers' questions, on one cohort."""
    path = write_cohort(folder / "cohort.npz", size)
    files = CaseFiles(reference=path, prediction=path)
    picai = Program(name=PICAI_INTERVAL, module="peers.picai_statistics", act="interval")
    situation = Situation(table=COHORT, name="AUC with its interval", files=files, programs=())
    return [
        replace(situation, programs=(_ours("interval"), _scikit("interval"), picai)),
        replace(situation, name="AUC in every resample", programs=(_ours("bootstrap"), _scikit("bootstrap"))),
        replace(
            situation, name=f"{size.models} AUCs, differences", programs=(_ours("intervals"), _scikit("intervals"))
        ),
        replace(
            situation,
            name=f"{size.models} models ranked",
            label=size.replicates,
            programs=(_ours("ranking"), _scikit("ranking")),
        ),
    ]


def panel_plan(folder: Path, size: Size, *, name: str) -> Situation:
    """A panel in memory."""
    path = write_cohort(folder / f"{name}.npz", replace(size, replicates=1))  # ours draws for itself
    files = CaseFiles(reference=path, prediction=path)
    return Situation(table=RANKING, name=name, files=files, programs=(_ours("ranking"),), label=size.replicates)


def table_plan(folder: Path, size: Size, *, name: str) -> Situation:
    """From the long table on disk to all that ranking.md asks of it, once."""
    cohort = read_cohort(write_cohort(folder / f"{name}.npz", replace(size, replicates=1)))
    path = write_table(folder / f"{name}.csv", cohort)
    files = CaseFiles(reference=path, prediction=path)
    programs = (_ours("everything"),)
    return Situation(table=RANKING, name=name, files=files, programs=programs, label=size.replicates, once=True)


def full_cohort_plan(folder: Path) -> list[Situation]:
    found = [
        *cohort_plan(folder),
        panel_plan(folder, PANEL, name="20 models, 10 hospitals, 10,000 patients"),
        panel_plan(folder, LARGEST, name="200 models, 145 hospitals, 36,390 patients"),
        table_plan(folder, LARGEST, name="7.3 million rows, everything"),
    ]
    return [replace(situation, aimed=True) for situation in found]


def small_cohort_plan(folder: Path) -> list[Situation]:
    """The same, of a size that the test command has time for."""
    size = Size(models=5, hospitals=3, patients=300, replicates=40)
    found = [
        *cohort_plan(folder, size),
        panel_plan(folder, size, name="5 models, 3 hospitals, 300 patients"),
        table_plan(folder, size, name="1,500 rows, everything"),
    ]
    return [replace(situation, once=True) for situation in found]
