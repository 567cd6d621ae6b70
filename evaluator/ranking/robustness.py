"""Does the ranking hold? Each attribute's verdict, with Holm's adjustment over all that could be tested."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from evaluator.ranking.attribute_records import (
    CHANGES,
    NO_CHANGE,
    NOT_SEPARABLE,
    TOO_FEW,
    AttributeResult,
    GroupOrder,
)
from evaluator.ranking.attributes import HOSPITAL
from evaluator.ranking.gaps import gaps
from evaluator.ranking.interaction import Interaction, interact
from evaluator.ranking.panel import Floats, Panel
from evaluator.ranking.reversals import reversals
from evaluator.ranking.strata import FEWEST_IN_GROUP, Strata, strata_of
from evaluator.statistics.compare import holm
from evaluator.statistics.intervals import p_text

ALPHA = 0.05


def robustness(panel: Panel, attributes: Iterable[str], *, replicates: int, seed: int) -> dict[str, AttributeResult]:
    """Examine the ranking by each attribute.

    Parameters
    ----------
    panel : Panel
        The ranked models.
    attributes : iterable of str
        "hospital" or keys of ``panel.groups``.
    replicates : int
        Of the permutations and of the bootstrap.
    seed : int
        An attribute's draws depend on it and on the attribute's name, on no other attribute.

    Returns
    -------
    dict of str to AttributeResult
        In the order asked for.

    References
    ----------
    `evaluator.ranking.interaction.interact`, `reversals.reversals`, `gaps.gaps`; Holm S. Scand J Stat 1979;6:65–70.
    """
    return adjusted(
        {
            attribute: examine(panel, attribute, replicates=replicates, rng=attribute_rng(seed, attribute))
            for attribute in attributes
        }
    )


def adjusted(results: Mapping[str, AttributeResult]) -> dict[str, AttributeResult]:
    """Holm's adjustment over those that have a p, and their verdicts."""
    found = dict(results)
    tested = [attribute for attribute, result in found.items() if result.p is not None]
    stepped = holm([found[attribute].p or 0.0 for attribute in tested]).tolist()
    for attribute, p in zip(tested, stepped, strict=True):
        found[attribute] = _judged(found[attribute], p)
    return found


def attribute_rng(seed: int, attribute: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(attribute.encode())])


def examine(panel: Panel, attribute: str, *, replicates: int, rng: np.random.Generator) -> AttributeResult:
    """One attribute, before Holm's adjustment."""
    if attribute not in (HOSPITAL, *panel.groups):
        return AttributeResult(verdict=TOO_FEW, why="It is known of no patient.")
    strata = strata_of(panel.in_order(by=attribute if attribute in panel.groups else None), attribute)
    small = ", ".join(strata.too_few[:5]) + (" and others" if len(strata.too_few) > 5 else "")
    of_each = "of either truth" if len(strata.kinds) > 1 else "patients"
    if len(strata.groups) < 2:
        why = f"It takes two groups with {FEWEST_IN_GROUP} {of_each}" + (f"; too small: {small}." if small else ".")
        return AttributeResult(verdict=TOO_FEW, why=why, too_few=strata.too_few)
    if len(strata.models) < 2:
        return AttributeResult(verdict=TOO_FEW, why="It takes two models to have an order.", too_few=strata.too_few)
    interaction = interact(strata, permutations=replicates, rng=rng)
    reversed_pairs, critical = reversals(strata, replicates=replicates, rng=rng)
    groups = _orders(strata, interaction)
    least = min(groups, key=_disagreement)
    return AttributeResult(
        verdict=NOT_SEPARABLE,
        why="Every hospital has one group only, so its effect and the hospital's cannot be told apart.",
        p=interaction.p,
        tau=least.tau,
        tau_null=least.tau_null,
        reversals=reversed_pairs,
        groups=groups,
        gaps=tuple(gaps(strata)),
        too_few=strata.too_few,
        statistic=interaction.statistic,
        critical=critical,
        uncounted={kind: int(strata.uncounted[at]) for at, kind in enumerate(strata.kinds)},
    )


def _disagreement(order: GroupOrder) -> tuple[float, float]:
    """Smallest where a group agrees less than chance would have it, then least."""
    return (2.0 if order.tau_p is None else order.tau_p, 2.0 if order.tau is None else order.tau)


def _orders(strata: Strata, interaction: Interaction) -> tuple[GroupOrder, ...]:
    orders = []
    for group, name in enumerate(strata.groups):
        tau = interaction.tau[group]
        null = interaction.tau_null[:, group]
        null = null[np.isfinite(null)]
        low, median, high = _quantiles(null)
        known = bool(np.isfinite(tau))
        orders.append(
            GroupOrder(
                group=name,
                patients={kind: int(strata.counts[at, group]) for at, kind in enumerate(strata.kinds)},
                tau=float(tau) if known else None,
                tau_null=median,
                tau_null_low=low,
                tau_null_high=high,
                tau_p=(1 + int((null <= tau + 1e-12).sum())) / (len(null) + 1) if known and len(null) else None,
            )
        )
    return tuple(orders)


def _quantiles(null: Floats) -> tuple[float | None, float | None, float | None]:
    if not len(null):
        return None, None, None
    low, median, high = np.quantile(null, [0.025, 0.5, 0.975]).tolist()
    return low, median, high


def _judged(result: AttributeResult, p_adjusted: float) -> AttributeResult:
    changes = p_adjusted <= ALPHA
    turned = len(result.reversals)
    pairs = f"{turned} pair{'s' if turned > 1 else ''} of models change places beyond doubt" if turned else ""
    if changes:
        why = f"The differences between models depend on the group (adjusted p {p_text(p_adjusted)})"
        why += f"; {pairs}." if pairs else "; no pair of models changes places beyond doubt."
    else:
        found = f"No dependence on the group was found (adjusted p {p_text(p_adjusted)})"
        why = f"{found}, which does not prove there is none"
        why += f"; {pairs}." if pairs else "."
    return replace(result, verdict=CHANGES if changes else NO_CHANGE, why=why, p_adjusted=float(p_adjusted))
