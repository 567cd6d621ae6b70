"""How others rank: the methods of challengeR, for comparison with the transfer ranking and never instead of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from scipy.stats import rankdata, wilcoxon

from evaluator.errors import FaultLine, UsageError
from evaluator.ranking.admission import Admission, untrained
from evaluator.ranking.panel import Floats, Panel, ranks
from evaluator.ranking.records import SCHEMA, Unranked
from evaluator.ranking.tau import tau_b
from evaluator.statistics.compare import holm

TRANSFER = "transfer"
METHODS = (TRANSFER, "mean", "median", "rank-then-mean", "rank-then-median", "test", "test-holm")
ALPHA = 0.05
_DIGITS = 12  # means of ranks that differ by rounding are one
_SAYS = {
    "mean": "mean over patients, whatever their hospital",
    "median": "median over patients, whatever their hospital",
    "rank-then-mean": "mean over patients of the rank among the models, equals sharing the better rank",
    "rank-then-median": "median over patients of the rank among the models, equals sharing the better rank",
    "test": "share of the other models beaten in a one-sided Wilcoxon test at 5 %, unadjusted",
    "test-holm": "share of the other models beaten in a one-sided Wilcoxon test at 5 %, adjusted by Holm",
}


@dataclass(frozen=True, kw_only=True)
class MethodRank:
    """``transfer_rank`` is the rank of the transfer ranking's score, beside it."""

    model: str
    score: float
    rank: int
    transfer_rank: int


@dataclass(frozen=True, kw_only=True)
class MethodPair:
    """One-sided Wilcoxon p that ``a`` is better than ``b``; 1 where no patient tells them apart."""

    a: str
    b: str
    p: float
    p_adjusted: float


@dataclass(frozen=True, kw_only=True)
class MethodRanking:
    """Models in the order of a method that treats all patients alike; it carries no rank sets, and that is its fault.

    ``kendall_tau`` is τ-b with the transfer ranking.
    """

    schema: str
    method: str
    models: tuple[MethodRank, ...]
    pairs: tuple[MethodPair, ...]  # of the tests only
    kendall_tau: float | None
    unranked: tuple[Unranked, ...]
    refused: tuple[FaultLine, ...]
    notes: tuple[str, ...]
    statistic: str


def rank_by_method(admission: Admission, *, method: str, lower_is_better: bool = False) -> MethodRanking:
    """Rank by one of challengeR's methods, a patient as a case and all hospitals thrown together.

    Parameters
    ----------
    admission : Admission
        Models trained on a hospital of the panel are left out, as in the transfer ranking.
    method : str
        One of `METHODS` but "transfer". For right and wrong answers the value of a patient is 1 or 0.
    lower_is_better : bool
        Whether the panel holds negatives; means and medians are then told in the table's own units.

    Returns
    -------
    MethodRanking
        Equals share the better rank.

    Raises
    ------
    UsageError
        There is no such method.

    References
    ----------
    Wiesenfarth M et al. Methods and open-source toolkit for analyzing and visualizing challenge results. Sci Rep
    2021;11:2369.
    """
    if method not in _SAYS:
        raise UsageError(f"There is no method {method!r}.", next_step=f"Choose one of {', '.join(METHODS)}.")
    panel = admission.panel.only(untrained(admission)).in_order()
    pairs: tuple[MethodPair, ...] = ()
    models: list[MethodRank] = []
    tau = None
    if panel.models and panel.cells:
        if method in {"test", "test-holm"}:
            pairs = wilcoxon_pairs(panel, adjust=method == "test-holm")
        score, goodness = _scores(panel, method, pairs)
        position, transfer = ranks(goodness), panel.scores().mean(axis=0)
        beside = ranks(transfer)
        if lower_is_better and method in {"mean", "median"}:
            score = 0.0 - score
        order = sorted(range(len(panel.models)), key=lambda m: (position[m], panel.models[m]))
        models = [
            MethodRank(
                model=panel.models[m], score=float(score[m]), rank=int(position[m]), transfer_rank=int(beside[m])
            )
            for m in order
        ]
        found = float(tau_b(goodness, transfer))
        tau = found if np.isfinite(found) else None
    return MethodRanking(
        schema=SCHEMA,
        method=method,
        models=tuple(models),
        pairs=pairs,
        kendall_tau=tau,
        unranked=(
            *admission.unranked,
            *(
                Unranked(model=model, reason="was trained on data of the panel")
                for model in admission.panel.models
                if model not in panel.models
            ),
        ),
        refused=admission.refused,
        notes=(*admission.notes, *_sentences(panel)),
        statistic=_SAYS[method],
    )


def _sentences(panel: Panel) -> list[str]:
    notes = ["For comparison only: all patients count alike, whatever their hospital, and no rank has an interval."]
    if not (panel.models and panel.cells):
        notes.append("No model can be ranked; the reasons are listed.")
    elif len(panel.models) == 1:
        notes.append("Only one model can be ranked, so there is nothing to compare it with.")
    return notes


def values(panel: Panel) -> Floats:
    """Every patient's value of every model, (patients, models)."""
    return np.concatenate([cell.answers for cell in panel.cells])


def _scores(panel: Panel, method: str, pairs: tuple[MethodPair, ...]) -> tuple[Floats, Floats]:
    """The method's score, and a number that is high for good models."""
    answers = values(panel)
    if method in {"mean", "median"}:
        score = answers.mean(axis=0) if method == "mean" else np.median(answers, axis=0)
        return score, score
    if method in {"rank-then-mean", "rank-then-median"}:
        places = rankdata(-answers, method="min", axis=1)
        score = places.mean(axis=0) if method == "rank-then-mean" else np.median(places, axis=0)
        return score, -score.round(_DIGITS)
    others = max(1, len(panel.models) - 1)
    won = {pair.a: 0 for pair in pairs} | dict.fromkeys(panel.models, 0)
    for pair in pairs:
        won[pair.a] += pair.p_adjusted <= ALPHA
    score = np.array([won[model] / others for model in panel.models])
    return score, score


def wilcoxon_pairs(panel: Panel, *, adjust: bool) -> tuple[MethodPair, ...]:
    """One-sided paired Wilcoxon test of every ordered pair: ties dropped, normal with continuity, as challengeR has it.

    Pairs that no patient tells apart are no test and are left out of Holm's family, as R's `p.adjust` does.
    """
    answers = values(panel)
    ordered = list(permutations(range(len(panel.models)), 2))
    p = [_one_sided(answers[:, a] - answers[:, b]) for a, b in ordered]
    tested = [value for value in p if value is not None]
    adjusted = iter(holm(tested).tolist() if adjust else tested)
    return tuple(
        MethodPair(
            a=panel.models[a],
            b=panel.models[b],
            p=1.0 if value is None else value,
            p_adjusted=1.0 if value is None else float(next(adjusted)),
        )
        for (a, b), value in zip(ordered, p, strict=True)
    )


def _one_sided(apart: Floats) -> float | None:
    if not apart.any():
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few patients: the normal approximation is the method's own
        found = wilcoxon(apart, zero_method="wilcox", correction=True, alternative="greater", method="approx")
    return float(found.pvalue)
