"""What a ranking takes of a submission's case results: who its patients are, and which of them it got right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import FaultLine, TableRefused
from evaluator.ranking.names import collisions
from evaluator.records import CaseRecord
from evaluator.results import Results
from evaluator.statistics.outcomes import HospitalOutcomes, answers, by_submission

Version = tuple[tuple[str, str, str], ...]  # a hospital's cohorts: name, version, fingerprint


@dataclass(frozen=True, kw_only=True, eq=False)
class HospitalAnswers:
    """One submission's answers at one hospital: an index scan a patient, arrays in the order of ``patients``."""

    hospital: str
    version: Version
    patients: tuple[CaseRecord, ...]  # with an answer
    correct: NDArray[np.bool_]
    likelihood: NDArray[np.float64]  # ±inf where it failed
    size_mm: NDArray[np.float64]  # of the largest lesion; NaN without a lesion reference
    failed: int = 0
    bare: bool = False  # a mask without a likelihood
    waiting: tuple[CaseRecord, ...] = ()  # have no answer yet


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """A submission as a ranking sees it, at its own threshold."""

    model: str
    hospitals: Mapping[str, HospitalAnswers]
    trained_on: tuple[str, ...] = ()
    submitted: str | None = None
    scorer: str = ""
    hit_rule: str = ""

    def index_scans(self, hospital: str) -> dict[str, CaseRecord]:
        """The hospital's patients, whether answered or not."""
        found = self.hospitals[hospital]
        return {case.patient: case for case in (*found.patients, *found.waiting)}


def entry_of(files: Sequence[Results]) -> Entry:
    """One submission's results, in one file or several, without what no ranking asks for.

    Raises
    ------
    TableRefused
        They cannot be counted (`evaluator.statistics.outcomes.answers`).
    """
    first = files[0]
    return Entry(
        model=first.submission.model,
        hospitals={
            hospital: _answers(found, version=_version(files, hospital))
            for hospital, found in answers(files, threshold=first.submission.threshold).items()
        },
        trained_on=first.submission.trained_on,
        submitted=first.submission.submitted,
        scorer=first.scorer,
        hit_rule=first.hit_rule,
    )


def _version(files: Sequence[Results], hospital: str) -> Version:
    cohorts = (cohort for one in files for cohort in one.cohorts if cohort.hospital == hospital)
    return tuple(sorted((cohort.cohort, cohort.version, cohort.fingerprint) for cohort in cohorts))


def _answers(found: HospitalOutcomes, *, version: Version) -> HospitalAnswers:
    patients = found.patients
    return HospitalAnswers(
        hospital=found.hospital,
        version=version,
        patients=tuple(outcome.case for outcome in patients),
        correct=np.array([outcome.correct for outcome in patients], dtype=bool),
        likelihood=np.array([outcome.likelihood for outcome in patients], dtype=float),
        size_mm=np.array([np.nan if one.size_mm is None else one.size_mm for one in patients], dtype=float),
        failed=sum(outcome.failed for outcome in patients),
        bare=any(outcome.likelihood_source == "mask" for outcome in patients),
        waiting=tuple(case for case in found.unanswered if case.index_scan),
    )


def entries_of(results: Sequence[Results]) -> tuple[list[Entry], list[FaultLine]]:
    """Every submission that can be counted, and what is wrong with the others.

    Raises
    ------
    TableRefused
        Files under one model name that are not of one submission.
    """
    entries, refused = [], []
    files = by_submission(results)
    twins = collisions(files)
    for model, found in files.items():
        if model in twins:
            refused.append(
                FaultLine(
                    what="model names that differ only by case or spaces",
                    where=", ".join(repr(name) for name in twins[model]),
                    why="they may be one submission under two names",
                    next="give each submission its own name",
                )
            )
            continue
        try:
            entries.append(entry_of(found))
        except TableRefused as error:
            refused.extend(
                FaultLine(what=fault.what, where=f"model {model}, {fault.where}", why=fault.why, next=error.next_step)
                for fault in error.faults
            )
    return entries, list(dict.fromkeys(refused))
