"""The platform's own results: who is on the panel, who is ranked, and why the others are not."""

from dataclasses import replace

import pytest

from evaluator.errors import FailureClass, TableRefused, UsageError
from evaluator.ranking import Ranking, rank_results
from evaluator.records import CohortResult
from evaluator.results import Results
from tests.evaluator.statistics.by_hand import cohort, counted, failed, negative, positive, results


def good(hospital: str = "A") -> CohortResult:
    return counted(hospital, found=19, cancers=20, cleared=20, healthy=20)


def bad(hospital: str = "A") -> CohortResult:
    return counted(hospital, found=8, cancers=20, cleared=12, healthy=20)


def rank(*found: Results, panel_minimum: int = 3) -> Ranking:
    return rank_results(found, panel_minimum=panel_minimum, replicates=200, seed=1)


def reasons(ranking: Ranking) -> dict[str, str]:
    return {one.model: one.reason for one in ranking.unranked}


def test_submissions_are_ranked_by_youden_over_hospitals() -> None:
    ranking = rank(results("bad", bad("A"), bad("B")), results("good", good("A"), good("B")))
    assert [(m.model, m.rank, m.rank_set) for m in ranking.models] == [("good", 1, (1, 1)), ("bad", 2, (2, 2))]
    assert ranking.models[0].score == pytest.approx(19 / 20 - 0)
    assert ranking.models[1].score == pytest.approx(8 / 20 - 8 / 20)
    assert ranking.statistic == "sensitivity − 1 × (1 − specificity)"


def test_the_weight_of_false_alarms_moves_the_score() -> None:
    ranking = rank_results([results("bad", bad())], panel_minimum=3, weight=0.5, replicates=200)
    assert ranking.models[0].score == pytest.approx(8 / 20 - 0.5 * 8 / 20)
    with pytest.raises(UsageError, match="weight"):
        rank_results([results("bad", bad())], weight=0.0)


def test_each_submission_is_judged_at_its_own_threshold() -> None:
    assert rank(results("m", good(), threshold=0.95)).models[0].score == pytest.approx(0.0)  # flags nobody


def test_a_hospital_with_too_few_of_either_truth_is_off_the_panel() -> None:
    small = counted("small", found=2, cancers=2, cleared=20, healthy=20)
    ranking = rank(results("good", good(), small), results("bad", bad(), small))
    assert list(ranking.models[0].hospitals) == ["A"]
    (off,) = ranking.off_panel
    assert (off.hospital, off.reason) == ("small", "2 positive and 20 negative patients; it takes 3 of each")


def test_without_a_panel_nothing_is_ranked_and_it_says_so() -> None:
    ranking = rank(results("good", good()), panel_minimum=30)
    assert ranking.models == ()
    assert any("No hospital has enough patients" in note for note in ranking.notes)
    assert rank().models == ()


def test_a_submission_that_knows_a_hospital_is_unranked_with_its_gap() -> None:
    ranking = rank(
        results("good", good("A"), good("B")), results("home", good("A"), bad("B"), trained_on=("a ", "Elsewhere"))
    )
    assert [m.model for m in ranking.models] == ["good"]
    assert reasons(ranking) == {"home": "was trained on data of A"}
    assert ranking.unranked[0].gap == pytest.approx(0.95)


def test_a_submission_without_results_at_a_hospital_is_unranked() -> None:
    ranking = rank(results("good", good("A"), good("B")), results("half", good("A")))
    assert reasons(ranking) == {"half": "no results at B"}


def test_a_scan_that_waits_for_another_try_keeps_a_submission_unranked() -> None:
    cases = list(good().cases)
    cases[0] = failed(cases[0], FailureClass.PLATFORM_ERROR)
    ranking = rank(results("good", good()), results("waits", cohort("A", *cases)))
    assert reasons(ranking) == {"waits": "incomplete: 1 index scans at A wait for another try"}


@pytest.mark.parametrize(("failures", "ranked"), [(2, True), (3, False)])
def test_more_than_five_percent_failures_of_its_own_unrank_a_submission(failures: int, ranked: bool) -> None:
    """Two of 40 are 5 %, three are more."""
    cases = [failed(case) if n < failures else case for n, case in enumerate(good().cases)]
    ranking = rank(results("good", good()), results("shaky", cohort("A", *cases)))
    assert ("shaky" in {m.model for m in ranking.models}) is ranked
    if ranked:
        shaky = next(m for m in ranking.models if m.model == "shaky")
        assert shaky.score == pytest.approx(17 / 20)  # failed cancers are missed
    else:
        assert reasons(ranking) == {"shaky": "failed on 3 of 40 panel index scans, more than 5 %"}


def test_another_version_of_a_cohort_is_another_cohort() -> None:
    old = cohort("A", *good().cases, version="0")
    ranking = rank(results("good", good()), results("bad", bad()), results("old", old))
    assert reasons(ranking) == {"old": "was run on another version of the cohort at A"}


def test_results_with_a_fault_are_refused_and_the_others_ranked() -> None:
    twice = cohort("A", positive("p"), positive("p"), negative("n"))
    ranking = rank(results("good", good()), results("bad", bad()), results("dirty", twice))
    assert [m.model for m in ranking.models] == ["good", "bad"]
    assert {fault.where for fault in ranking.refused} == {"model dirty, A, case p", "model dirty, A, patient p"}


def test_names_that_differ_only_by_case_are_refused() -> None:
    ranking = rank(results("Good", good()), results("good ", good()), results("bad", bad()))
    assert [m.model for m in ranking.models] == ["bad"]
    assert ranking.refused[0].where == "'Good', 'good '"


def test_one_name_for_two_submissions_is_refused() -> None:
    with pytest.raises(TableRefused, match="same model name"):
        rank(results("m", good(), image="sha256:1"), results("m", good("B"), image="sha256:2"))


def test_inside_a_tie_the_worst_hospital_and_then_the_earlier_submission_come_first() -> None:
    """Same score: "even" has 0.9 at both hospitals, "uneven" 0.8 and 1.0; "late" is a copy of "even"."""

    def at(hospital: str, found: int) -> CohortResult:
        return counted(hospital, found=found, cancers=20, cleared=20, healthy=20)

    ranking = rank(
        results("uneven", at("A", 16), at("B", 20), submitted="2026-01-01"),
        results("late", at("A", 18), at("B", 18), submitted="2026-03-01"),
        results("even", at("A", 18), at("B", 18), submitted="2026-02-01"),
    )
    assert [(m.model, m.rank) for m in ranking.models] == [("even", 1), ("late", 1), ("uneven", 1)]


def test_results_are_held_against_what_their_scans_declare() -> None:
    """All 40 women are found by "w" and no man; by "m" the other way round."""
    both = {}
    for model, found in (("w", "F"), ("m", "M")):
        cases = [
            replace(case, case=replace(case.case, sex=sex))
            for sex in "FM"
            for n in range(40)
            for case in (positive(f"{sex}p{n}", 0.9 if sex == found else 0.1), negative(f"{sex}n{n}"))
        ]
        both[model] = results(model, cohort("A", *cases))
    ranking = rank_results(list(both.values()), replicates=200)
    sex = ranking.attributes["sex"]
    assert (sex.verdict, sex.tau) == ("changes", -1)
    assert [(one.a, one.b, one.better_in, one.worse_in) for one in sex.reversals] == [("w", "m", "F", "M")]
    assert {(gap.model, gap.measure): gap.difference for gap in sex.gaps} == {
        ("w", "sensitivity"): 1,
        ("m", "sensitivity"): -1,
        ("w", "specificity"): 0,
        ("m", "specificity"): 0,
    }
    assert ranking.attributes["hospital"].verdict == "too few"
