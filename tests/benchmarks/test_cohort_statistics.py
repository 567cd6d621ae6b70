"""The benchmark of the statistics: complete, in agreement, and of the sizes that it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluator.ranking import rank_table, read_table
from tests.benchmarks.cohort_inputs import Size, panel_of, read_cohort, write_cohort, write_table
from tests.benchmarks.cohort_plan import LARGEST, PANEL, full_cohort_plan, small_cohort_plan
from tests.benchmarks.plan import COHORT_TABLES
from tests.benchmarks.table import render
from tests.benchmarks.test_scoring import measured


def test_every_program_is_measured_and_agrees_with_ours(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    rows = measured(small_cohort_plan(tmp_path), record_property)
    failures = {row.measured.failure for row in rows if row.measured.failure}
    assert {failure for failure in failures if not failure.startswith("ModuleNotFoundError")} == set()
    assert [line[3:] for line in render(rows).splitlines() if line.startswith("## ")] == list(COHORT_TABLES)


@pytest.mark.long("statistics")
def test_at_the_full_sizes_too(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    measured(full_cohort_plan(tmp_path), record_property, limit=900)


def test_the_panels_are_as_large_as_the_design_says(tmp_path: Path) -> None:
    for size in (PANEL, LARGEST):
        cohort = read_cohort(write_cohort(tmp_path / "panel.npz", replace(size, models=2, replicates=1)))
        panel = panel_of(cohort)
        assert (len(panel.hospitals), sum(panel.cases.values())) == (size.hospitals, size.patients)
        assert min(cell.patients for cell in panel.cells) > 1
        assert np.mean(cohort.truth) == pytest.approx(0.3, abs=1e-3)
    assert LARGEST.models * LARGEST.patients == 7_278_000


def test_the_table_is_the_panel(tmp_path: Path) -> None:
    size = Size(models=2, hospitals=2, patients=40, replicates=1)
    cohort = read_cohort(write_cohort(tmp_path / "panel.npz", size))
    rows, notes = read_table(write_table(tmp_path / "table.csv", cohort))
    assert (len(rows), notes) == (80, ())
    ranking = rank_table(rows, value="correct", replicates=100, seed=1)
    scores = panel_of(cohort).scores().mean(axis=0)
    assert {model.model: model.score for model in ranking.models} == pytest.approx(
        dict(zip(("model 000", "model 001"), scores.tolist(), strict=True))
    )
