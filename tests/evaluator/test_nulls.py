"""Null submissions: scored like any other on the cohort itself, with the numbers that a person can count."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evaluator import results
from evaluator.cohort import CohortHeader, read_cohort, write_header, write_manifest
from evaluator.errors import HospitalFault
from evaluator.pipeline import Null, null_results
from evaluator.records import Volume
from evaluator.report import make_report
from evaluator.statistics.block import Block
from evaluator.volumes import write_nifti
from tests.evaluator.cli.shell import call
from tests.tiny_cohorts import GRID, write_tiny_cohort

CUBE = (slice(8, 12), slice(8, 12), slice(4, 8))


def block(found: dict[Null, results.Results], kind: Null) -> Block:
    return make_report([found[kind]], prevalences=[0.04]).models[0].overall


def with_organ(path: Path, *, cases: int = 6) -> Path:
    """Where there is a tumour, the pancreas is its cube and a slab as thick beside it; the rest has none."""
    write_tiny_cohort(path, cases=cases)
    organs = np.zeros(GRID.shape, dtype=np.uint8, order="F")
    organs[CUBE] = 1
    organs[12:16, 8:12, 4:8] = 2
    organs[16:18] = 3
    for number in range(0, cases, 2):
        write_nifti(path / "references" / f"case{number:02}" / "organs.nii.gz", Volume(organs, GRID))
    names = {"1": "pancreas_head", "2": "pancreas", "3": "pancreatic_duct"}
    write_header(path, CohortHeader(schema="cohort/1", hospital="lakeside", name="tiny", version="1", organs=names))
    (path / "manifest.json").unlink(missing_ok=True)
    write_manifest(read_cohort(path))
    return path


def test_each_says_what_it_says_of_every_patient(tmp_path: Path) -> None:
    found = null_results(read_cohort(with_organ(tmp_path / "c")), organ="pancreas")
    assert list(found) == list(Null)
    negative, positive = block(found, Null.ALL_NEGATIVE), block(found, Null.ALL_POSITIVE)
    assert (negative.sensitivity["all"].k, negative.sensitivity["all"].n) == (0, 3)
    assert (negative.specificity.k, negative.specificity.n) == (3, 3)
    assert (positive.sensitivity["all"].k, positive.specificity.k) == (3, 0)
    assert (positive.t_sen["all"].k, positive.t_sen["all"].n) == (0, 3)  # it marks nothing
    assert negative.auc.value == positive.auc.value == 0.5


def test_the_whole_organ_is_one_finding_and_hits_what_it_covers(tmp_path: Path) -> None:
    whole = block(null_results(read_cohort(with_organ(tmp_path / "c")), organ="pancreas"), Null.WHOLE_ORGAN)
    # 64 voxels of tumour in an organ of 128: Dice 2·64/192, IoU 0.5, a hit; the duct is another organ.
    assert whole.dsc.value == pytest.approx(2 / 3)
    assert (whole.t_sen["all"].k, whole.t_sen["all"].n) == (3, 3)
    assert (whole.sensitivity["all"].k, whole.specificity.k) == (3, 0)


def test_a_cohort_without_the_organ_has_no_such_submission(tmp_path: Path) -> None:
    found = null_results(write_tiny_cohort(tmp_path / "c", cases=4), organ="pancreas")
    assert Null.WHOLE_ORGAN not in found
    assert len(found) == 3


def test_the_random_one_draws_the_same_on_the_same_cohort_and_about_half(tmp_path: Path) -> None:
    cohort = write_tiny_cohort(tmp_path / "c", cases=40)
    once, again = (
        [case.likelihood for case in null_results(cohort, organ="liver")[Null.RANDOM].cohorts[0].cases]
        for _ in range(2)
    )
    assert once == again
    assert len(set(once)) == 40
    assert 10 <= sum(one is not None and one > 0.5 for one in once) <= 30


def test_a_reference_that_is_gone_is_the_hospitals_fault(tmp_path: Path) -> None:
    cohort = write_tiny_cohort(tmp_path / "c", cases=2)
    assert cohort.cases[0].reference is not None
    cohort.cases[0].reference.unlink()
    with pytest.raises(HospitalFault, match="case00 cannot be read"):
        null_results(cohort, organ="pancreas")


def test_the_command_writes_a_results_file_for_each(tmp_path: Path) -> None:
    folder = with_organ(tmp_path / "c")
    called = call("nulls", folder, "--out", tmp_path / "nulls", "--json")
    assert called.code == 0, called.err
    told = json.loads(called.out)["nulls"]
    assert told["all-negative"]["specificity"]["k"] == 3
    assert sorted(path.stem for path in (tmp_path / "nulls").iterdir()) == sorted(Null)
    assert results.read(tmp_path / "nulls" / "random.json").submission.image == "null/1"
    again = call("nulls", folder, "--out", tmp_path / "nulls")
    assert again.code == 2
    assert "there already" in again.err
