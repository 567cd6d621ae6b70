"""``cohort check`` and ``cohort import-pants`` as they are called from a shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.evaluator.cli.shell import call
from tests.evaluator.cohort.folders import write_cohort, write_ct, write_mask
from tests.phantoms import Box


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cohort(tmp_path / "lakeside")


def test_a_sound_cohort_is_counted_and_frozen(folder: Path) -> None:
    done = call("cohort", "check", folder, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert (found["schema"], found["ok"], found["faults"]) == ("cohort-check/1", True, [])
    assert found["counts"]["patients"] == 2
    assert found["counts"]["lesions"]["le10"] == 1
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["fingerprint"] == found["fingerprint"]


def test_people_see_counts_and_the_fingerprint(folder: Path) -> None:
    done = call("cohort", "check", folder)
    assert done.code == 0
    for part in ("Lakeside, version 1", "with cancer", "gt10_le20", "Boreal 64", "sha256:"):
        assert part in done.out


def test_faults_are_a_table_and_exit_code_3_and_nothing_is_frozen(folder: Path) -> None:
    (folder / "images/A1/ct.nii.gz").unlink()
    write_mask(folder / "references/B1/lesions.nii.gz", Box((1, 1, 1), (2, 2, 2)))
    done = call("cohort", "check", folder)
    assert done.code == 3
    assert "2 faults" in done.err
    assert "is missing" in done.out
    assert not (folder / "manifest.json").exists()
    found = json.loads(call("cohort", "check", folder, "--json").out)
    assert (found["ok"], found["fingerprint"], found["counts"]) == (False, None, None)
    assert [fault["where"] for fault in found["faults"]] == ["images/A1/ct.nii.gz", "references/B1/lesions.nii.gz"]


def test_a_manifest_that_cannot_be_written_is_the_hospitals_fault(folder: Path) -> None:
    (folder / "manifest.json").mkdir()
    done = call("cohort", "check", folder)
    assert (done.code, done.out) == (6, "")
    assert "cannot be written" in done.err


def test_no_folder_is_a_sentence_and_exit_code_3(tmp_path: Path) -> None:
    done = call("cohort", "check", tmp_path / "nowhere")
    assert (done.code, done.out) == (3, "")
    assert "is not a folder" in done.err


def test_a_pants_folder_is_brought_over_and_can_be_checked(tmp_path: Path) -> None:
    case = "PanTS_00009001"
    write_ct(tmp_path / "in/ImageTe" / case / "ct.nii.gz")
    write_mask(tmp_path / "in/LabelTe" / case / "segmentations/pancreatic_lesion.nii.gz", Box((3, 3, 2), (3, 3, 2)))
    (tmp_path / "in/metadata.csv").write_text("PanTS ID,sex,age,tumor\nPanTS_00009001,M ,?,1\n", encoding="utf-8-sig")
    done = call("cohort", "import-pants", tmp_path / "in", tmp_path / "out", "--hospital", "jhu", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert (found["schema"], found["cases"], found["positive"]) == ("pants-import/1", 1, 1)
    assert {note["what"] for note in found["notes"]} == {
        "age '?' is not understood; left blank",
        "has no organ masks; its lesions have no location",
    }
    assert call("cohort", "check", tmp_path / "out").code == 0
    again = call("cohort", "import-pants", tmp_path / "in", tmp_path / "out")
    assert again.code == 2
    assert "is not empty" in again.err
    elsewhere = call("cohort", "import-pants", tmp_path / "in", tmp_path / "out2")
    assert "1 cases, 1 with cancer" in elsewhere.out
