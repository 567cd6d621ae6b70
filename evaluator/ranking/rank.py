"""From an admitted panel to a ranking."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from evaluator.errors import UsageError
from evaluator.ranking.admission import (
    DEFAULT_PANEL_MINIMUM,
    YOUDEN,
    Admission,
    admit_results,
    trained_here,
    untrained,
)
from evaluator.ranking.attributes import examined
from evaluator.ranking.hospitals import (
    hospital_scores,
    kendall,
    leave_one_out,
    new_hospital,
    pooled_limits,
    rate_limits,
    reaches,
)
from evaluator.ranking.panel import Floats, Panel, ranks
from evaluator.ranking.product import Product, on_processor
from evaluator.ranking.records import (
    SCHEMA,
    KendallTau,
    Pair,
    RankedModel,
    Ranking,
    Unranked,
    WorstHospital,
)
from evaluator.ranking.robustness import robustness
from evaluator.ranking.significance import Significance, compare_all
from evaluator.ranking.table import admit_table
from evaluator.ranking.units import lower_first
from evaluator.results import Results

DEFAULT_REPLICATES = 2000


def rank_table(
    table: pd.DataFrame,
    *,
    value: str = "value",
    by: Sequence[str] | None = None,
    lower_is_better: bool = False,
    replicates: int = DEFAULT_REPLICATES,
    seed: int = 1,
    notes: Sequence[str] = (),
) -> Ranking:
    """Rank the models of a long table by the mean over hospitals of their mean over patients.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns model, hospital, case, patient, the value's; optionally truth (stratifies the draws; with
        ``value="correct"`` θ = Se − (1 − Sp)) and trained_on (hospitals, ``;`` between), and the attributes.
    value : str
        The value's column.
    by : sequence of str, optional
        The attributes to examine: columns, "hospital", "sex × race"; None takes all that are known by name.
    lower_is_better : bool
        Whether a low value is a good one; the ranking then speaks of the values as they are, best first.
    replicates : int
        Bootstrap replicates.
    seed : int
        Of the draws; stored with the ranking.
    notes : sequence of str
        What reading the table brought up.

    Returns
    -------
    Ranking
        Models with faults are named in ``refused`` and are not ranked.

    Raises
    ------
    TableRefused
        Faults that leave nothing to rank by.
    UsageError
        Too few replicates, an attribute that the table does not have.

    References
    ----------
    `evaluator.ranking.significance.compare_all`.
    """
    admission = admit_table(table, value=value, by=by, lower_is_better=lower_is_better, notes=notes)
    return rank_admitted(admission, by=by, lower_is_better=lower_is_better, replicates=replicates, seed=seed)


def rank_results(
    results: Sequence[Results],
    *,
    panel_minimum: int = DEFAULT_PANEL_MINIMUM,
    weight: float = 1.0,
    by: Sequence[str] | None = None,
    replicates: int = DEFAULT_REPLICATES,
    seed: int = 1,
    statistic: str = YOUDEN,
) -> Ranking:
    """Rank submissions by θ = Se − w(1 − Sp) over the panel's hospitals, each submission at its own threshold.

    Parameters
    ----------
    results : sequence of Results
        Of any number of submissions.
    panel_minimum : int
        Positive patients, and as many negative, that a hospital needs to be on the panel (2 at least).
    weight : float
        w; 1 is Youden's index, [(1 − p)/p]·[t/(1 − t)] net benefit.
    by : sequence of str, optional
        As for `rank_table`: scanner, phase, sex, age, race, "sex × race", hospital.
    replicates, seed : int
        As for `rank_table`.
    statistic : str
        "youden", θ as above, or "auc", the area under the ROC curve at each hospital, which no threshold moves.

    Returns
    -------
    Ranking
        Submissions that may not or cannot be ranked are in ``unranked`` with the reason, dirty ones in ``refused``.

    Raises
    ------
    TableRefused
        Files under one model name that are not of one submission.
    UsageError
        Too few replicates, a weight that is not positive.

    References
    ----------
    `evaluator.ranking.significance.compare_all`.
    """
    if not (math.isfinite(weight) and weight > 0):
        raise UsageError(f"A weight of {weight:g} is impossible.", why="It says what a false alarm costs: above 0.")
    admission = admit_results(results, panel_minimum=panel_minimum, weight=weight, statistic=statistic)
    return rank_admitted(admission, by=by, replicates=replicates, seed=seed)


@dataclass(frozen=True, kw_only=True)
class _Standing:
    models: tuple[RankedModel, ...] = ()
    pairs: tuple[Pair, ...] = ()
    critical: float | None = None


def rank_admitted(
    admission: Admission,
    *,
    by: Sequence[str] | None = None,
    lower_is_better: bool = False,
    replicates: int,
    seed: int,
    product: Product = on_processor,
) -> Ranking:
    """Rank those who were trained on no hospital of the panel; the others are listed with their gap.

    The patients' names and order do not matter: the same answers give the same ranking.
    """
    panel = admission.panel.only(untrained(admission)).in_order()
    usable = bool(panel.models and panel.hospitals)
    standing = _Standing()
    if usable:
        rng = np.random.default_rng(seed)
        significance = compare_all(panel, replicates=replicates, rng=rng, product=product)
        standing = _stand(panel, significance, submitted=admission.submitted)
    ranking = Ranking(
        schema=SCHEMA,
        models=standing.models,
        pairs=standing.pairs,
        kendall_tau=kendall(panel) if usable else KendallTau(pairs=(), mean=None),
        leave_one_hospital_out=leave_one_out(panel) if usable else {},
        new_hospital=new_hospital(panel),
        unranked=(*admission.unranked, *_trained(admission)),
        off_panel=admission.off_panel,
        refused=admission.refused,
        notes=(*admission.notes, *_sentences(panel)),
        statistic=panel.statistic,
        replicates=replicates,
        seed=seed,
        critical=standing.critical,
        attributes=robustness(panel, examined(panel.groups, by), replicates=replicates, seed=seed) if usable else {},
    )
    return lower_first(ranking) if lower_is_better else ranking


def _stand(panel: Panel, significance: Significance, *, submitted: Mapping[str, str | None]) -> _Standing:
    """Models in display order: rank, then the worst hospital, then the time of submission."""
    theta = panel.scores()
    score, pooled = theta.mean(axis=0), panel.scores_by_patients()
    right = panel.mean_rates()
    position, worst = ranks(score), theta.argmin(axis=0)
    lowest, highest = theta.min(axis=0), theta.max(axis=0)
    order = sorted(
        range(len(panel.models)),
        key=lambda m: (position[m], -lowest[m], submitted.get(panel.models[m]) or "", panel.models[m]),
    )
    reach = reaches(panel)
    at = {hospital: hospital_scores(panel, hospital, reach) for hospital in panel.hospitals}
    by_patients, of_rates = pooled_limits(panel, reach), rate_limits(panel, reach)
    models = tuple(
        RankedModel(
            model=panel.models[m],
            score=float(score[m]),
            score_by_patients=float(pooled[m]),
            rank=int(position[m]),
            rank_set=(int(significance.lowest[m]), int(significance.highest[m])),
            hospitals={hospital: found[m] for hospital, found in at.items()},
            worst_hospital=WorstHospital(hospital=panel.hospitals[worst[m]], value=float(lowest[m])),
            spread=float(highest[m] - lowest[m]),
            sensitivity=None if right is None else float(right[0, m]),
            specificity=None if right is None else float(right[1, m]),
            score_by_patients_limits=_both(by_patients[:, m]),
            sensitivity_limits=None if of_rates is None else _both(of_rates[0, :, m]),
            specificity_limits=None if of_rates is None else _both(of_rates[1, :, m]),
        )
        for m in order
    )
    pairs = tuple(
        Pair(
            a=panel.models[a],
            b=panel.models[b],
            difference=float(significance.difference[a, b]),
            low=float(significance.low[a, b]),
            high=float(significance.high[a, b]),
            p=float(significance.p[a, b]),
            p_adjusted=float(significance.p_adjusted[a, b]),
        )
        for a, b in combinations(order, 2)
    )
    return _Standing(models=models, pairs=pairs, critical=significance.critical)


def _both(limits: Floats) -> tuple[float, float]:
    return float(limits[0]), float(limits[1])


def _trained(admission: Admission) -> list[Unranked]:
    theta = admission.panel.scores()
    unranked = []
    for column, model in enumerate(admission.panel.models):
        known = trained_here(admission, model)
        if known:
            own = np.array([hospital in known for hospital in admission.panel.hospitals])
            values = theta[:, column]
            gap = float(values[own].mean() - values[~own].mean()) if not own.all() else None
            unranked.append(Unranked(model=model, reason=f"was trained on data of {', '.join(known)}", gap=gap))
    return unranked


def _sentences(panel: Panel) -> list[str]:
    """What a reader must know where there is little to rank."""
    notes = []
    if not panel.hospitals:
        notes.append("No hospital has enough patients to be on the panel, so nothing is ranked.")
    if not panel.models:
        notes.append("No model can be ranked; the reasons are listed.")
    if len(panel.models) == 1:
        notes.append("Only one model can be ranked, so there is nothing to compare it with.")
    if len(panel.hospitals) == 1:
        notes.append("Only one hospital is on the panel, so this says nothing of transfer to others.")
    return notes
