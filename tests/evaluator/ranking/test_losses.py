"""The Ladder climbs on the ranking's own statistic: a patient's loss, by hand and against the ranking."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluator.errors import TableRefused
from evaluator.ranking import panel_losses, rank_results
from evaluator.records import CaseRecord, CaseResult, CohortResult, SubmissionRecord, TruthSource
from evaluator.results import SCHEMA, Results


def cohort(hospital: str, *, positive: int, negative: int, wrong: tuple[int, ...] = ()) -> CohortResult:
    """Cancers first; `wrong` are the numbers of the patients that are answered wrongly."""
    cases = []
    for number in range(positive + negative):
        cancer = number < positive
        record = CaseRecord(
            case=f"c{number}",
            patient=f"p{number:02d}",
            cancer=cancer,
            index_scan=True,
            reference=TruthSource.DIAGNOSIS,
        )
        flagged = cancer != (number in wrong)
        cases.append(CaseResult(case=record, likelihood=0.9 if flagged else 0.1, likelihood_source="prediction"))
    return CohortResult(
        hospital=hospital, cohort="all", version="1", fingerprint=f"sha256:{hospital}", cases=tuple(cases), started="",
        finished="",
    )  # fmt: skip


def results(*cohorts: CohortResult, trained_on: tuple[str, ...] = ()) -> Results:
    submission = SubmissionRecord(model="m", image="sha256:0", trained_on=trained_on)
    return Results(schema=SCHEMA, scorer="s", hit_rule="h", submission=submission, cohorts=cohorts)


def test_each_hospital_and_each_truth_has_its_share() -> None:
    # 2 + 3 patients at A, 2 + 8 at B: N = 15, H = 2. A missed cancer of two weighs 15/(2·2·2), a false alarm of eight
    # 15/(2·2·8); the mean is half of (1 − θ), θ = ((0.5 − 0) + (1 − 1/8)) / 2 = 0.6875.
    found = panel_losses(
        [results(cohort("A", positive=2, negative=3, wrong=(0,)), cohort("B", positive=2, negative=8, wrong=(9,)))],
        panel_minimum=2,
    )
    assert found.hospitals == ("A", "B")
    assert sorted(set(found.losses)) == [0.0, 15 / 32, 15 / 8]
    assert 1 - 2 * found.mean == pytest.approx(0.6875)


def test_it_is_the_rankings_score() -> None:
    given = [
        results(
            cohort("A", positive=4, negative=9, wrong=(0, 5, 6)),
            cohort("B", positive=7, negative=3, wrong=(2, 8)),
            cohort("C", positive=1, negative=50, wrong=(0,)),  # too few to be on the panel
        )
    ]
    ranking = rank_results(given, panel_minimum=3, replicates=100)
    found = panel_losses(given, panel_minimum=3)
    assert found.hospitals == ("A", "B")
    assert 1 - 2 * found.mean == pytest.approx(ranking.models[0].score, abs=1e-12)


def test_the_order_of_cohorts_and_cases_changes_nothing() -> None:
    one, two = cohort("A", positive=3, negative=3, wrong=(1, 4)), cohort("B", positive=3, negative=4, wrong=(5,))
    turned = replace(one, cases=one.cases[::-1])
    straight, other = (panel_losses([results(*cohorts)], panel_minimum=2) for cohorts in ((one, two), (two, turned)))
    assert straight.losses.tolist() == other.losses.tolist()


def test_a_hospital_it_was_trained_on_is_named_however_it_is_spelt() -> None:
    given = results(cohort("Basel", positive=2, negative=2), trained_on=("basel ", "Elsewhere"))
    assert panel_losses([given], panel_minimum=2).trained_here == ("Basel",)


def test_without_a_hospital_on_the_panel_there_is_no_loss() -> None:
    with pytest.raises(TableRefused, match="takes 30 positive and 30 negative"):
        panel_losses([results(cohort("A", positive=5, negative=40))], panel_minimum=30)
