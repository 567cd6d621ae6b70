"""What a ranking says, as frozen records; a number or None, names as the input has them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from evaluator.errors import FaultLine
from evaluator.ranking.attribute_records import AttributeResult

SCHEMA = "evaluator-ranking/1"


@dataclass(frozen=True, kw_only=True)
class HospitalScore:
    """θ of one model at one hospital with its 95 % interval."""

    value: float
    low: float
    high: float
    cases: int
    patients: int
    method: str


@dataclass(frozen=True, kw_only=True)
class WorstHospital:
    hospital: str
    value: float


@dataclass(frozen=True, kw_only=True)
class RankedModel:
    """``score`` is the mean over hospitals, each one vote; ``rank_set`` holds the true rank with the others at 95 %."""

    model: str
    score: float
    score_by_patients: float  # every patient one vote
    rank: int  # 1 + how many score higher; show it only where both ends of the rank set are it
    rank_set: tuple[int, int]
    hospitals: dict[str, HospitalScore]
    worst_hospital: WorstHospital
    spread: float  # best hospital minus worst
    # Means over hospitals, each one vote, where θ is made of them: θ at any other weight w is Se − w(1 − Sp).
    sensitivity: float | None = None
    specificity: float | None = None
    # 95 % limits at these hospitals; None in rankings of before.
    score_by_patients_limits: tuple[float, float] | None = None
    sensitivity_limits: tuple[float, float] | None = None
    specificity_limits: tuple[float, float] | None = None

    def net_score(self, *, prevalence: float, odds: float) -> float | None:
        """`net_score` over the panel; None where it is ranked by something else."""
        if self.sensitivity is None or self.specificity is None:
            return None
        return net_score(self.sensitivity, self.specificity, prevalence=prevalence, odds=odds)


def net_weight(*, prevalence: float, odds: float) -> float:
    """What a point of specificity is worth beside one of sensitivity, by net benefit; ``odds`` = t/(1 − t)."""
    return (1 - prevalence) / prevalence * odds


def net_score(sensitivity: float, specificity: float, *, prevalence: float, odds: float) -> float:
    """θ at the weight of net benefit, where a false alarm costs ``odds`` = t/(1 − t) of a cancer found."""
    return sensitivity - net_weight(prevalence=prevalence, odds=odds) * (1 - specificity)


def net_limits(
    rates: tuple[float, float],
    sensitivity_limits: tuple[float, float],
    specificity_limits: tuple[float, float],
    *,
    prevalence: float,
    odds: float,
) -> tuple[float, float]:
    """95 % limits of `net_score` from those of sensitivity and specificity, ``rates`` (Zou & Donner 2008, MOVER)."""
    weight = net_weight(prevalence=prevalence, odds=odds)
    value = net_score(*rates, prevalence=prevalence, odds=odds)
    below, above = (
        math.hypot(one - rates[0], weight * (other - rates[1]))
        for one, other in zip(sensitivity_limits, specificity_limits, strict=True)
    )
    return value - below, value + above


@dataclass(frozen=True, kw_only=True)
class Pair:
    """``a`` minus ``b`` on this panel: simultaneous limits, pointwise and max-T adjusted p."""

    a: str
    b: str
    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float


@dataclass(frozen=True, kw_only=True)
class Concordance:
    """Kendall's τ-b of the models' order at two hospitals; None where one hospital tells no models apart."""

    a: str
    b: str
    tau: float | None


@dataclass(frozen=True, kw_only=True)
class KendallTau:
    pairs: tuple[Concordance, ...]
    mean: float | None


@dataclass(frozen=True, kw_only=True)
class NewHospitalPair:
    """``a`` minus ``b`` at hospitals in general; the prediction is for one hospital more."""

    a: str
    b: str
    mean: float
    low: float | None
    high: float | None
    p: float | None
    p_adjusted: float | None
    prediction_low: float | None
    prediction_high: float | None
    method: str


@dataclass(frozen=True, kw_only=True)
class NewHospital:
    verdict: str  # "estimated" or "not estimable"
    why: str
    pairs: tuple[NewHospitalPair, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Unranked:
    """``gap``: how much better a model does at the panel hospitals it was trained on than at the others."""

    model: str
    reason: str
    gap: float | None = None


@dataclass(frozen=True, kw_only=True)
class OffPanel:
    """``fewest``: how many positive, and as many negative, patients it takes."""

    hospital: str
    reason: str
    fewest: int


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Models in display order. ``refused`` is what was dirty; nothing of it was ranked."""

    schema: str
    models: tuple[RankedModel, ...]
    pairs: tuple[Pair, ...]
    kendall_tau: KendallTau
    leave_one_hospital_out: dict[str, dict[str, int]]  # the ranks without the hospital
    new_hospital: NewHospital
    unranked: tuple[Unranked, ...]
    off_panel: tuple[OffPanel, ...]
    refused: tuple[FaultLine, ...]
    notes: tuple[str, ...]
    statistic: str
    replicates: int
    seed: int
    critical: float | None  # simultaneous 95 % quantile that a difference over its standard error must exceed
    attributes: dict[str, AttributeResult] = field(default_factory=dict)  # does the order hold in their groups?
