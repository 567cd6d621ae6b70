"""The PanTS layout with the quirks of the release: what is unclear is noted, never guessed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from evaluator.cohort import PantsImport, check_cohort, import_pants
from evaluator.errors import InputRefused, UsageError
from evaluator.records import Volume
from evaluator.volumes import read_volume, write_nifti
from tests.evaluator.cohort.folders import GRID, write_ct
from tests.phantoms import Box, make_volume

HEADER = ["\ufeffPanTS ID", "Shape", "spacing", "CT_phase", "sex", "age", "manufacturer", "manufacturer model"]
HEADER += ["study type", "study year", "site", "tumor?", "mood"]
ROWS: list[list[Any]] = [
    [
        "PanTS_00009001",
        "",
        "",
        "Portal-venous",
        "M ",
        61.0,
        "GE MEDICAL SYSTEMS",
        "LightSpeed",
        "",
        "2019, 2020",
        "",
        1,
        "",
    ],
    ["PanTS_00009002", "", "", "arterial phase", "", None, "Philips", "", "", 2018, "15 Sites", 0, ""],
    ["PanTS_00009003", "", "", "swirly", "F", "61, 62", "", "", "", "", "", 1, ""],  # flagged, nothing drawn
    ["PanTS_00009004", "", "", "non-contrast", "X", "061Y", "SIEMENS", "Force", "", "", "", "", ""],  # no flag
    ["PanTS_00009009", "", "", "", "", "", "", "", "", "", "", 0, ""],  # no image
    ["PanTS_00009001", "", "", "", "F", 20, "", "", "", "", "", 0, ""],  # again
    ["total", "", "", "", "", "", "", "", "", "", "", "", ""],
]
HEAD, TAIL, LESION = Box((2, 2, 1), (4, 4, 3)), Box((7, 7, 1), (3, 3, 3)), Box((3, 3, 2), (2, 2, 1))


def mask(labels: Path, name: str, *boxes: Box) -> None:
    labels.mkdir(parents=True, exist_ok=True)
    write_nifti(labels / f"{name}.nii.gz", make_volume(*boxes, grid=GRID))


@pytest.fixture
def release(tmp_path: Path) -> Path:
    root = tmp_path / "PanTS"
    for number in range(9001, 9006):
        case = f"PanTS_{number:08d}"
        write_ct(root / "ImageTe" / case / "ct.nii.gz", dtype=np.float32 if number == 9002 else np.int16)
        labels = root / "LabelTe" / case / "segmentations"
        mask(labels, "pancreas", HEAD, TAIL)
        mask(labels, "pancreas_head", HEAD)
        mask(labels, "pancreas_tail", TAIL)
        mask(labels, "pancreatic_lesion", *([LESION] if number in (9001, 9004) else []))
    scaled = make_volume(LESION, grid=GRID, dtype=np.float32)
    path = root / "LabelTe/PanTS_00009004/segmentations/pancreatic_lesion.nii.gz"
    write_nifti(path, Volume(scaled.data * np.float32(0.9999), GRID))
    (root / "ImageTe/PanTS_00009005/ct.nii.gz").write_bytes(b"not a volume")
    with (root / "metadata.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([HEADER, *ROWS])
    return root


def bring(release: Path, out: Path) -> PantsImport:
    return import_pants(release, out, hospital="pants-test", name="PanTS test set")


def noted(brought: PantsImport) -> str:
    return "\n".join(f"{note.where}: {note.what}" for note in brought.notes)


def test_the_import_is_a_sound_cohort(release: Path, tmp_path: Path) -> None:
    brought = bring(release, tmp_path / "out")
    assert (brought.cases, brought.positive) == (4, 3)
    check = check_cohort(tmp_path / "out")
    assert check.faults == ()
    assert check.cohort is not None
    records = {case.record.case[-4:]: case.record for case in check.cohort.cases}
    assert [(r.cancer, r.reference.value) for r in records.values()] == [
        (True, "mask"),
        (False, "mask"),
        (True, "diagnosis"),
        (True, "mask"),
    ]
    assert (records["9001"].sex, records["9001"].age, records["9001"].phase) == ("M", 61, "venous")
    assert (records["9001"].scanner, records["9004"].scanner) == ("GE LightSpeed", "Siemens Force")
    assert (records["9002"].sex, records["9002"].age, records["9002"].phase) == (None, None, "arterial")
    assert (records["9003"].age, records["9003"].phase) == (None, None)
    assert (records["9004"].sex, records["9004"].age, records["9004"].phase) == (None, 61, "non-contrast")
    assert records["9001"].slice_thickness_mm == 3.0


def test_organ_masks_become_one_label_map(release: Path, tmp_path: Path) -> None:
    bring(release, tmp_path / "out")
    cohort = check_cohort(tmp_path / "out").cohort
    assert cohort is not None
    organs = cohort.cases[0].organs
    assert organs is not None
    labels, voxels = np.unique(read_volume(organs).data, return_counts=True)
    found = {cohort.organ_names[label]: count for label, count in zip(labels.tolist(), voxels, strict=True) if label}
    assert found == {"pancreas_head": HEAD.voxels, "pancreas_tail": TAIL.voxels}


def test_what_was_not_understood_is_noted(release: Path, tmp_path: Path) -> None:
    notes = noted(bring(release, tmp_path / "out"))
    for part in (
        "column 'mood' is not known",
        "metadata.csv row 7: PanTS_00009001 is there already",
        "metadata.csv row 8: 'total' is not a PanTS case",
        "PanTS_00009009: is in the metadata but has no image",
        "PanTS_00009003: is flagged as tumour, but no lesion is drawn",
        "PanTS_00009003: age '61, 62' is not understood",
        "PanTS_00009003: phase 'swirly' is not understood",
        "PanTS_00009004: sex 'X' is not understood",
        "PanTS_00009004: has no tumour flag; the mask decides",
        "PanTS_00009005: is left out",
    ):
        assert part in notes
    assert "study year" not in notes


def test_whole_images_are_linked_and_floats_rewritten(release: Path, tmp_path: Path) -> None:
    bring(release, tmp_path / "out")
    theirs = release / "ImageTe/PanTS_00009001/ct.nii.gz"
    assert theirs.samefile(tmp_path / "out/images/PanTS_00009001/ct.nii.gz")
    assert read_volume(tmp_path / "out/images/PanTS_00009002/ct.nii.gz").data.dtype == np.int16


def test_the_spreadsheet_is_read_like_its_copy(release: Path, tmp_path: Path) -> None:
    bring(release, tmp_path / "from-csv")
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in [HEADER, *ROWS]:
        sheet.append(row)
    book.save(release / "metadata.xlsx")
    bring(release, tmp_path / "from-xlsx")
    tables = [(tmp_path / name / "cases.csv").read_bytes() for name in ("from-csv", "from-xlsx")]
    assert tables[0] == tables[1]


def test_without_metadata_the_masks_decide(release: Path, tmp_path: Path) -> None:
    (release / "metadata.csv").unlink()
    brought = bring(release, tmp_path / "out")
    assert (brought.cases, brought.positive) == (4, 2)
    assert "has no metadata.xlsx or metadata.csv" in noted(brought)


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="holds no ImageTe"):
        bring(tmp_path, tmp_path / "out")


def test_a_full_target_is_left_alone(release: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not empty"):
        bring(release, tmp_path)
