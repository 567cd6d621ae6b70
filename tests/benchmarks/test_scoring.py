"""The benchmark itself: its tables are complete, its programs agree with ours, its memory and its limits are real."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluator.volumes import read_volume
from tests.benchmarks.case import LESIONS, PANCREAS, CaseFiles, Size, write_case
from tests.benchmarks.measure import Job, Measured, measure
from tests.benchmarks.numbers import Numbers, compare
from tests.benchmarks.plan import OURS, TABLES, Situation, full_plan, small_plan
from tests.benchmarks.scoring import LIMIT, compare_all, describe_machine
from tests.benchmarks.table import Row, render

NO_FILES = CaseFiles(reference=Path("none"), prediction=Path("none"))


def measured(plan: list[Situation], record: Callable[[str, object], None], *, limit: float = LIMIT) -> list[Row]:
    """The rows of a plan: complete, shown, ours all there, no disagreement. Of time nothing is asserted."""
    rows = compare_all(plan, tell=print, limit=limit)
    record("shown", f"{render(rows)}\n{describe_machine(rows)}")
    assert [row.program for row in rows] == [program for situation in plan for program in situation.programs]
    assert [row.measured.failure for row in rows if row.is_ours and row.measured.failure] == []
    assert [(row.program.name, row.agreement) for row in rows if not row.agrees] == []
    return rows


def test_every_program_that_is_installed_is_measured_and_agrees_with_ours(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    rows = measured(small_plan(tmp_path), record_property)
    failures = {row.measured.failure for row in rows if row.measured.failure}
    assert {failure for failure in failures if not failure.startswith("ModuleNotFoundError")} == set()
    assert all(row.measured.seconds for row in rows if row.program.module == "peers.medpy")
    titles = [line.removeprefix("## ") for line in render(rows).splitlines() if line.startswith("##")]
    assert titles == list(TABLES)


@pytest.mark.long("scoring")
def test_at_the_full_sizes_too(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    measured(full_plan(tmp_path, [300, 800]), record_property)


def test_the_full_case_is_the_one_the_design_describes(tmp_path: Path) -> None:
    files = write_case(tmp_path / "case", Size())
    reference, prediction = read_volume(files.reference), read_volume(files.prediction)
    assert reference.grid.shape == (512, 512, 300)
    assert reference.grid.spacing == pytest.approx((0.7, 0.7, 1.5))
    assert np.count_nonzero(reference.data == PANCREAS) * reference.grid.voxel_ml == pytest.approx(81, abs=0.5)
    # Balls of 40, 16 and 6 mm: 33.5, 2.1 and 0.1 mL.
    tumours = np.count_nonzero(reference.data == LESIONS) * reference.grid.voxel_ml
    assert tumours == pytest.approx(4 / 3 * np.pi * (20**3 + 8**3 + 3**3) / 1000, rel=0.01)
    assert not ((prediction.data == LESIONS) & (reference.data == LESIONS))[320:340, 230:250].any()


def test_a_difference_between_two_programs_is_found_and_named() -> None:
    found = compare({"dice": 0.5, "hd95_max": 2.0, "ours alone": 1}, {"dice": 0.5, "hd95_max": 2.5})
    assert (found.compared, found.worst, found.where) == (2, 0.2, "hd95_max")
    assert compare({"hd95_max": None}, {"hd95_max": 3.0}).worst == float("inf")
    assert compare({"hd95_max": 3.0}, {"hd95_max": float("nan")}).worst == float("inf")


def test_a_program_that_is_not_there_is_a_row_with_its_reason(tmp_path: Path) -> None:
    missing = measure(Job(module="peers.nobody", act="outline", files=NO_FILES), limit=60)
    assert missing.failure == "ModuleNotFoundError: No module named 'tests.benchmarks.peers.nobody'"
    situation = small_plan(tmp_path)[0]
    row = Row(situation=situation, program=situation.programs[1], measured=missing, ours=Measured(seconds=(1.0,)))
    assert row.cells[-1] == missing.failure
    assert row.agreement is None


def test_a_program_that_was_kept_waiting_is_told_of_under_the_tables(tmp_path: Path) -> None:
    situation = small_plan(tmp_path)[0]
    figures = Measured(seconds=(1.0, 1.0), cpu=(1.0, 0.7)), Measured(seconds=(1.0, 1.0), cpu=(1.0, 0.9))
    rows = [Row(situation=situation, program=situation.programs[1], measured=one, ours=one) for one in figures]
    assert "1 of 2 rows were kept waiting" in describe_machine(rows)
    assert "waiting" not in describe_machine(rows[1:])


def test_a_program_that_takes_too_long_is_stopped() -> None:
    assert measure(_of_this_file("sleep"), limit=2).failure == "stopped after 2 s"


def test_memory_is_what_a_run_needs_at_its_peak_beyond_what_the_process_held() -> None:
    found = measure(_of_this_file("take_two_hundred_megabytes"), limit=60)
    assert found.memory == pytest.approx(200e6, rel=0.1)
    assert len(found.seconds) == 3


def test_ours_is_the_first_program_of_every_situation(tmp_path: Path) -> None:
    assert {situation.programs[0].name for situation in small_plan(tmp_path)} == {OURS}


def _of_this_file(act: str) -> Job:
    return Job(module="test_scoring", act=act, files=NO_FILES, runs=3)


def take_two_hundred_megabytes(_: CaseFiles, __: int) -> Callable[[], Numbers]:
    held = np.ones(100_000_000, dtype=np.uint8)  # before the first run, so not the run's
    return lambda: {"sum": float(np.ones(200_000_000, dtype=np.uint8)[:: held.size].sum())}


def sleep(_: CaseFiles, __: int) -> Callable[[], Numbers]:
    def run() -> Numbers:
        time.sleep(60)
        return {}

    return run
