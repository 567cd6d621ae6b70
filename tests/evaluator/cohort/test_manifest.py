"""Files are bound to their case: whatever changes, the fingerprint does, and a frozen cohort refuses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from evaluator.cohort import Cohort, check_cohort, read_cohort, verify, write_manifest
from evaluator.errors import CohortChanged, CohortRefused, FailureClass
from tests.evaluator.cohort.folders import ROWS, write_cohort, write_ct


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cohort(tmp_path / "lakeside")


def checked(folder: Path) -> Cohort:
    cohort = check_cohort(folder).cohort
    assert cohort is not None
    return cohort


def swap(folder: Path, one: str, other: str) -> None:
    first, second = folder / one, folder / other
    held = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(held)


def _swap_references(folder: Path) -> None:
    swap(folder, "references/A1/lesions.nii.gz", "references/A2/lesions.nii.gz")


CHANGES: dict[str, Callable[[Path], object]] = {
    "swapped references": _swap_references,
    "swapped images": lambda folder: swap(folder, "images/A1/ct.nii.gz", "images/B1/ct.nii.gz"),
    "another organ map": lambda folder: (folder / "references/A1/organs.nii.gz").unlink(),
    "another row": lambda folder: (folder / "cases.csv").write_text(ROWS.replace("F,66", "F,67")),
    "another organ name": lambda folder: (folder / "cohort.json").write_text(
        (folder / "cohort.json").read_text().replace("pancreas_head", "pancreas_tail")
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_change_changes_the_fingerprint_and_is_refused_once_frozen(
    folder: Path, change: Callable[[Path], object]
) -> None:
    before = checked(folder)
    write_manifest(before)
    assert read_cohort(folder) == before
    change(folder)
    after = check_cohort(folder)
    assert after.cohort is None
    assert "was frozen with other content" in after.faults[0].what
    with pytest.raises(CohortRefused) as caught:
        read_cohort(folder)
    assert caught.value.faults
    (folder / "manifest.json").unlink()
    assert checked(folder).fingerprint != before.fingerprint


def test_the_order_of_rows_does_not_matter(folder: Path) -> None:
    before = checked(folder)
    header, *rows = ROWS.splitlines()
    (folder / "cases.csv").write_text("\n".join([header, *reversed(rows)]))
    assert checked(folder).fingerprint == before.fingerprint


def test_verify_finds_what_changed_after_reading(folder: Path) -> None:
    cohort = checked(folder)
    seen: list[object] = []
    verify(cohort, progress=lambda: seen.append(1))
    assert len(seen) == 3
    write_ct(folder / "images/B1/ct.nii.gz", fill=99)
    with pytest.raises(CohortChanged, match="images/B1/ct") as caught:
        verify(cohort)
    assert caught.value.failure is FailureClass.COHORT_CHANGED
    (folder / "images/B1/ct.nii.gz").unlink()
    with pytest.raises(CohortChanged, match="images/B1/ct"):
        verify(cohort)


def test_a_manifest_binds_digests_to_cases(folder: Path) -> None:
    cohort = checked(folder)
    write_manifest(cohort)
    manifest = msgspec.json.decode((folder / "manifest.json").read_bytes())
    assert manifest["fingerprint"] == cohort.fingerprint
    assert manifest["cases"]["A1"]["lesions"] == cohort.cases[0].reference_sha256
    assert set(manifest["cases"]) == {"A1", "A2", "B1"}


def test_a_new_version_may_have_other_content(folder: Path) -> None:
    write_manifest(checked(folder))
    _swap_references(folder)
    header = folder / "cohort.json"
    header.write_text(header.read_text().replace('"version": "1"', '"version": "2"'))
    assert check_cohort(folder).warnings == ()


def test_a_row_that_was_not_frozen_is_refused(folder: Path) -> None:
    write_manifest(checked(folder))
    (folder / "cases.csv").write_text("\n".join(ROWS.splitlines()[:-1]))
    with pytest.raises(CohortRefused) as caught:
        read_cohort(folder)
    assert [fault.where for fault in caught.value.faults] == ["case B1"]


def test_a_broken_manifest_is_refused_by_name(folder: Path) -> None:
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(CohortRefused, match="is not a manifest"):
        read_cohort(folder)
    assert check_cohort(folder).cohort is not None
