"""Two models on the same patients: paired differences overall, per stratum and per hospital."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.http import Http404

from evaluator.statistics.compare import compare_paired
from evaluator.statistics.outcomes import Outcome
from evaluator.statistics.roc import compare_auc
from evaluator.statistics.strata import SIZE_STRATA
from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import RateJson, Shown, Unit
from leaderboard.dashboards.selectors.card import outcomes_of
from leaderboard.dashboards.selectors.columns import Block
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import Comparison, get_comparison, newest_snapshot

Pairs = Sequence[tuple[Outcome, Outcome]]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first model minus the second. ``only_first``, ``only_second``: patients that one of them got right alone."""

    label: str
    shown: Shown
    only_first: int | None = None
    only_second: int | None = None
    p: str = ""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The page's numbers: a list of differences for each of the figures."""

    source: Comparison
    sensitivity: list[Difference]
    specificity: list[Difference]
    areas: list[Difference]
    ranking: list[Difference]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A model that may be chosen."""

    submission: str
    name: str
    team: str


def choices(snapshot: Snapshot | None) -> list[Choice]:
    if snapshot is None:
        return []
    rows = snapshot.entries.order_by("position").values_list(
        "evaluation__submission", "evaluation__submission__model", "evaluation__submission__team__name"
    )
    return [Choice(submission=str(pk), name=name, team=team) for pk, name, team in rows]


def choices_of(benchmark: Benchmark) -> list[Choice]:
    return choices(newest_snapshot(benchmark))


def compare(benchmark: Benchmark, ids: Sequence[str]) -> Compared:
    """The first two of the submissions named."""
    found = get_comparison(benchmark, ids)
    if len(found.cards) < 2:
        raise Http404("No such submission in this ranking.")
    one, two = found.cards[0], found.cards[1]
    first = outcomes_of(one.evaluation, threshold=one.evaluation.threshold)
    second = outcomes_of(two.evaluation, threshold=two.evaluation.threshold)
    pairs = [(first[key], second[key]) for key in first if key in second]
    cancers = [pair for pair in pairs if pair[0].case.cancer]
    others = [pair for pair in pairs if not pair[0].case.cancer]
    blocks = [one.overall, two.overall]
    sensitivity = [
        _difference(item["label"], _in_stratum(cancers, item["key"]), _hides(_sensitivities(blocks, item["key"])))
        for item in benchmark.strata
    ]
    specificity = [_difference("All hospitals", others, _hides([block["specificity"] for block in blocks]))]
    areas = [_areas("All hospitals", pairs, _hides([block["auc"] for block in blocks]))]
    for name in sorted(one.hospitals.keys() & two.hospitals.keys()):
        mine = [one.hospitals[name], two.hospitals[name]]
        here = [pair for pair in cancers if pair[0].hospital == name]
        sensitivity.append(_difference(name, here, _hides(_sensitivities(mine, "all"))))
        there = [pair for pair in others if pair[0].hospital == name]
        specificity.append(_difference(name, there, _hides([block["specificity"] for block in mine])))
        areas.append(_areas(name, [*here, *there], _hides([block["auc"] for block in mine])))
    return Compared(
        source=found,
        sensitivity=sensitivity,
        specificity=specificity,
        areas=areas,
        ranking=[*_scores(found), replace(areas[0], label="AUC")],
    )


def _in_stratum(pairs: Pairs, name: str) -> Pairs:
    stratum = next((stratum for stratum in SIZE_STRATA if stratum.name == name), None)
    return [] if stratum is None else [pair for pair in pairs if stratum.has(pair[0].size_mm)]


def _sensitivities(blocks: Sequence[Block], stratum: str) -> list[RateJson]:
    return [block["sensitivity"][stratum] for block in blocks]


def _hides(rates: Sequence[RateJson]) -> str:
    """Why a difference is not shown: a rate that either report card does not show."""
    return next((words for rate in rates if (words := formatting.rate(rate).words)), "")


def _difference(label: str, pairs: Pairs, hidden: str) -> Difference:
    if hidden:
        return Difference(label=label, shown=Shown(words=hidden))
    found = compare_paired([one.correct for one, _ in pairs], [two.correct for _, two in pairs])
    given = {"value": found.difference, "low": found.low, "high": found.high, "n": found.n, "method": found.method}
    p = "" if found.p is None else formatting.p_value(found.p)
    return Difference(
        label=label, shown=formatting.rate(given, unit=Unit.POINTS), only_first=found.b, only_second=found.c, p=p
    )


def _areas(label: str, pairs: Pairs, hidden: str) -> Difference:
    if hidden:
        return Difference(label=label, shown=Shown(words=hidden))
    truth = [one.case.cancer for one, _ in pairs]
    found = compare_auc([one.likelihood for one, _ in pairs], [two.likelihood for _, two in pairs], truth)
    given = {"value": found.difference, "low": found.low, "high": found.high, "n": None, "method": found.method}
    counts = f"n {found.positives + found.negatives:,}"
    p = "" if found.p is None else formatting.p_value(found.p)
    return Difference(label=label, shown=formatting.rate(given, unit=Unit.PLAIN, counts=counts), p=p)


def _scores(found: Comparison) -> list[Difference]:
    """The transfer score's difference with its simultaneous interval, turned to first minus second."""
    first = str(found.cards[0].submission.pk)
    second = str(found.cards[1].submission.pk)
    for pair in found.pairs:
        if {pair["a"], pair["b"]} != {first, second}:
            continue
        value, low, high = pair["difference"], pair["low"], pair["high"]
        if pair["a"] == second:
            value, low, high = -value, -high, -low
        given = {"value": value, "low": low, "high": high, "n": None, "method": "simultaneous"}
        hospitals = len((found.cards[0].ranked or {}).get("hospitals") or {})
        shown = formatting.rate(given, unit=Unit.PLAIN, counts=f"{hospitals} hospitals")
        return [Difference(label="Transfer score", shown=shown, p=formatting.p_value(pair["p_adjusted"]))]
    return []
