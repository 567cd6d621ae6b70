"""Results written by hand: small enough to count on one's fingers."""

from __future__ import annotations

from dataclasses import replace

from evaluator.errors import FailureClass
from evaluator.records import (
    CaseRecord,
    CaseResult,
    CohortResult,
    Finding,
    Lesion,
    StructureScore,
    SubmissionRecord,
    TruthSource,
)
from evaluator.results import SCHEMA, Results


def lesion(id_: int = 1, *, mm: float = 15.0, hit: bool = False, at: str | None = None) -> Lesion:
    return Lesion(
        id=id_,
        diameter_mm=mm,
        volume_ml=1.0,
        centre_mm=(0.0, 0.0, 0.0),
        location=at,
        hit=hit,
        finding=id_ if hit else None,
    )


def finding(id_: int = 1, *, confidence: float = 0.9, lesion_id: int | None = None) -> Finding:
    return Finding(id=id_, confidence=confidence, volume_ml=1.0, centre_mm=(0.0, 0.0, 0.0), lesion=lesion_id)


def structure(dice: float | None) -> StructureScore:
    return StructureScore(
        dice=dice,
        nsd={"2.0": None},
        hd95_pooled=None,
        hd95_max=None,
        assd_pooled=None,
        masd=None,
        volume_reference_ml=1.0,
        volume_prediction_ml=1.0,
    )


def positive(
    name: str,
    likelihood: float = 0.9,
    *lesions: Lesion,
    patient: str | None = None,
    index: bool = True,
    dice: float | None = None,
    source: str = "prediction",
    findings: tuple[Finding, ...] = (),
    lead_time: float | None = None,
) -> CaseResult:
    record = CaseRecord(
        case=name,
        patient=patient or name,
        cancer=True,
        index_scan=index,
        reference=TruthSource.MASK if lesions else TruthSource.DIAGNOSIS,
        lead_time_months=lead_time,
    )
    return CaseResult(
        case=record,
        lesions=lesions,
        findings=findings,
        structures={} if dice is None else {"lesions": structure(dice)},
        likelihood=likelihood,
        likelihood_source=source,
    )


def negative(
    name: str, likelihood: float = 0.1, *, patient: str | None = None, index: bool = True, source: str = "prediction"
) -> CaseResult:
    record = CaseRecord(
        case=name, patient=patient or name, cancer=False, index_scan=index, reference=TruthSource.DIAGNOSIS
    )
    return CaseResult(case=record, likelihood=likelihood, likelihood_source=source)


def failed(result: CaseResult, failure: FailureClass = FailureClass.EXIT_CODE) -> CaseResult:
    missed = tuple(replace(one, hit=False, finding=None) for one in result.lesions)
    return CaseResult(case=result.case, failure=failure, reason="it stopped", lesions=missed)


def cohort(hospital: str, *cases: CaseResult, version: str = "1") -> CohortResult:
    return CohortResult(
        hospital=hospital,
        cohort=f"{hospital} cohort",
        version=version,
        fingerprint=f"sha256:{hospital}:{version}",
        cases=cases,
        started="2026-01-01T00:00:00Z",
        finished="2026-01-01T01:00:00Z",
    )


def results(
    model: str,
    *cohorts: CohortResult,
    threshold: float = 0.5,
    trained_on: tuple[str, ...] = (),
    image: str | None = None,
    submitted: str | None = None,
) -> Results:
    submission = SubmissionRecord(
        model=model,
        image=image or f"sha256:{model}",
        threshold=threshold,
        trained_on=trained_on,
        submitted=submitted,
    )
    return Results(schema=SCHEMA, scorer="lesions/1", hit_rule="hit/1", submission=submission, cohorts=cohorts)


def counted(hospital: str, *, found: int, cancers: int, cleared: int, healthy: int) -> CohortResult:
    """A hospital whose sensitivity is found/cancers and whose specificity is cleared/healthy."""
    cases = [positive(f"p{n}", 0.9 if n < found else 0.1) for n in range(cancers)]
    cases += [negative(f"n{n}", 0.1 if n < cleared else 0.9) for n in range(healthy)]
    return cohort(hospital, *cases)
