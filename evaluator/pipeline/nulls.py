"""Submissions that have learnt nothing, computed on the cohort itself: what a real one must beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from evaluator.cohort import Cohort, CohortCase
from evaluator.errors import HospitalFault, VolumeRefused
from evaluator.pipeline.case_results import read_references
from evaluator.records import CaseResult, CohortResult, Grid, Prediction, SubmissionRecord, Volume
from evaluator.results import SCHEMA, Results
from evaluator.scoring import DEFAULT_HIT_RULE, SCORER, score_case
from evaluator.volumes import read_volume

VERSION = "null/1"


class Null(StrEnum):
    """What it says of every scan. The first three say the same of each; ``random`` draws, whatever the scan."""

    ALL_NEGATIVE = "all-negative"
    ALL_POSITIVE = "all-positive"
    WHOLE_ORGAN = "whole-organ"  # flags everybody and marks the organ
    RANDOM = "random"


@dataclass(frozen=True, kw_only=True)
class _Case:
    case: CohortCase
    reference: Volume
    organs: Volume | None


def null_results(cohort: Cohort, *, organ: str, progress: Callable[[], object] | None = None) -> dict[Null, Results]:
    """Score every null submission on a cohort, as any submission is scored.

    Parameters
    ----------
    cohort : Cohort
        Read and verified by whoever calls.
    organ : str
        Whose mask ``whole-organ`` marks: the labels that are called so, or so and something after an underscore.
    progress : callable, optional
        Called when a case is done.

    Returns
    -------
    dict of Null to Results
        Without ``whole-organ`` where the cohort names no such organ. A scan without a mask of it is flagged, and
        nothing is marked there.

    Raises
    ------
    HospitalFault
        A reference cannot be read.
    """
    started = _now()
    labels = [number for number, name in cohort.organ_names.items() if name == organ or name.startswith(f"{organ}_")]
    kinds = [kind for kind in Null if labels or kind is not Null.WHOLE_ORGAN]
    # Of the patients nothing decides but their number: the same cohort has the same draws everywhere.
    draws = np.random.default_rng(int(cohort.fingerprint.rpartition(":")[2][:16], 16)).random(len(cohort.cases))
    cases: dict[Null, list[CaseResult]] = {kind: [] for kind in kinds}
    for case, draw in zip(cohort.cases, draws.tolist(), strict=True):
        read = _read(case)
        for kind in kinds:
            cases[kind].append(_scored(read, _prediction(kind, read, labels=labels, draw=draw), cohort))
        if progress:
            progress()
    return {kind: _as_results(kind, cohort, tuple(found), started) for kind, found in cases.items()}


def _read(case: CohortCase) -> _Case:
    reference, organs = read_references(case)
    if organs is None and case.organs is not None:  # drawn for a patient without a lesion mask too
        try:
            organs = read_volume(case.organs, expect=reference.grid)
        except VolumeRefused as error:
            raise HospitalFault(
                f"The organs of case {case.record.case} cannot be read.",
                why=error.what,
                next_step="Run `cohort check` on the hospital's folder.",
            ) from error
    return _Case(case=case, reference=reference, organs=organs)


def _prediction(kind: Null, read: _Case, *, labels: list[int], draw: float) -> Prediction:
    grid = read.reference.grid
    nothing = np.zeros(grid.shape, dtype=np.uint8, order="F")
    if kind is Null.WHOLE_ORGAN and read.organs is not None:
        return _says(np.isin(read.organs.data, labels).astype(np.uint8), grid, 1.0)
    likelihood = draw if kind is Null.RANDOM else 0.0 if kind is Null.ALL_NEGATIVE else 1.0
    return _says(nothing, grid, likelihood)


def _says(mask: NDArray[np.uint8], grid: Grid, likelihood: float) -> Prediction:
    return Prediction(lesions=Volume(mask, grid), likelihood=likelihood)


def _scored(read: _Case, prediction: Prediction, cohort: Cohort) -> CaseResult:
    score = score_case(read.reference, prediction, organs=read.organs, organ_names=cohort.organ_names)
    return CaseResult(
        case=read.case.record,
        lesions=score.lesions,
        findings=score.findings,
        structures=score.structures,
        likelihood=score.likelihood,
        likelihood_source=score.likelihood_source,
    )


def _as_results(kind: Null, cohort: Cohort, cases: tuple[CaseResult, ...], started: str) -> Results:
    return Results(
        schema=SCHEMA,
        scorer=SCORER,
        hit_rule=DEFAULT_HIT_RULE,
        submission=SubmissionRecord(model=kind.value, image=VERSION, threshold=0.5),
        cohorts=(
            CohortResult(
                hospital=cohort.hospital,
                cohort=cohort.name,
                version=cohort.version,
                fingerprint=cohort.fingerprint,
                cases=cases,
                started=started,
                finished=_now(),
            ),
        ),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
