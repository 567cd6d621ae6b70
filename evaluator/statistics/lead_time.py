"""How long before diagnosis a model would have flagged the cancer, from scans that were made for other reasons."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.errors import UsageError
from evaluator.records import Rate
from evaluator.statistics.intervals import NO_PATIENTS, wilson
from evaluator.statistics.strata import LEAD_TIME_BINS
from evaluator.statistics.turnbull import turnbull_estimate

VERSION = "lead-time/2"
CAUTION = "Retrospective lead time is not survival benefit."
NOTHING = 1e-6  # a share so small is the estimator's error
HALF = 1e-3  # survival nearer to one half than this is one half: more than the estimator's own error
BLUR = 1e-9  # months: points nearer than this are one point


@dataclass(frozen=True, kw_only=True)
class PriorScan:
    """One scan of a patient with cancer, this many months before diagnosis."""

    patient: str
    months: float
    flagged: bool


@dataclass(frozen=True, kw_only=True)
class LeadInterval:
    """One patient's lead time: at least ``low`` and below ``high`` months; None where it was never seen to end."""

    patient: str
    low: float
    high: float | None

    @property
    def detected(self) -> bool:
        return self.low > 0


@dataclass(frozen=True, kw_only=True)
class Mass:
    """A piece of Turnbull's estimate: this share of patients has a lead time from ``low`` to below ``high``."""

    low: float
    high: float | None
    share: float


@dataclass(frozen=True, kw_only=True)
class Median:
    """Half of ``patients`` have at least ``low`` months: Turnbull places the median from there to below ``high``.

    Within that stretch the data do not say where. ``high`` is None where the median may be as large as one likes, and
    ``low`` too where there is nobody. All is None where it is hidden.
    """

    low: float | None
    high: float | None
    patients: int | None
    masses: tuple[Mass, ...] | None
    method: str = "turnbull"

    @property
    def text(self) -> str:
        if self.low is None:
            return self.method
        if self.high is None:
            return f"at least {self.low:.3g} months"
        return "0 months" if self.high == 0 else f"{self.low:.3g} to {self.high:.3g} months"


@dataclass(frozen=True, kw_only=True)
class LeadTime:
    """``interrupted`` patients were flagged once and missed on a later scan; the earliest flag counts."""

    detected: Rate
    among_detected: Median
    of_all: Median
    intervals: tuple[LeadInterval, ...]
    interrupted: int
    method: str = "turnbull, latest scan per patient and bin"
    version: str = VERSION

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        if not self.detected.n:
            return f"No patient has a scan from 3 to 36 months before diagnosis. {CAUTION}"
        return (
            f"Flagged before diagnosis: {self.detected.k}/{self.detected.n}. Median lead time among detected: "
            f"{self.among_detected.text}; of all: {self.of_all.text}. {CAUTION}"
        )


def latest_per_bin(scans: Iterable[PriorScan]) -> dict[str, list[PriorScan]]:
    """Of each patient the latest scan in each bin of `LEAD_TIME_BINS`, those nearest to diagnosis first.

    Raises
    ------
    UsageError
        A lead time is negative or not a number, or one patient has two answers for one moment.
    """
    chosen: dict[tuple[str, str], PriorScan] = {}
    for scan in scans:
        if not 0 <= scan.months < math.inf:
            raise UsageError(
                f"A lead time of {scan.months:g} months is impossible.",
                why="It is how long before diagnosis the scan was made.",
                next_step="Leave out scans after diagnosis and scans whose lead time is unknown.",
            )
        for months in LEAD_TIME_BINS:
            if not months.has(scan.months):
                continue
            other = chosen.setdefault((scan.patient, months.name), scan)
            if other.months == scan.months and other.flagged != scan.flagged:
                raise UsageError(
                    f"Patient {scan.patient} is both flagged and missed at {scan.months:g} months.",
                    next_step="Give one answer for each moment.",
                )
            if scan.months < other.months:
                chosen[scan.patient, months.name] = scan
    found: dict[str, list[PriorScan]] = {}
    for scan in sorted(chosen.values(), key=lambda scan: scan.months):
        found.setdefault(scan.patient, []).append(scan)
    return found


def interval_of(scans: Sequence[PriorScan]) -> LeadInterval:
    """A patient's interval, from scans of ascending months: [t, u), [t, ∞) or, never flagged, [0, latest scan's t)."""
    flagged = [index for index, scan in enumerate(scans) if scan.flagged]
    if not flagged:
        return LeadInterval(patient=scans[0].patient, low=0.0, high=scans[0].months)
    first = flagged[-1]  # the earliest in time
    high = scans[first + 1].months if first + 1 < len(scans) else None
    return LeadInterval(patient=scans[0].patient, low=scans[first].months, high=high)


def lead_time(scans: Iterable[PriorScan]) -> LeadTime:
    """Estimate how long before diagnosis the model would have flagged.

    Parameters
    ----------
    scans : iterable of PriorScan
        Scans of patients with cancer; those outside 3 to 36 months before diagnosis are left out. Names of patients
        are unique over hospitals.

    Returns
    -------
    LeadTime
        Medians among detected and of all. Of all, the median is 0 where at most half were flagged: nothing was shown
        of the patient in the middle, wherever Turnbull would put those who were never flagged before their scans.

    Raises
    ------
    UsageError
        An impossible lead time, or two answers for one moment.

    References
    ----------
    Turnbull BW. The empirical distribution function with arbitrarily grouped, censored and truncated data. J R Stat
    Soc B 1976;38:290–295.
    """
    patients = latest_per_bin(scans)
    intervals = tuple(interval_of(of_one) for of_one in patients.values())
    detected = [one for one in intervals if one.detected]
    among_detected = _median(detected)
    of_all = among_detected if len(detected) == len(intervals) else _median(intervals)
    if intervals and 2 * len(detected) <= len(intervals):
        of_all = Median(
            low=0.0,
            high=0.0,
            patients=len(intervals),
            masses=of_all.masses,
            method="at most half were flagged",
        )
    return LeadTime(
        detected=wilson(len(detected), len(intervals)),
        among_detected=among_detected,
        of_all=of_all,
        intervals=intervals,
        interrupted=sum(_interrupted(of_one) for of_one in patients.values()),
    )


def _interrupted(scans: Sequence[PriorScan]) -> bool:
    """Whether a miss lies between a flag and the diagnosis."""
    answers = [scan.flagged for scan in scans]
    return True in answers and not all(answers[: len(answers) - answers[::-1].index(True)])


def _median(intervals: Sequence[LeadInterval]) -> Median:
    masses = turnbull(intervals)
    if not masses:
        return Median(low=None, high=None, patients=0, masses=(), method=NO_PATIENTS)
    beyond = 1 - np.cumsum([mass.share for mass in masses])
    # Where exactly half lies beyond a piece, the median is anywhere from that piece to the next.
    at = int(np.argmax(beyond <= 0.5 + HALF))
    upto = int(np.argmax(beyond < 0.5 - HALF))
    return Median(low=masses[at].low, high=masses[upto].high, patients=len(intervals), masses=masses)


def turnbull(intervals: Sequence[LeadInterval]) -> tuple[Mass, ...]:
    """Turnbull's estimate of the distribution of lead times, pieces without mass left out.

    Parameters
    ----------
    intervals : sequence of LeadInterval
        Each from ``low`` on and before ``high``.

    Returns
    -------
    tuple of Mass
        Ascending; shares add up to 1. Empty without a patient.
    """
    if not intervals:
        return ()
    # The estimator takes closed intervals: an end that is not included moves below every start at the same month.
    starts = [round(one.low / BLUR) for one in intervals]
    ends = [None if one.high is None else round(one.high / BLUR) for one in intervals]
    points = sorted({*starts, *(end for end in ends if end is not None)})
    place = {point: 2.0 * index for index, point in enumerate(points)}
    left = np.array([place[start] for start in starts])
    right = np.array([math.inf if end is None else place[end] - 1 for end in ends])
    known = [*(one.low for one in intervals), *(one.high for one in intervals if one.high is not None)]
    months = {place[round(value / BLUR)]: value for value in known}
    found = []
    for low, high, share in zip(*(part.tolist() for part in turnbull_estimate(left, right)), strict=True):
        found.append(Mass(low=months[low], high=None if math.isinf(high) else months[high + 1], share=share))
    return tuple(mass for mass in found if mass.share > NOTHING)
