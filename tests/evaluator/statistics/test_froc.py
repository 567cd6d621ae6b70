"""FROC, AFROC and average precision: scans a person can count, and their definitions written out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from evaluator.errors import UsageError
from evaluator.records import CaseResult
from evaluator.statistics.average_precision import average_precision_picai
from evaluator.statistics.froc import froc, froc_curve
from evaluator.statistics.intervals import wilson_limits
from evaluator.statistics.marks import collect
from evaluator.statistics.outcomes import Outcome, answers
from tests.evaluator.statistics.by_hand import cohort, failed, finding, lesion, negative, positive, results


def outcomes(*cases: CaseResult) -> tuple[Outcome, ...]:
    return answers([results("model", cohort("north", *cases))], threshold=0.5)["north"].outcomes


def with_findings(case: CaseResult, *confidences: float) -> CaseResult:
    """A scan without cancer, and false positives of these confidences in it."""
    found = tuple(finding(at + 1, confidence=confidence) for at, confidence in enumerate(confidences))
    return CaseResult(case=case.case, findings=found, likelihood=case.likelihood, likelihood_source="prediction")


# Two lesions found at 0.9 and 0.8, one at 0.5 beside a false positive at 0.7, one at 0.4 in the scan of the second,
# one missed; of two scans without cancer one has a false positive at 0.6.
SCANS = outcomes(
    positive("a", 0.9, lesion(hit=True), findings=(finding(confidence=0.9, lesion_id=1),)),
    positive(
        "b",
        0.7,
        lesion(hit=True),
        findings=(finding(1, confidence=0.5, lesion_id=1), finding(2, confidence=0.7)),
    ),
    positive("c", 0.1, lesion()),
    positive(
        "f",
        0.8,
        lesion(1, hit=True),
        lesion(2, hit=True),
        findings=(finding(1, confidence=0.8, lesion_id=1), finding(2, confidence=0.4, lesion_id=2)),
    ),
    with_findings(negative("d", 0.6), 0.6),
    negative("e", 0.0),
)


def test_every_threshold_is_a_point_and_the_lowest_reaches_all_that_was_found() -> None:
    curve = froc_curve(collect(SCANS))
    assert curve.threshold == (None, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
    assert curve.lesions == pytest.approx((0, 1 / 5, 2 / 5, 2 / 5, 2 / 5, 3 / 5, 4 / 5))
    assert curve.localised == pytest.approx((0, 1 / 4, 2 / 4, 2 / 4, 2 / 4, 3 / 4, 3 / 4))
    assert curve.false_positives == pytest.approx((0, 0, 0, 1 / 6, 2 / 6, 2 / 6, 2 / 6))
    assert curve.alarmed == pytest.approx((0, 0, 0, 0, 1 / 2, 1 / 2, 1 / 2))


def test_a_model_that_finds_everything_and_no_more_reaches_the_top_at_no_false_positive() -> None:
    # picai_eval 1.4.13 on these: lesion_TP [1 1], lesion_TPR_at_FPR(1) 0.5, for its lowest threshold is overwritten.
    # >>> m = Metrics(lesion_results={"a": [(1, .9, .5)], "b": [(1, .5, .5)], "c": []}); m.lesion_TPR_at_FPR(1)
    found = outcomes(
        positive("a", 0.9, lesion(hit=True), findings=(finding(confidence=0.9, lesion_id=1),)),
        positive("b", 0.5, lesion(hit=True), findings=(finding(confidence=0.5, lesion_id=1),)),
        negative("c", 0.0),
    )
    curve = froc_curve(collect(found))
    assert (curve.lesions[-1], curve.localised[-1], curve.false_positives[-1]) == (1.0, 1.0, 0.0)
    told = froc(found, rng=np.random.default_rng(1))
    assert {point.lesions for point in told.froc} == {1.0}
    # 2 of 2 patients and 2 of 2 lesions, in every replicate
    assert {(point.localised_low, point.localised_high) for point in told.froc} == {wilson_limits(2, 2)}
    assert {(point.lesions_low, point.lesions_high) for point in told.froc} == {wilson_limits(2, 2)}
    assert told.area is not None
    assert told.area.value == 1.0


def test_points_are_the_most_that_is_found_within_the_false_positives_allowed() -> None:
    told = froc(SCANS, rng=np.random.default_rng(1))
    at = {point.at: point for point in told.froc}
    assert (at[0.125].lesions, at[0.25].lesions, at[0.5].lesions) == (2 / 5, 2 / 5, 4 / 5)
    assert at[0.5].localised == 3 / 4
    for point in told.froc:
        assert point.localised_low <= point.localised <= point.localised_high
    assert (told.scans, told.positives, told.negatives, told.lesions, told.failed) == (6, 4, 2, 5, 0)
    assert "75.0 %" in told.sentence
    # Pairs of a scan with and one without cancer in which the surest hit is surer: c has no hit, e no false positive.
    # a, f beat d; b does not; c does not; a, b, f beat e; c and e are even.
    assert told.area is not None
    assert told.area.value == pytest.approx((2 + 3 + 0.5) / 8)


def test_the_same_seed_draws_the_same_bands() -> None:
    once, again = (froc(SCANS, rng=np.random.default_rng(7)) for _ in range(2))
    assert once == again
    with pytest.raises(UsageError, match="too few"):
        froc(SCANS, rng=np.random.default_rng(7), replicates=100)


def test_a_failed_scan_hits_nothing_and_has_one_false_positive_at_every_threshold() -> None:
    scans = outcomes(
        positive("a", 0.9, lesion(hit=True), findings=(finding(confidence=0.9, lesion_id=1),)),
        failed(positive("b", 0.9, lesion(hit=True))),
        failed(negative("c")),
        negative("d", 0.0),
    )
    curve = froc_curve(collect(scans))
    assert curve.false_positives == pytest.approx((2 / 4, 2 / 4))
    assert curve.lesions == pytest.approx((0, 1 / 2))
    assert curve.alarmed == pytest.approx((1 / 2, 1 / 2))
    assert froc(scans, rng=np.random.default_rng(1)).failed == 2


def test_without_a_kind_of_scan_or_without_confidences_there_is_a_sentence() -> None:
    no_cancer = froc(outcomes(negative("a")), rng=np.random.default_rng(1))
    assert (no_cancer.froc, no_cancer.area) == ((), None)
    assert "No FROC: no patients" in no_cancer.sentence
    bare = froc(
        outcomes(positive("a", 1.0, lesion(hit=True), source="mask"), negative("b", source="mask")),
        rng=np.random.default_rng(1),
    )
    assert "a mask and no confidences" in bare.sentence


def test_average_precision_is_picai_evals() -> None:
    # picai_eval 1.4.13 and scikit-learn 1.9.1:
    # >>> Metrics(lesion_results={"a": [(1, .9, .5)], "b": [(1, .5, .5), (0, .7, 0.)], "c": [(1, 0., 0.)],
    # ...     "d": [(0, .6, 0.)], "e": [], "f": [(1, .4, .3), (1, .8, .4)]}, case_target=…, case_pred=…).AP
    # 0.6533333333333333
    told = average_precision_picai(SCANS, rng=np.random.default_rng(1))
    assert told.value == pytest.approx(0.6533333333333333, rel=1e-12)
    assert (told.k, told.n) == (4, 5)
    nothing = average_precision_picai(outcomes(negative("a")), rng=np.random.default_rng(1))
    assert (nothing.value, nothing.n) == (None, 0)


def many_scans(count: int, *, seed: int) -> tuple[Outcome, ...]:
    """Half with a lesion, found more surely than false positives are reported."""
    rng = np.random.default_rng(seed)
    scans = []
    for number in range(count):
        sure = float(rng.uniform(0.2, 1))
        if number % 2:
            hit = bool(rng.random() < 0.7)
            findings = (finding(confidence=sure, lesion_id=1),) if hit else (finding(confidence=sure / 2),)
            scans.append(positive(f"p{number}", sure, lesion(hit=hit), findings=findings))
        else:
            alarms = rng.uniform(0, 0.6, rng.poisson(0.5)).tolist()
            scans.append(with_findings(negative(f"n{number}", max(alarms, default=0.0)), *alarms))
    return outcomes(*scans)


def test_average_precision_has_the_interval_of_its_patients_redrawn() -> None:
    """Beside a loop that draws patients and computes it anew."""
    scans = many_scans(60, seed=1)
    told = average_precision_picai(scans, rng=np.random.default_rng(2))
    rng, values = np.random.default_rng(3), []
    kinds = [[one for one in scans if one.case.cancer is cancer] for cancer in (True, False)]
    for _ in range(400):
        drawn = [kind[place] for kind in kinds for place in rng.integers(len(kind), size=len(kind))]
        values.append(by_hand(drawn))
    assert told.value == pytest.approx(by_hand(scans))
    assert (told.low, told.high) == pytest.approx(np.percentile(values, [2.5, 97.5]), abs=0.02)


def by_hand(scans: Sequence[Outcome]) -> float:
    """Precision times the step of recall, confidence by confidence."""
    marks = [
        (found.confidence, any(one.lesion.finding == found.id and one.lesion.hit for one in scan.lesions))
        for scan in scans
        for found in scan.findings
    ]
    lesions, area = sum(len(scan.lesions) for scan in scans), 0.0
    for confidence in {sure for sure, hit in marks if hit}:
        step = sum(hit for sure, hit in marks if sure == confidence) / lesions
        reported = [hit for sure, hit in marks if sure >= confidence]
        area += step * sum(reported) / len(reported)
    return area


def test_a_model_without_an_error_has_no_interval_of_average_precision() -> None:
    scans = outcomes(
        positive("a", 0.9, lesion(hit=True), findings=(finding(confidence=0.9, lesion_id=1),)), negative("b", 0.0)
    )
    told = average_precision_picai(scans, rng=np.random.default_rng(1))
    assert (told.value, told.low, told.high) == (1.0, None, None)
    assert "no replicate differs" in told.method
