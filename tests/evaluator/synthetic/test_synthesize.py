"""Cohorts on disk: sound, the same bytes each time, finished after an interruption, never over something else."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator.cohort import read_cohort
from evaluator.errors import UsageError
from evaluator.synthetic import Order, is_finished, synthesize
from evaluator.volumes import read_volume

SMALL = {"hospitals": 1, "cases": 4, "seed": 11}
COARSE = 4.0


def make(out: Path, *, workers: int = 1, progress: Callable[[], object] | None = None) -> list[Path]:
    return synthesize(out, **SMALL, coarseness=COARSE, workers=workers, progress=progress)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synthetic") / "cohorts"
    make(out)
    return out


def test_each_hospital_is_a_sound_frozen_cohort_and_a_sample_lies_beside(made: Path) -> None:
    paths = make(made)
    assert [path.name for path in paths] == ["northgate", "sample"]
    cohorts = [read_cohort(path) for path in paths]
    assert [len(cohort.cases) for cohort in cohorts] == [4, 4]
    assert len({cohort.fingerprint for cohort in cohorts}) == 2
    for cohort in cohorts:
        assert (cohort.path / "manifest.json").is_file()
        assert {"pancreas_head", "pancreas_body", "pancreas_tail"} <= set(cohort.organ_names.values())
        assert {case.record.cancer for case in cohort.cases} == {True, False}


def test_lesions_lie_in_the_pancreas_of_patients_with_cancer(made: Path) -> None:
    for name in ("northgate", "sample"):
        cohort = read_cohort(made / name)
        pancreas = [number for number, organ in cohort.organ_names.items() if organ.startswith("pancreas")]
        for case in cohort.cases:
            assert case.organs is not None
            if case.reference is None:
                continue
            lesions = read_volume(case.reference).data
            assert bool(lesions.any()) == case.record.cancer
            organs = read_volume(case.organs).data[lesions > 0]
            assert set(organs.tolist()) <= set(pancreas)


def test_the_same_numbers_give_the_same_bytes_with_any_number_of_processes(made: Path, tmp_path: Path) -> None:
    seen: list[int] = []
    make(tmp_path / "again", workers=2, progress=lambda: seen.append(1))
    assert len(seen) == 4 + 4
    assert digests(tmp_path / "again") == digests(made)


def test_an_interrupted_one_is_finished(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "cohorts"
    shutil.copytree(made, out)
    mark = out / "synthesis.json"
    mark.write_text(mark.read_text().replace("true", "false"))
    case = sorted((out / "northgate/images").iterdir())[0]
    (case / "ct.nii.gz").unlink()
    (out / "northgate/manifest.json").unlink()
    make(out)
    assert digests(out) == digests(made)


def test_a_finished_one_is_left_alone(made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    make(made)
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before
    assert is_finished(made, Order(hospitals=1, cases=4, seed=11, coarseness=COARSE))


def test_other_numbers_are_refused(made: Path) -> None:
    with pytest.raises(UsageError, match="cohorts of other numbers") as caught:
        synthesize(made, hospitals=1, cases=6, seed=11, coarseness=COARSE)
    assert "seed 11" in caught.value.why


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("do not lose")
    with pytest.raises(UsageError, match="is not empty"):
        make(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["thesis.txt"]
