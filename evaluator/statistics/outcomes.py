"""From case results to answers: what one submission said of each scan at one operating point, failures as errors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evaluator.errors import Fault, FaultLine, TableRefused
from evaluator.records import CaseRecord, CaseResult, Finding, Lesion, SubmissionRecord, TruthSource
from evaluator.results import Results

# Likelihoods that are made from findings: findings below the operating point are then not reported at all.
FROM_CONFIDENCES = ("findings", "map")


@dataclass(frozen=True, kw_only=True)
class LesionOutcome:
    lesion: Lesion
    hit: bool


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One scan's answer. A scan that the submission failed on is answered wrongly, whatever the truth."""

    hospital: str
    case: CaseRecord
    failed: bool
    flagged: bool
    likelihood: float  # a failed positive −inf, a failed negative +inf
    likelihood_source: str | None
    size_mm: float | None  # largest lesion; None without a lesion reference
    lesions: tuple[LesionOutcome, ...]  # empty without a lesion reference
    dice: float | None
    findings: tuple[Finding, ...] = ()  # all of them, whatever the operating point; none of a failed scan

    @property
    def correct(self) -> bool:
        return self.flagged == self.case.cancer

    @property
    def localised(self) -> bool:
        """Flagged, and any lesion hit."""
        return self.flagged and any(lesion.hit for lesion in self.lesions)


@dataclass(frozen=True, kw_only=True)
class HospitalOutcomes:
    """All scans of one hospital that have an answer, and how many have none yet."""

    hospital: str
    outcomes: tuple[Outcome, ...]
    unanswered: tuple[CaseRecord, ...]  # failed through the platform or the hospital: tried again, never scored
    failures: dict[str, int]  # failed scans by failure class, whoever's fault

    @property
    def patients(self) -> tuple[Outcome, ...]:
        """One outcome a patient: the index scan's."""
        return tuple(outcome for outcome in self.outcomes if outcome.case.index_scan)


def by_submission(results: Sequence[Results]) -> dict[str, list[Results]]:
    """Files by model name; one name for two submissions, or two ways of scoring, is refused."""
    files: dict[str, list[Results]] = {}
    for result in results:
        files.setdefault(result.submission.model, []).append(result)
    faults = [
        FaultLine(what="files that do not belong together", where=f"model {model}", why=why)
        for model, found in files.items()
        for why, kinds in (
            ("their images or declarations differ", {_identity(one.submission) for one in found}),
            ("they were scored by different scorers or hit rules", {(one.scorer, one.hit_rule) for one in found}),
        )
        if len(kinds) > 1
    ]
    if faults:
        raise TableRefused(
            "Some results files carry the same model name but are not of one submission scored one way.",
            faults=faults,
            next_step="Report them separately, or run the submission again under its own name.",
        )
    return files


def _identity(submission: SubmissionRecord) -> tuple[str, str, float, tuple[str, ...], float | None]:
    trained_on = tuple(sorted(submission.trained_on))
    return submission.image, submission.contract, submission.threshold, trained_on, submission.declared_prevalence


def _outcome(hospital: str, result: CaseResult, threshold: float) -> Outcome:
    case = result.case
    if result.failed:
        likelihood, flagged = (-math.inf, False) if case.cancer else (math.inf, True)
    else:
        assert result.likelihood is not None  # checked by _faults
        likelihood, flagged = result.likelihood, result.likelihood > threshold
    reference = result.lesions if case.cancer and case.reference is TruthSource.MASK else ()
    reported = {finding.id for finding in result.findings if finding.confidence > threshold}
    dropped = result.likelihood_source in FROM_CONFIDENCES
    lesions = tuple(
        LesionOutcome(
            lesion=lesion,
            hit=flagged and not result.failed and lesion.hit and (not dropped or lesion.finding in reported),
        )
        for lesion in reference
    )
    structure = result.structures.get("lesions")
    dice = 0.0 if result.failed else structure.dice if structure else None
    return Outcome(
        hospital=hospital,
        case=case,
        failed=result.failed,
        flagged=flagged,
        likelihood=likelihood,
        likelihood_source=result.likelihood_source,
        size_mm=max((lesion.diameter_mm for lesion in reference), default=None),
        lesions=lesions,
        dice=dice if reference else None,
        findings=() if result.failed else result.findings,
    )


def _faults(hospital: str, results: Iterable[CaseResult]) -> list[FaultLine]:
    results = list(results)
    faults = []
    cases = Counter(result.case.case for result in results)
    for case, times in cases.items():
        if times > 1:
            faults.append(FaultLine(what=f"the case appears {times} times", where=f"{hospital}, case {case}"))
    index = Counter({result.case.patient: 0 for result in results})
    index.update(result.case.patient for result in results if result.case.index_scan)
    truths: dict[str, bool] = {}
    for result in results:
        where = f"{hospital}, case {result.case.case}"
        if not result.failed and (result.likelihood is None or not 0 <= result.likelihood <= 1):
            faults.append(FaultLine(what="a scored case has no likelihood between 0 and 1", where=where))
        if truths.setdefault(result.case.patient, result.case.cancer) != result.case.cancer:
            faults.append(FaultLine(what=f"patient {result.case.patient} is both with and without cancer", where=where))
    faults += [
        FaultLine(
            what=f"the patient has {scans or 'no'} index scan{'s' if scans else ''}",
            where=f"{hospital}, patient {patient}",
            why="one scan a patient counts in sensitivity and specificity",
        )
        for patient, scans in index.items()
        if scans != 1
    ]
    return faults


def answers(results: Sequence[Results], *, threshold: float) -> dict[str, HospitalOutcomes]:
    """What one submission answered, by hospital.

    Parameters
    ----------
    results : sequence of Results
        One submission's results, in one file or several; hospitals may have several cohorts.
    threshold : float
        The operating point: a scan is flagged where its likelihood is above it.

    Returns
    -------
    dict of str to HospitalOutcomes
        In the order of the files.

    Raises
    ------
    TableRefused
        A case twice, a patient without exactly one index scan or with two truths, a scored case without a likelihood.

    References
    ----------
    Failures count as errors (intention to diagnose): Schuetz GM et al. BMJ 2012;345:e6717.
    """
    cases: dict[str, list[CaseResult]] = {}
    for result in results:
        for cohort in result.cohorts:
            cases.setdefault(cohort.hospital, []).extend(cohort.cases)
    faults = [fault for hospital, found in cases.items() for fault in _faults(hospital, found)]
    if faults:
        model = results[0].submission.model
        raise TableRefused(
            f"The results of {model} cannot be counted: {len(faults)} faults.",
            faults=faults,
            next_step="Run the submission again on a checked cohort (python -m evaluator cohort check).",
        )
    return {
        hospital: HospitalOutcomes(
            hospital=hospital,
            outcomes=tuple(_outcome(hospital, case, threshold) for case in found if not _unanswered(case)),
            unanswered=tuple(case.case for case in found if _unanswered(case)),
            failures=dict(Counter(str(case.failure) for case in found if case.failure is not None)),
        )
        for hospital, found in cases.items()
    }


def _unanswered(result: CaseResult) -> bool:
    return result.failure is not None and result.failure.fault is not Fault.SUBMISSION
