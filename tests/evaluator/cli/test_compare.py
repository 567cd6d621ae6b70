"""`compare` as it is called from a shell: two results files of the same patients."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluator import results as wire
from evaluator.errors import FailureClass
from evaluator.records import CohortResult
from evaluator.statistics.compare import compare_paired
from evaluator.statistics.roc import compare_auc
from tests.evaluator.cli.shell import Called, call
from tests.evaluator.statistics.by_hand import cohort, failed, negative, positive, results

FIRST, SECOND = [0.9] * 9 + [0.2], [0.9] * 5 + [0.3] * 5
CLEARED, ALARMED = [0.1] * 8 + [0.6] * 2, [0.1] * 9 + [0.7]


def scans(cancers: list[float], healthy: list[float]) -> CohortResult:
    return cohort(
        "A",
        *(positive(f"p{at}", value) for at, value in enumerate(cancers)),
        *(negative(f"n{at}", value) for at, value in enumerate(healthy)),
    )


def compare(folder: Path, one: CohortResult, two: CohortResult, *options: str) -> Called:
    for name, answered in (("one", one), ("two", two)):
        wire.write(folder / f"{name}.json", results(name, answered))
    return call("compare", folder / "one.json", folder / "two.json", *options)


def test_the_json_has_the_promised_shape_and_the_modules_numbers(tmp_path: Path) -> None:
    done = compare(tmp_path, scans(FIRST, CLEARED), scans(SECOND, ALARMED), "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert set(found["sensitivity"]) >= {"difference", "low", "high", "b", "c", "p"}
    assert set(found["auc"]) >= {"difference", "low", "high", "p"}
    expected = compare_paired([value > 0.5 for value in FIRST], [value > 0.5 for value in SECOND])
    told = found["sensitivity"]
    assert (told["b"], told["c"], told["n"]) == (4, 0, 10)
    assert (told["difference"], told["low"], told["p"]) == pytest.approx((0.4, expected.low, 0.125))
    assert (found["specificity"]["b"], found["specificity"]["c"]) == (0, 1)
    assert (told["p_adjusted"], found["specificity"]["p_adjusted"]) == (0.25, 1.0)  # Holm over the two truths
    area = compare_auc(FIRST + CLEARED, SECOND + ALARMED, [True] * 10 + [False] * 10)
    assert (found["auc"]["difference"], found["auc"]["p"]) == pytest.approx((area.difference, area.p))
    assert (found["left_out"], found["all_scans"]) == (0, None)


def test_people_can_read_it(tmp_path: Path) -> None:
    done = compare(tmp_path, scans(FIRST, CLEARED), scans(SECOND, ALARMED))
    assert "Sensitivity, one − two: +0.400" in done.out
    assert "only the first 4, only the second 0" in done.out


def test_a_submissions_failure_is_an_error_and_the_platforms_leaves_the_patient_out(tmp_path: Path) -> None:
    one, two = scans(FIRST, CLEARED), scans(SECOND, ALARMED)
    theirs, ours = list(one.cases), list(two.cases)
    theirs[0] = failed(theirs[0])
    ours[1] = failed(ours[1], FailureClass.PLATFORM_ERROR)
    found = json.loads(compare(tmp_path, cohort("A", *theirs), cohort("A", *ours), "--json").out)
    assert (found["sensitivity"]["b"], found["sensitivity"]["c"], found["sensitivity"]["n"]) == (4, 1, 9)
    assert found["left_out"] == 1
    assert "1 patients are left out" in found["sentence"]


def test_all_scans_are_compared_by_drawing_patients(tmp_path: Path) -> None:
    def with_earlier(base: CohortResult, likelihood: float) -> CohortResult:
        earlier = [positive(f"e{at}", likelihood, patient=f"p{at}", index=False) for at in range(10)]
        return cohort("A", *base.cases, *earlier)

    one, two = with_earlier(scans(FIRST, CLEARED), 0.8), with_earlier(scans(SECOND, ALARMED), 0.4)
    first = compare(tmp_path, one, two, "--all-scans", "--json")
    found = json.loads(first.out)
    assert found["sensitivity"]["n"] == 10
    scans_found = found["all_scans"]["sensitivity"]
    assert (scans_found["scans"], scans_found["patients"], scans_found["replicates"]) == (20, 10, 2000)
    assert scans_found["difference"] == pytest.approx((19 - 5) / 20)
    assert found["seed"] == 1
    assert compare(tmp_path, one, two, "--all-scans", "--json").out == first.out
    assert "All scans, sensitivity: Differs by +0.700" in compare(tmp_path, one, two, "--all-scans").out
    assert compare(tmp_path, one, two, "--all-scans", "--replicates", "100").code == 2


def test_files_of_other_patients_are_refused_by_name(tmp_path: Path) -> None:
    one = scans(FIRST, CLEARED)
    fewer = compare(tmp_path, one, scans(FIRST[1:], CLEARED), "--json")
    assert (fewer.code, fewer.out) == (3, "")
    assert "A, case p9: only the first file has this case" in fewer.err
    other = list(one.cases)
    other[0] = negative("p0", 0.1)
    assert "different things of its cancer" in compare(tmp_path, one, cohort("A", *other)).err
    assert call("compare", tmp_path / "one.json", tmp_path / "nowhere.json").code == 3


@pytest.mark.parametrize(("cancers", "healthy"), [([], [0.1]), ([0.9], []), ([], [])])
def test_without_a_kind_there_is_no_number_and_no_nan(
    tmp_path: Path, cancers: list[float], healthy: list[float]
) -> None:
    one = scans(cancers, healthy)
    for options in (("--json",), ("--json", "--all-scans")):
        done = compare(tmp_path, one, one, *options)
        assert (done.code, done.err) == (0, "")
        found = json.loads(done.out)
        assert (found["sensitivity"]["difference"] is None) == (not cancers)
        assert found["auc"]["difference"] is None
        assert "NaN" not in done.out


def test_a_model_beside_itself(tmp_path: Path) -> None:
    one = scans(FIRST, CLEARED)
    found = json.loads(compare(tmp_path, one, one, "--json").out)
    assert (found["sensitivity"]["difference"], found["sensitivity"]["p"]) == (0.0, 1.0)
    assert (found["auc"]["difference"], found["auc"]["method"]) == (0.0, "no variation")


def test_a_bare_mask_has_no_auc_to_compare(tmp_path: Path) -> None:
    one = cohort("A", positive("p", 1.0, source="mask"), negative("n", 0.0, source="mask"))
    two = cohort("A", positive("p", 0.8), negative("n", 0.3))
    found = json.loads(compare(tmp_path, one, two, "--json", "--all-scans").out)
    assert found["auc"]["difference"] is None
    assert found["auc"]["method"].startswith("not available")
    assert found["all_scans"]["auc"]["difference"] is None
