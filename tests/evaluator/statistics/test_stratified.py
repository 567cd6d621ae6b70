"""A block without strata tells of all patients together what it told before, and of a part of them nothing."""

from __future__ import annotations

from evaluator.records import CaseRecord, CaseResult, CohortResult, Lesion, SubmissionRecord, TruthSource
from evaluator.report import make_report
from evaluator.results import SCHEMA, Results, to_builtins
from evaluator.statistics.stratified import WITHHELD, without_strata


def patient(number: int, *, cancer: bool, flagged: bool) -> CaseResult:
    lesion = Lesion(
        id=1, diameter_mm=8.0 + 20 * number, volume_ml=1.0, centre_mm=(0.0, 0.0, 0.0), location="head", hit=flagged,
        finding=1 if flagged else None,
    )  # fmt: skip
    record = CaseRecord(
        case=f"c{number}{cancer}",
        patient=f"p{number}{cancer}",
        cancer=cancer,
        index_scan=True,
        reference=TruthSource.MASK if cancer else TruthSource.DIAGNOSIS,
        sex="F" if number % 2 else "M",
        phase="venous",
        lead_time_months=7.0 if cancer else None,
    )
    likelihood = 0.9 if flagged else 0.1
    return CaseResult(
        case=record, lesions=(lesion,) if cancer else (), likelihood=likelihood, likelihood_source="prediction"
    )


def test_only_what_is_of_all_patients_is_left() -> None:
    cases = [patient(n, cancer=True, flagged=n != 0) for n in range(4)]
    cases += [patient(n, cancer=False, flagged=n == 0) for n in range(4)]
    cohort = CohortResult(
        hospital="A", cohort="all", version="1", fingerprint="sha256:0", cases=tuple(cases), started="", finished=""
    )
    submission = SubmissionRecord(model="m", image="sha256:0")
    results = Results(schema=SCHEMA, scorer="s", hit_rule="h", submission=submission, cohorts=(cohort,))
    whole = make_report([results], prevalences=[0.04]).models[0].overall
    assert whole.sensitivity["le20"].n == 1
    assert whole.by_attribute
    left = without_strata(whole)
    assert left.sensitivity["all"] == whole.sensitivity["all"]
    assert (left.t_sen["all"], left.specificity, left.ppv) == (whole.t_sen["all"], whole.specificity, whole.ppv)
    for rates in (left.sensitivity, left.localised_sensitivity, left.t_sen):
        kept = {name: to_builtins(rate) for name, rate in rates.items() if name != "all"}
        assert len(kept) > 3
        for rate in kept.values():
            assert rate.pop("method") == WITHHELD
            assert set(rate.values()) == {None}
    told = to_builtins(left)
    assert [told[name] for name in ("by_location", "lead_time", "by_attribute", "by_location_and_size")] == [{}] * 4
    assert told["time_before_diagnosis"] is None
