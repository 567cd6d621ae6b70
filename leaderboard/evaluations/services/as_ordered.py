"""A run's results as they are kept, and whether what a hospital sent can be the results of its order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from evaluator import results as wire
from evaluator.records import CaseResult, CohortResult, SubmissionRecord
from evaluator.results import to_builtins
from evaluator.scoring import DEFAULT_HIT_RULE, SCORER
from evaluator.statistics.operating_point import Status
from leaderboard.evaluations.models import Run
from leaderboard.hospitals.models import Case


def submission_record(run: Run) -> SubmissionRecord:
    evaluation, submission = run.evaluation, run.evaluation.submission
    frozen = evaluation.operating_point or {}  # of calibration patients nothing is flagged: the threshold comes of them
    return SubmissionRecord(
        model=submission.model,
        image=submission.image,
        contract=submission.contract,
        threshold=frozen.get("threshold", submission.threshold),
        locked=frozen.get("status", Status.EXPLORATORY),
        declared_prevalence=submission.declared_prevalence,
        trained_on=tuple(submission.trained_on.order_by("name").values_list("name", flat=True)),
        submitted=submission.created.isoformat(),
    )


def as_results(run: Run, result: CohortResult) -> wire.Results:
    return wire.Results(
        schema=wire.SCHEMA,
        scorer=SCORER,
        hit_rule=DEFAULT_HIT_RULE,
        submission=submission_record(run),
        cohorts=(replace(result, hospital=run.hospital.name),),  # as the platform calls it, as in `trained_on`
    )


def faults(run: Run, results: wire.Results) -> Iterator[str]:
    """Why these cannot be the results of this run, in sentences that name no case."""
    if (results.schema, results.scorer, results.hit_rule) != (wire.SCHEMA, SCORER, DEFAULT_HIT_RULE):
        yield f"They were scored by {results.scorer} with {results.hit_rule}, and not as on this platform."
    if to_builtins(results.submission) != to_builtins(submission_record(run)):
        yield "They are of another submission, or of another threshold, than was ordered."
    if len(results.cohorts) != 1 or results.cohorts[0].fingerprint != run.cohort.fingerprint:
        yield "They are of another cohort than was ordered."
        return
    [cohort] = results.cohorts
    frozen = {case.case: known(case) for case in run.cohort.cases.all()}
    sent = {case.case.case: to_builtins(case.case) for case in cohort.cases}
    if len(sent) < len(cohort.cases):
        yield "A case is there twice."
    if extra := sent.keys() - frozen.keys():
        yield f"{len(extra)} cases are not in the cohort."
    if missing := frozen.keys() - sent.keys():
        yield f"{len(missing)} cases of the cohort are missing."
    if changed := [case for case in sent.keys() & frozen.keys() if sent[case] != frozen[case]]:
        yield f"Of {len(changed)} cases something else is said than when the cohort was frozen."
    if odd := sum(not is_possible(case) for case in cohort.cases):
        yield f"{odd} cases have numbers that scoring cannot give."


def known(case: Case) -> dict[str, object]:
    identity = {name: getattr(case, name) for name in ("case", "patient", "cancer", "index_scan")}
    return {**identity, **case.attributes}


def is_possible(case: CaseResult) -> bool:
    """Confidences from 0 to 1, pairs that name each other, and nothing found where the case failed."""
    findings = {finding.id: finding for finding in case.findings}
    lesions = {lesion.id: lesion for lesion in case.lesions}
    values = [finding.confidence for finding in case.findings]
    values += [case.likelihood] if case.likelihood is not None else []
    pairs = {(lesion.id, lesion.finding) for lesion in case.lesions if lesion.finding is not None}
    return (
        all(0 <= value <= 1 for value in values)
        and len(findings) == len(case.findings)
        and len(lesions) == len(case.lesions)
        and pairs == {(finding.lesion, finding.id) for finding in case.findings if finding.lesion is not None}
        and (case.failure is None or not (case.findings or case.likelihood is not None or pairs))
        and (case.failure is not None or case.likelihood is not None)
    )
