"""Every fault of a folder is reported, in one pass, with its file or row."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluator.cohort import check_cohort, read_cohort
from evaluator.errors import CohortRefused
from evaluator.records import Volume
from evaluator.volumes import write_nifti
from tests.evaluator.cohort.folders import GRID, LESION, ROWS, write_cohort, write_ct, write_mask
from tests.phantoms import Box, make_grid, make_volume


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cohort(tmp_path / "lakeside")


def faults(folder: Path) -> list[str]:
    return [f"{fault.where}: {fault.what} {fault.why}" for fault in check_cohort(folder).faults]


def test_a_sound_cohort_is_read_and_counted(folder: Path) -> None:
    check = check_cohort(folder)
    assert check.faults == ()
    assert check.warnings == ()
    assert check.cohort is not None
    assert [case.record.index_scan for case in check.cohort.cases] == [True, False, True]
    assert check.cohort.cases[0].record.age == 66
    assert check.cohort.cases[2].record.lead_time_months is None
    assert check.counts is not None
    assert (check.counts.patients, check.counts.positive, check.counts.negative, check.counts.scans) == (2, 1, 1, 3)
    assert check.counts.lesions == {"le10": 1, "gt10_le20": 0, "gt20_le40": 0, "gt40": 0}
    assert check.counts.phases == {"arterial": 1, "venous": 2}
    assert check.counts.before_diagnosis == 1


def test_a_byte_order_mark_and_blank_lines_are_tolerated(folder: Path) -> None:
    before = check_cohort(folder).cohort
    (folder / "cases.csv").write_bytes(b"\xef\xbb\xbf" + ROWS.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    after = check_cohort(folder).cohort
    assert before is not None
    assert after is not None
    assert after.fingerprint == before.fingerprint


def _append(line: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "cases.csv").write_text(ROWS + line + "\n", encoding="utf-8")


def _replace(old: str, new: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "cases.csv").write_text(ROWS.replace(old, new), encoding="utf-8")


def _remove(place: str) -> Callable[[Path], object]:
    return lambda folder: (folder / place).unlink()


def _lesions(case: str, *boxes: Box) -> Callable[[Path], object]:
    return lambda folder: write_mask(folder / "references" / case / "lesions.nii.gz", *boxes)


def _ct(**changes: float) -> Callable[[Path], object]:
    return lambda folder: write_ct(folder / "images/A1/ct.nii.gz", dtype=np.float32, **changes)


def _truncate(folder: Path) -> None:
    path = folder / "images/A1/ct.nii.gz"
    path.write_bytes(path.read_bytes()[:-20])


def _damage(folder: Path) -> None:
    path = folder / "references/A1/lesions.nii.gz"
    packed = bytearray(path.read_bytes())
    packed[-6] ^= 0xFF  # in the checksum
    path.write_bytes(bytes(packed))


def _not_gzip(folder: Path) -> None:
    path = folder / "images/A1/ct.nii.gz"
    path.write_bytes(gzip.decompress(path.read_bytes()))


def _other_grid(folder: Path) -> None:
    moved = make_grid(GRID.shape, GRID.spacing, (0.0, 0.0, 0.01))
    write_nifti(folder / "references/A1/lesions.nii.gz", make_volume(LESION, grid=moved))


def _fraction(folder: Path) -> None:
    mask = make_volume(LESION, grid=GRID, dtype=np.float32)
    write_nifti(folder / "references/A1/lesions.nii.gz", Volume(mask.data * 0.5, GRID))


def _extra_folder(folder: Path) -> None:
    shutil.copytree(folder / "images/A1", folder / "images/A9")


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no header": (_remove("cohort.json"), "cohort.json: is missing"),
    "header not JSON": (lambda f: (f / "cohort.json").write_text("{"), "cohort.json: is not a cohort header"),
    "no table": (_remove("cases.csv"), "cases.csv: is missing"),
    "table not UTF-8": (lambda f: (f / "cases.csv").write_bytes(b"case\xff"), "cases.csv: is not UTF-8"),
    "semicolons": (
        lambda f: (f / "cases.csv").write_text(ROWS.replace(",", ";")),
        "cases.csv: has one column It was saved with semicolons",
    ),
    "no column": (_replace("case,patient", "name,patient"), "cases.csv: has no column 'case'"),
    "column twice": (_replace("sex,age", "age,age"), "cases.csv: has the column 'age' twice"),
    "no rows": (lambda f: (f / "cases.csv").write_text(ROWS.splitlines()[0]), "cases.csv: has no rows"),
    "a cell too many": (_replace("14\n", "14,9\n"), "cases.csv row 3: has 11 cells, the header has 10"),
    "duplicate case": (
        _append("A1,P1,1,0,F,66,venous,Boreal 64,3,20"),
        "cases.csv row 5, column case: case 'A1' is there already, in row 2",
    ),
    "case differing in case": (
        _append("b1,P3,0,1,,,,,,"),
        "cases.csv row 5, column case: case 'b1' differs from 'B1' only in case, in row 4",
    ),
    "path in a case": (_append("../B1,P3,0,1,,,,,,"), "cases.csv row 5, column case: '../B1' is not a name"),
    "no patient": (_replace("A2,P1", "A2,"), "cases.csv row 3, column patient: '' is not a name"),
    "cancer unclear": (_replace("B1,P2,0", "B1,P2,maybe"), "row 4, column cancer: 'maybe' is neither 1 nor 0"),
    "cancer blank": (_replace("B1,P2,0", "B1,P2,"), "cases.csv row 4, column cancer: is blank"),
    "negative age": (_replace(",58,", ",-58,"), "row 4, column age: '-58' is not a number from 0 to 125"),
    "age no number": (_replace(",58,", ",NaN,"), "row 4, column age: 'NaN' is not a number"),
    "sex unknown": (_replace(",M,", ",Z,"), "row 4, column sex: 'Z' is not one of"),
    "slices of 0 mm": (_replace("16,3,", "16,0,"), "row 4, column slice_thickness_mm: '0' is not a number"),
    "lead time without cancer": (
        _replace("16,3,", "16,3,7"),
        "lead_time_months: is given for a patient without cancer",
    ),
    "both truths": (_replace("A2,P1,1,0", "A2,P1,0,0"), "row 2, 3: patient P1 is both with and without cancer"),
    "no index scan": (_replace("A1,P1,1,1", "A1,P1,1,0"), "row 2, 3: patient P1 has no index scans"),
    "two index scans": (_replace("A2,P1,1,0", "A2,P1,1,1"), "row 2, 3: patient P1 has 2 index scans"),
    "index scan after diagnosis": (_replace("3,0.5", "3,-4"), "patient P1 has an index scan from after the diagnosis"),
    "no image": (_remove("images/B1/ct.nii.gz"), "images/B1/ct.nii.gz: is missing"),
    "no reference": (
        lambda f: (
            _replace("index_scan,sex", "reference,sex")(f),
            (f / "cases.csv").write_text(
                (f / "cases.csv")
                .read_text()
                .replace("P1,1,1", "P1,1,mask")
                .replace("P1,1,0", "P1,1,diagnosis")
                .replace("P2,0,1", "P2,0,")
            ),
            _remove("references/A1/lesions.nii.gz")(f),
        ),
        "references/A1/lesions.nii.gz: is missing, but the row says reference is mask",
    ),
    "folder without a row": (_extra_folder, "images/A9: has no row in cases.csv"),
    "file without a meaning": (
        lambda f: (f / "references/A1/lesion.nii.gz").write_bytes(b""),
        "references/A1/lesion.nii.gz: is not part of a case",
    ),
    "truncated image": (_truncate, "images/A1/ct.nii.gz: it cannot be read as a volume"),
    "damaged mask": (_damage, "references/A1/lesions.nii.gz: it cannot be read as a volume"),
    "not gzip": (_not_gzip, "images/A1/ct.nii.gz: it cannot be read as a volume"),
    "other grid": (_other_grid, "references/A1/lesions.nii.gz: lesions.nii.gz does not lie on the expected grid"),
    "fractions of HU": (_ct(fill=40.5), "images/A1/ct.nii.gz: does not hold whole Hounsfield units"),
    "no air": (_ct(air=0), "images/A1/ct.nii.gz: does not hold Hounsfield units of a body"),
    "not finite": (_ct(air=float("nan")), "images/A1/ct.nii.gz: holds values that are not finite"),
    "fractional mask": (_fraction, "references/A1/lesions.nii.gz: holds values that are not whole numbers"),
    "cancer without a lesion": (_lesions("A1"), "references/A1/lesions.nii.gz: holds no lesion"),
    "a lesion without cancer": (_lesions("B1", LESION), "references/B1/lesions.nii.gz: holds a lesion, but"),
    "unnamed organ": (
        lambda f: write_mask(f / "references/A1/organs.nii.gz", Box((0, 0, 0), (2, 2, 2), 7)),
        "references/A1/organs.nii.gz: holds organ numbers that cohort.json does not name: [7]",
    ),
}


@pytest.mark.parametrize(("spoil", "expected"), FAULTS.values(), ids=list(FAULTS))
def test_a_fault_is_named_with_its_place(folder: Path, spoil: Callable[[Path], object], expected: str) -> None:
    spoil(folder)
    found = faults(folder)
    assert any(expected in fault for fault in found), found
    assert check_cohort(folder).cohort is None


def test_many_faults_are_reported_in_one_pass(folder: Path) -> None:
    (folder / "cases.csv").write_text(
        ROWS.replace(",58,", ",old,").replace("A2,P1,1,0", "A2,P1,1,1").replace("phase", "Phase of moon")
        + "C/1,P3,1,1,,,,,,\n"
    )
    _truncate(folder)
    _lesions("A2")(folder)
    _extra_folder(folder)
    found = "\n".join(faults(folder))
    for part in ("'old' is not a number", "2 index scans", "'C/1' is not a name", "A1/ct.nii.gz", "A2/lesions", "A9"):
        assert part in found


def test_an_unknown_column_is_a_warning(folder: Path) -> None:
    _replace("scanner", "vendor")(folder)
    check = check_cohort(folder)
    assert check.cohort is not None
    assert [warning.what for warning in check.warnings] == ["column 'vendor' is not known and is not read"]


def test_a_negative_patient_needs_no_mask_and_a_cancer_may_have_only_its_diagnosis(folder: Path) -> None:
    _remove("references/B1/lesions.nii.gz")(folder)
    _remove("references/A2/lesions.nii.gz")(folder)
    check = check_cohort(folder)
    assert check.cohort is not None
    assert [case.record.reference.value for case in check.cohort.cases] == ["mask", "diagnosis", "diagnosis"]
    assert check.cohort.cases[2].reference is None


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CohortRefused, match="is not a folder"):
        read_cohort(tmp_path / "nowhere")


def test_reading_a_faulty_cohort_raises_every_fault(folder: Path) -> None:
    _remove("images/B1/ct.nii.gz")(folder)
    _lesions("A1")(folder)
    with pytest.raises(CohortRefused) as caught:
        read_cohort(folder)
    assert len(caught.value.faults) == 2
