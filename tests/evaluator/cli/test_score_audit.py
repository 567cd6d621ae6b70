"""`score --audit`: the second program's numbers beside ours, and exit code 5 where it says otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluator.cli import audited
from evaluator.records import Audit, CaseAudit, Comparison
from evaluator.volumes import write_nifti
from tests.evaluator.cli.shell import Called, call
from tests.phantoms import Box, make_volume

DIFFERENCE = Comparison(structure="lesions", measure="dice", ours=0.5, theirs=0.25)
CHECKED = CaseAudit(case="case07", program="medpy 0.5.2", compared=9, worst=1e-12)
WRONG = CaseAudit(case="case08", program="medpy 0.5.2", compared=9, worst=0.25, differences=(DIFFERENCE,))
BROKEN = CaseAudit(case="case09", program="medpy 0.5.2", compared=0, worst=0.0, error="MemoryError: no room")


@pytest.fixture
def files(tmp_path: Path) -> list[str | Path]:
    reference, prediction = tmp_path / "reference.nii.gz", tmp_path / "prediction.nii.gz"
    write_nifti(reference, make_volume(Box((2, 2, 2), (4, 4, 4)), Box((14, 14, 4), (2, 2, 2))))
    write_nifti(prediction, make_volume(Box((3, 2, 2), (4, 4, 4))))
    return ["score", "--reference", reference, "--prediction", prediction, "--audit"]


def document(called: Called) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(called.out)["audit"]
    return read


def test_what_agrees_is_shown_number_by_number(files: list[str | Path]) -> None:
    shown = call(*files)
    assert (shown.code, shown.err) == (0, "")
    for words in ("Audit: ours beside medpy 0.5.2", "number of lesions", "hd95_pooled", "numbers agree to 1e-06"):
        assert words in shown.out


def test_the_json_holds_every_comparison(files: list[str | Path]) -> None:
    called = call(*files, "--json")
    assert called.code == 0
    audit = document(called)
    assert (audit["program"], audit["tolerance"], audit["differences"]) == ("medpy 0.5.2", 1e-6, [])
    assert audit["compared"] == len(audit["comparisons"])
    by_measure = {
        one["measure"]: (one["ours"], one["theirs"]) for one in audit["comparisons"] if one["structure"] == "lesions"
    }
    assert by_measure["dice"] == pytest.approx((2 * 48 / 136, 2 * 48 / 136))
    assert by_measure["number of lesions"] == (2, 2)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_difference_ends_with_5_and_is_named(
    files: list[str | Path], options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medpy.metric.binary.dc", lambda *_: 0.25)
    called = call(*files, *options)
    assert called.code == 5
    assert "numbers are not what medpy 0.5.2 finds" in called.err
    assert "dice of lesions" in called.err
    assert "Traceback" not in called.err
    if options:
        assert {one["theirs"] for one in document(called)["differences"]} == {0.25}


def test_an_audit_that_breaks_down_ends_with_5_and_says_so(
    files: list[str | Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> float:
        raise MemoryError("no room")

    monkeypatch.setattr("medpy.metric.binary.assd", broken)
    called = call(*files)
    assert called.code == 5
    assert "The audit broke down" in called.err
    assert "MemoryError: no room" in called.err


def test_findings_that_picai_drops_are_no_difference(files: list[str | Path], tmp_path: Path) -> None:
    write_nifti(tmp_path / "reference.nii.gz", make_volume(Box((4, 4, 4), (8, 4, 4))))
    halves = (Box((4, 4, 4), (2, 4, 4), 1), Box((6, 4, 4), (6, 4, 4), 2))
    write_nifti(tmp_path / "prediction.nii.gz", make_volume(*halves))
    called = call(*files, "--hit-rule", "picai")
    assert (called.code, called.err) == (0, "")


@pytest.mark.parametrize(
    ("cases", "too_large", "said"),
    [
        ((CHECKED,), (), "audit: 1 case scored again with medpy 0.5.2: all 9 numbers agree, to 1e-12"),
        (
            (CHECKED, WRONG),
            ("case03",),
            "audit: 2 cases scored again with medpy 0.5.2: 1 of 18 numbers DIFFER: dice of lesions in case08; "
            "1 passed over as too large",
        ),
        ((BROKEN,), (), "audit: no case was scored again; it broke down on case09 (MemoryError: no room)"),
        ((), (), "audit: no case was scored again"),
    ],
)
def test_a_run_says_in_one_line_what_its_audit_found(
    cases: tuple[CaseAudit, ...], too_large: tuple[str, ...], said: str
) -> None:
    assert audited.sentence(Audit(seed=1, tolerance=1e-6, cases=cases, too_large=too_large)) == said
