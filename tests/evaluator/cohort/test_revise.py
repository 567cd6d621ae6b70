"""The next version of a cohort: what was accepted is in it, and the frozen one is byte for byte as it was."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluator.cohort import (
    DRAFT,
    Addition,
    Cohort,
    Draft,
    check_cohort,
    read_cohort,
    read_draft,
    read_revision,
    write_next_version,
)
from evaluator.errors import CohortChanged, CohortRefused, InputRefused, UsageError
from evaluator.records import TruthSource, Volume
from evaluator.results import dump
from evaluator.scoring import describe_reference
from evaluator.volumes import read_volume, write_nifti
from tests.evaluator.cli.shell import call
from tests.tiny_cohorts import GRID, write_tiny_cohort

AWAY = (32.0, 32.0, 16.0)  # voxel 16, 16, 8: no lesion is near
SIZE = 0.3  # mL


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    return write_tiny_cohort(tmp_path / "frozen", cases=4)


def addition(number: int = 7, *, case: str = "case00", centre: tuple[float, float, float] = AWAY) -> Addition:
    return Addition(number=number, case=case, centre_mm=centre, volume_ml=SIZE)


def draft_of(cohort: Cohort, *additions: Addition) -> Draft:
    return Draft(
        schema=DRAFT,
        hospital=cohort.hospital,
        name=cohort.name,
        version=cohort.version,
        fingerprint=cohort.fingerprint,
        additions=additions,
    )


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "data")


def lesions(folder: Path, case: str) -> Volume:
    return read_volume(folder / "references" / case / "lesions.nii.gz")


def draw_mask(path: Path, *voxel: tuple[int, int, int]) -> None:
    mask = np.zeros(GRID.shape, dtype=np.uint8, order="F")
    mask[tuple(np.transpose(voxel))] = 1
    path.parent.mkdir(exist_ok=True)
    write_nifti(path, Volume(mask, GRID))


def test_a_lesion_without_a_mask_is_a_ball_beside_the_old_one_and_provisional(cohort: Cohort, tmp_path: Path) -> None:
    before = content(cohort.path)
    out = tmp_path / "next"
    revision = write_next_version(cohort, draft_of(cohort, addition()), out, version="2")
    assert content(cohort.path) == before
    assert read_cohort(cohort.path).fingerprint == cohort.fingerprint
    following = read_cohort(out)
    assert (following.version, following.name, following.hospital) == ("2", cohort.name, cohort.hospital)
    assert following.fingerprint != cohort.fingerprint
    [one] = revision.added
    assert (one.number, one.case, one.lesion, one.outline, one.was_negative) == (7, "case00", 2, "provisional", False)
    assert read_revision(out) == revision
    assert revision.fingerprint == cohort.fingerprint
    assert read_revision(cohort.path) is None
    old, new = describe_reference(lesions(out, "case00"))
    assert old.centre_mm == (19.0, 19.0, 11.0)
    assert new.centre_mm == pytest.approx(AWAY, abs=0.1)
    assert new.volume_ml == pytest.approx(SIZE, rel=0.15)


def test_what_was_drawn_is_taken_as_it_is_drawn(cohort: Cohort, tmp_path: Path) -> None:
    draw_mask(tmp_path / "masks" / "7.nii.gz", (16, 16, 8), (17, 16, 8))
    revision = write_next_version(
        cohort, draft_of(cohort, addition()), tmp_path / "next", version="2", masks=tmp_path / "masks"
    )
    assert [one.outline for one in revision.added] == ["drawn"]
    assert revision.provisional == 0
    assert np.argwhere(lesions(tmp_path / "next", "case00").data == 2).tolist() == [[16, 16, 8], [17, 16, 8]]


def test_a_patient_without_cancer_becomes_one_with_cancer(cohort: Cohort, tmp_path: Path) -> None:
    out = tmp_path / "next"
    revision = write_next_version(cohort, draft_of(cohort, addition(case="case01")), out, version="2")
    assert [(one.lesion, one.was_negative) for one in revision.added] == [(1, True)]
    was = {case.record.case: case.record for case in cohort.cases}
    now = {case.record.case: case.record for case in read_cohort(out).cases}
    assert now["case01"] == replace(was["case01"], cancer=True, reference=TruthSource.MASK)
    assert {name: now[name] for name in ("case00", "case02", "case03")} == {
        name: was[name] for name in ("case00", "case02", "case03")
    }


def test_lesions_that_shared_one_label_stay_as_many_as_they_were(cohort: Cohort, tmp_path: Path) -> None:
    """Beside a second label, a first one for two separate lesions would be one lesion."""
    folder = cohort.path
    both = np.asarray(lesions(folder, "case00").data).copy(order="F")
    both[2:4, 2:4, 2:4] = 1
    write_nifti(folder / "references/case00/lesions.nii.gz", Volume(both, GRID))
    (folder / "manifest.json").unlink()
    changed = read_cohort(folder)
    write_next_version(changed, draft_of(changed, addition()), tmp_path / "next", version="2")
    assert len(describe_reference(lesions(tmp_path / "next", "case00"))) == 3


def test_what_is_drawn_already_stays_where_a_new_lesion_touches_it(cohort: Cohort, tmp_path: Path) -> None:
    beside = addition(centre=(25.0, 19.0, 11.0))  # the cube ends at voxel 11, 22 mm
    write_next_version(cohort, draft_of(cohort, beside), tmp_path / "next", version="2")
    was, now = lesions(cohort.path, "case00").data, lesions(tmp_path / "next", "case00").data
    assert (now[was == 1] == 1).all()
    assert (now == 2).any()


def test_the_other_scans_of_a_patient_become_scans_of_a_patient_with_cancer(tmp_path: Path) -> None:
    folder = tmp_path / "frozen"
    write_tiny_cohort(folder, cases=4)
    table = folder / "cases.csv"
    # case03 becomes a second scan of the patient of case01, with an empty mask.
    table.write_text(table.read_text().replace("case03,patient03,0,1", "case03,patient01,0,0"))
    empty = np.zeros(GRID.shape, dtype=np.uint8, order="F")
    (folder / "references/case03").mkdir()
    write_nifti(folder / "references/case03/lesions.nii.gz", Volume(empty, GRID))
    (folder / "manifest.json").unlink()
    cohort = read_cohort(folder)
    write_next_version(cohort, draft_of(cohort, addition(case="case01")), tmp_path / "next", version="2")
    now = {case.record.case: case.record for case in read_cohort(tmp_path / "next").cases}
    assert (now["case03"].cancer, now["case03"].reference, now["case03"].index_scan) == (
        True,
        TruthSource.DIAGNOSIS,
        False,
    )


def test_what_must_be_drawn_is_named_and_nothing_is_written(cohort: Cohort, tmp_path: Path) -> None:
    must = [replace(addition(number, case=case), must_be_drawn=True) for number, case in ((7, "case00"), (8, "case01"))]
    draw_mask(tmp_path / "masks" / "8.nii.gz", (16, 16, 8))
    with pytest.raises(CohortRefused) as refused:
        write_next_version(cohort, draft_of(cohort, *must), tmp_path / "next", version="2", masks=tmp_path / "masks")
    assert [fault.where for fault in refused.value.faults] == ["case case00, suspect 7"]
    assert written(tmp_path) == ["frozen", "masks"]


@pytest.mark.parametrize("place", [(-400.0, 0.0, 0.0), (19.0, 19.0, 11.0)])
def test_a_lesion_outside_the_scan_or_on_another_one_is_refused(
    cohort: Cohort, tmp_path: Path, place: tuple[float, float, float]
) -> None:
    small = replace(addition(centre=place), volume_ml=0.01)
    with pytest.raises(CohortRefused) as refused:
        write_next_version(cohort, draft_of(cohort, small), tmp_path / "next", version="2")
    assert "none of them free" in refused.value.faults[0].why
    assert written(tmp_path) == ["frozen"]


def test_a_mask_on_another_grid_is_refused(cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    write_nifti(tmp_path / "masks" / "7.nii.gz", Volume(np.ones((3, 3, 3), dtype=np.uint8), GRID))
    with pytest.raises(CohortRefused) as refused:
        write_next_version(
            cohort, draft_of(cohort, addition()), tmp_path / "next", version="2", masks=tmp_path / "masks"
        )
    assert "grid" in refused.value.faults[0].what


def test_drafts_and_folders_that_do_not_belong_together_are_refused(cohort: Cohort, tmp_path: Path) -> None:
    right = draft_of(cohort, addition())
    with pytest.raises(CohortChanged, match="another version"):
        write_next_version(cohort, replace(right, fingerprint="sha256:0"), tmp_path / "next", version="2")
    with pytest.raises(UsageError, match="name of its own"):
        write_next_version(cohort, right, tmp_path / "next", version="1")
    with pytest.raises(UsageError, match="is there already"):
        write_next_version(cohort, right, cohort.path, version="2")
    with pytest.raises(UsageError, match="does not have: case99"):
        write_next_version(cohort, draft_of(cohort, addition(case="case99")), tmp_path / "next", version="2")
    with pytest.raises(UsageError, match="adds nothing"):
        write_next_version(cohort, draft_of(cohort), tmp_path / "next", version="2")
    (cohort.path / "images/case03/ct.nii.gz").write_bytes(b"another scan")
    with pytest.raises(CohortChanged):
        write_next_version(cohort, right, tmp_path / "next", version="2")


def test_a_program_that_draws_in_the_new_version_cannot_reach_the_frozen_one(cohort: Cohort, tmp_path: Path) -> None:
    before = content(cohort.path)
    write_next_version(cohort, draft_of(cohort, addition()), tmp_path / "next", version="2")
    for path in (tmp_path / "next/references").rglob("*.nii.gz"):
        with path.open("r+b") as file:
            file.write(b"drawn over")
    assert content(cohort.path) == before


def test_the_command_writes_a_version_that_can_be_checked(cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "draft.json").write_bytes(dump(draft_of(cohort, addition())))
    arguments: list[str | Path] = [cohort.path, tmp_path / "draft.json", tmp_path / "next", "--version", "2"]
    done = call("cohort", "revise", *arguments)
    assert done.code == 0, done.err
    assert "provisional" in done.out
    assert check_cohort(tmp_path / "next").faults == ()


def test_what_is_no_draft_is_refused(tmp_path: Path) -> None:
    for text in ("{}", "no json", '{"schema": "cohort-draft/9"}'):
        (tmp_path / "draft.json").write_text(text)
        with pytest.raises(InputRefused):
            read_draft(tmp_path / "draft.json")
    with pytest.raises(InputRefused):
        read_draft(tmp_path / "nowhere.json")
