"""Two submissions on the same patients: pair their answers, then compare sensitivity, specificity and AUC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import FaultLine, TableRefused
from evaluator.results import Results
from evaluator.statistics.compare import PairedDifference, compare_paired, holm
from evaluator.statistics.compare_scans import Scans, ScansComparison, compare_scans
from evaluator.statistics.outcomes import HospitalOutcomes, Outcome, answers
from evaluator.statistics.roc import AreaDifference, compare_auc

METHOD = "versus/1"
NAMED_AT_MOST = 20
NO_LIKELIHOOD = "not available: a submission gives a mask and no likelihood"
Place = tuple[str, str]  # hospital, case


@dataclass(frozen=True, kw_only=True)
class AdjustedDifference(PairedDifference):
    """``p_adjusted``: Holm over the two truths."""

    p_adjusted: float | None


@dataclass(frozen=True, kw_only=True)
class Versus:
    """The first submission minus the second, each at its own operating point, on the index scans both answered.

    ``left_out``: index scans that the platform or a hospital failed on for either. ``all_scans`` where asked for.
    """

    a: str
    b: str
    sensitivity: AdjustedDifference
    specificity: AdjustedDifference
    auc: AreaDifference
    left_out: int
    all_scans: ScansComparison | None
    seed: int | None
    method: str = METHOD

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        parts = [
            f"Sensitivity, {self.a} − {self.b}: {self.sensitivity.sentence}",
            f"Specificity: {self.specificity.sentence}",
            self.auc.sentence,
        ]
        if self.left_out:
            parts.append(f"{self.left_out} patients are left out: the platform or a hospital failed on them.")
        return " ".join(parts)


def compare_results(
    first: Results, second: Results, *, replicates: int | None = None, seed: int | None = None
) -> Versus:
    """Compare two results files.

    Parameters
    ----------
    first, second : Results
        Of two submissions that ran on the same cases.
    replicates, seed : int, optional
        Where given, all scans are compared too, by drawing patients; 2,000 at least.

    Returns
    -------
    Versus
        A kind of patient that is not there gives None.

    Raises
    ------
    TableRefused
        Cases, patients or truths of the two differ, or one file cannot be counted.
    UsageError
        Too few replicates.

    References
    ----------
    `evaluator.statistics.compare`, `roc`, `compare_scans`.
    """
    read = [answers([one], threshold=one.submission.threshold) for one in (first, second)]
    pairs, lost = _pair(*read)
    index = [pair for pair in pairs if pair[0].case.index_scan]
    cancer = np.array([one.case.cancer for one, _ in index], dtype=bool)
    right = np.array([[one.correct, two.correct] for one, two in index], dtype=bool).reshape(-1, 2)
    found = [compare_paired(right[kind, 0], right[kind, 1]) for kind in (cancer, ~cancer)]
    tested = [one.p for one in found if one.p is not None]
    adjusted = iter(holm(tested).tolist())
    sensitivity, specificity = (
        AdjustedDifference(**vars(one), p_adjusted=None if one.p is None else next(adjusted)) for one in found
    )
    return Versus(
        a=first.submission.model,
        b=second.submission.model,
        sensitivity=sensitivity,
        specificity=specificity,
        auc=_areas(index, cancer),
        left_out=lost,
        all_scans=None if replicates is None else _all_scans(pairs, replicates=replicates, seed=seed or 0),
        seed=seed,
    )


def _areas(index: Sequence[tuple[Outcome, Outcome]], cancer: NDArray[np.bool_]) -> AreaDifference:
    likelihoods = np.array([[one.likelihood, two.likelihood] for one, two in index], dtype=float).reshape(-1, 2)
    found = compare_auc(likelihoods[:, 0], likelihoods[:, 1], cancer)
    if _bare(index):
        return replace(found, difference=None, low=None, high=None, p=None, method=NO_LIKELIHOOD)
    return found


def _bare(pairs: Sequence[tuple[Outcome, Outcome]]) -> bool:
    return any(outcome.likelihood_source == "mask" for pair in pairs for outcome in pair)


def _all_scans(pairs: Sequence[tuple[Outcome, Outcome]], *, replicates: int, seed: int) -> ScansComparison:
    first, second = (
        Scans(
            flagged=np.array([pair[which].flagged for pair in pairs], dtype=bool),
            likelihood=np.array([pair[which].likelihood for pair in pairs], dtype=float),
        )
        for which in (0, 1)
    )
    found = compare_scans(
        first,
        second,
        truth=np.array([one.case.cancer for one, _ in pairs], dtype=bool),
        patients=np.array([one.case.patient for one, _ in pairs], dtype=str),
        hospitals=np.array([one.hospital for one, _ in pairs], dtype=str),
        rng=np.random.default_rng(seed),
        replicates=replicates,
    )
    if _bare(pairs):
        nothing = replace(found.auc, difference=None, low=None, high=None, p=None, method=NO_LIKELIHOOD)
        return replace(found, auc=nothing)
    return found


def _pair(
    first: Mapping[str, HospitalOutcomes], second: Mapping[str, HospitalOutcomes]
) -> tuple[list[tuple[Outcome, Outcome]], int]:
    """Scans that both answered, and how many index scans are lost to a failure that is not a submission's."""
    answered = [
        {(one.hospital, one.case.case): one for at in read.values() for one in at.outcomes} for read in (first, second)
    ]
    unanswered = [
        {(at.hospital, one.case): one for at in read.values() for one in at.unanswered} for read in (first, second)
    ]
    records = [
        {place: one.case for place, one in known.items()} | lost
        for known, lost in zip(answered, unanswered, strict=True)
    ]
    faults = [
        FaultLine(what=f"only the {which} file has this case", where=_where(place))
        for which, ours, theirs in (("first", records[0], records[1]), ("second", records[1], records[0]))
        for place in sorted(ours.keys() - theirs.keys())[:NAMED_AT_MOST]
    ]
    faults += [
        FaultLine(what=f"the two files say different things of its {what}", where=_where(place))
        for place in sorted(records[0].keys() & records[1].keys())
        for what in ("patient", "cancer", "index_scan")
        if getattr(records[0][place], what) != getattr(records[1][place], what)
    ][:NAMED_AT_MOST]
    if faults:
        raise TableRefused(
            "The two files are not of the same patients.",
            faults=faults,
            why="Two models are compared on the same scans or not at all.",
            next_step="Run both submissions on the same versions of the same cohorts.",
        )
    lost = unanswered[0].keys() | unanswered[1].keys()
    pairs = [(one, answered[1][place]) for place, one in answered[0].items() if place not in lost]
    return pairs, sum(records[0][place].index_scan for place in lost)


def _where(place: Place) -> str:
    return f"{place[0]}, case {place[1]}"
