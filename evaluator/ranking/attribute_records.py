"""What a ranking says of one attribute, as frozen records: whether the order holds in its groups."""

from __future__ import annotations

from dataclasses import dataclass, field

CHANGES, NO_CHANGE = "changes", "no change detected"
TOO_FEW, NOT_SEPARABLE = "too few", "not separable"


@dataclass(frozen=True, kw_only=True)
class GroupOrder:
    """Kendall's τ-b of a group against the rest, beside random groups of the same make-up; None where it is undefined.

    ``tau_p`` is the share of random groups that agree with their rest as little or less.
    """

    group: str
    patients: dict[str, int | None]  # by what is counted: positive and negative, or patients; None where hidden
    tau: float | None
    tau_null: float | None  # median of the random groups, with their 2.5 % and 97.5 % quantiles
    tau_null_low: float | None
    tau_null_high: float | None
    tau_p: float | None


@dataclass(frozen=True, kw_only=True)
class Reversal:
    """``a`` is better than ``b`` in one group and worse in another, both beyond doubt; differences are a − b."""

    a: str
    b: str
    better_in: str
    difference: float
    low: float
    high: float
    worse_in: str
    difference_there: float
    low_there: float
    high_there: float


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One model's sensitivity, specificity or mean value in a group minus in the rest, with its 95 % interval."""

    model: str
    group: str
    measure: str
    difference: float
    low: float
    high: float
    method: str = "wilson for 0/1, t otherwise; patients as clusters, joined by mover"


@dataclass(frozen=True, kw_only=True)
class AttributeResult:
    """``tau`` and ``tau_null`` are of the group that agrees least, against what chance gives.

    ``why`` says in a sentence what the verdict rests on. Groups that are too small are named, never counted.
    """

    verdict: str
    why: str
    p: float | None = None
    p_adjusted: float | None = None
    tau: float | None = None
    tau_null: float | None = None
    reversals: tuple[Reversal, ...] = ()
    groups: tuple[GroupOrder, ...] = ()
    gaps: tuple[Gap, ...] = ()
    too_few: tuple[str, ...] = ()
    statistic: float | None = None  # Q
    critical: float | None = None  # simultaneous 95 % quantile over pairs × groups
    uncounted: dict[str, int | None] = field(default_factory=dict)  # patients in no group; None where hidden
