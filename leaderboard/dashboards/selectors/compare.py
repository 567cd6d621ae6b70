"""Up to five models on the same patients: paired differences of all, and of the first per stratum and hospital."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from django.http import Http404

from evaluator.ranking import Entry as Answers
from evaluator.statistics.compare import compare_paired, holm
from evaluator.statistics.roc import compare_auc
from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import RateJson, Shown, Unit
from leaderboard.dashboards.selectors.columns import Block
from leaderboard.dashboards.selectors.pairs import Pairs, paired
from leaderboard.dashboards.selectors.transfer import labelled
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import Comparison, ReportCard, answers_in, get_comparison, newest_snapshot

MOST = 5  # models at once: ten pairs


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first model minus the second. ``only_first``, ``only_second``: patients that one of them got right alone.

    ``exact`` is the p-value, ``p`` and ``adjusted`` how it is written, by itself and among all of its family.
    """

    label: str
    shown: Shown
    only_first: int | None = None
    only_second: int | None = None
    exact: float | None = None
    adjusted: str = ""

    @property
    def p(self) -> str:
        return "" if self.exact is None else formatting.p_value(self.exact)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two of the models over all hospitals: each difference, adjusted over all pairs on the page."""

    first: str
    second: str
    sensitivity: Difference
    specificity: Difference
    area: Difference
    score: Difference | None

    @property
    def differences(self) -> list[Difference]:
        found = [self.score, self.sensitivity, self.specificity, self.area]
        return [one for one in found if one is not None]


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """The first model against another: a line for all hospitals, for each stratum and for each hospital."""

    first: str
    second: str
    sensitivity: list[Difference]
    specificity: list[Difference]
    areas: list[Difference]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The page's numbers. ``tests`` and ``finer``: how many p-values were adjusted together, in pairs and in lines."""

    source: Comparison
    names: list[str]
    pairs: list[Pair] = field(default_factory=list)
    contrasts: list[Contrast] = field(default_factory=list)
    tests: int = 0
    finer: int = 0


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
    """The first five of the submissions named; all others against the first."""
    found = get_comparison(benchmark, ids[:MOST])
    if len(found.cards) < 2:
        raise Http404("No such submission in this ranking.")
    answers = {one.model: one for one in answers_in([card.evaluation for card in found.cards])}
    names = labelled([(card.submission.model, card.submission.team.name) for card in found.cards])
    named = list(zip(names, found.cards, strict=True))
    pairs = [_pair(found, answers, one, two) for one, two in combinations(named, 2)]
    contrasts = [_contrast(benchmark, answers, named[0], other) for other in named[1:]]
    pairs, tests = _adjusted_pairs(pairs)
    contrasts, finer = _adjusted_lines(contrasts)
    return Compared(source=found, names=names, pairs=pairs, contrasts=contrasts, tests=tests, finer=finer)


Named = tuple[str, ReportCard]


def _both(answers: dict[str, Answers], one: ReportCard, two: ReportCard) -> Pairs:
    first, second = answers.get(str(one.submission.pk)), answers.get(str(two.submission.pk))
    nobody = Answers(model="", hospitals={})
    return paired(first or nobody, second or nobody)


def _pair(found: Comparison, answers: dict[str, Answers], first: Named, second: Named) -> Pair:
    (name, one), (other, two) = first, second
    pairs = _both(answers, one, two)
    blocks = [one.overall, two.overall]
    return Pair(
        first=name,
        second=other,
        sensitivity=_difference("Sensitivity", pairs.only(pairs.cancer), _hides(_sensitivities(blocks, "all"))),
        specificity=_difference(
            "Specificity", pairs.only(~pairs.cancer), _hides([block["specificity"] for block in blocks])
        ),
        area=_areas("AUC", pairs, _hides([block["auc"] for block in blocks])),
        score=_score(found, one, two),
    )


def _contrast(benchmark: Benchmark, answers: dict[str, Answers], first: Named, second: Named) -> Contrast:
    (name, one), (other, two) = first, second
    pairs = _both(answers, one, two)
    cancers, others = pairs.only(pairs.cancer), pairs.only(~pairs.cancer)
    blocks = [one.overall, two.overall]
    sensitivity = [
        _difference(item["label"], cancers.in_stratum(item["key"]), _hides(_sensitivities(blocks, item["key"])))
        for item in benchmark.strata
    ]
    specificity = [_difference("All hospitals", others, _hides([block["specificity"] for block in blocks]))]
    areas = [_areas("All hospitals", pairs, _hides([block["auc"] for block in blocks]))]
    for place in sorted(one.hospitals.keys() & two.hospitals.keys()):
        mine = [one.hospitals[place], two.hospitals[place]]
        sensitivity.append(_difference(place, cancers.at(place), _hides(_sensitivities(mine, "all"))))
        specificity.append(_difference(place, others.at(place), _hides([block["specificity"] for block in mine])))
        areas.append(_areas(place, pairs.at(place), _hides([block["auc"] for block in mine])))
    return Contrast(first=name, second=other, sensitivity=sensitivity, specificity=specificity, areas=areas)


def _adjusted_pairs(pairs: Sequence[Pair]) -> tuple[list[Pair], int]:
    """Holm over all pairs and both kinds of patients together, and over all pairs for the areas.

    The ranking's own adjustment of the scores is over all pairs of the ranking, and stays.
    """
    rates = [one for pair in pairs for one in (pair.sensitivity, pair.specificity)]
    known = iter(adjust(rates))
    areas = iter(adjust([pair.area for pair in pairs]))
    found = [replace(pair, sensitivity=next(known), specificity=next(known), area=next(areas)) for pair in pairs]
    return found, sum(one.exact is not None for one in rates)


def _adjusted_lines(contrasts: Sequence[Contrast]) -> tuple[list[Contrast], int]:
    """Holm over every line of every table of strata and hospitals."""
    lines = [one for contrast in contrasts for one in (*contrast.sensitivity, *contrast.specificity)]
    known: Iterator[Difference] = iter(adjust(lines))
    found = [
        replace(
            contrast,
            sensitivity=[next(known) for _ in contrast.sensitivity],
            specificity=[next(known) for _ in contrast.specificity],
        )
        for contrast in contrasts
    ]
    return found, sum(one.exact is not None for one in lines)


def adjust(lines: Sequence[Difference]) -> list[Difference]:
    """The same, each with its p-value adjusted by Holm among those that have one."""
    tested = [line.exact for line in lines if line.exact is not None]
    adjusted = iter(holm(tested).tolist() if tested else ())
    return [
        line if line.exact is None else replace(line, adjusted=formatting.p_value(next(adjusted))) for line in lines
    ]


def _sensitivities(blocks: Sequence[Block], stratum: str) -> list[RateJson]:
    return [block["sensitivity"][stratum] for block in blocks]


def _hides(rates: Sequence[RateJson]) -> str:
    """Why a difference is not shown: a rate that either report card does not show."""
    return next((words for rate in rates if (words := formatting.rate(rate).words)), "")


def _difference(label: str, pairs: Pairs, hidden: str) -> Difference:
    if hidden:
        return Difference(label=label, shown=Shown(words=hidden))
    found = compare_paired(pairs.correct[0], pairs.correct[1])
    given = {"value": found.difference, "low": found.low, "high": found.high, "n": found.n, "method": found.method}
    shown = formatting.rate(given, unit=Unit.POINTS)
    return Difference(label=label, shown=shown, only_first=found.b, only_second=found.c, exact=found.p)


def _areas(label: str, pairs: Pairs, hidden: str) -> Difference:
    if hidden:
        return Difference(label=label, shown=Shown(words=hidden))
    found = compare_auc(pairs.likelihood[0], pairs.likelihood[1], pairs.cancer)
    given = {"value": found.difference, "low": found.low, "high": found.high, "n": None, "method": found.method}
    shown = formatting.rate(given, unit=Unit.PLAIN, counts=f"n {found.positives + found.negatives:,}")
    if found.difference is not None and found.low is None:  # DeLong's variance is 0
        alike = "both order all patients alike" if found.difference == 0 else "they differ without variation"
        shown = replace(shown, note=f"none: {alike}")
    return Difference(label=label, shown=shown, exact=found.p)


def _score(found: Comparison, one: ReportCard, two: ReportCard) -> Difference | None:
    """The transfer score's difference with its simultaneous interval, turned to first minus second."""
    first, second = str(one.submission.pk), str(two.submission.pk)
    for pair in found.pairs:
        if {pair["a"], pair["b"]} != {first, second}:
            continue
        value, low, high = pair["difference"], pair["low"], pair["high"]
        if low is None:
            return None  # hidden
        if pair["a"] == second:
            value, low, high = -value, -high, -low
        given = {"value": value, "low": low, "high": high, "n": None, "method": "simultaneous"}
        hospitals = len((one.ranked or {}).get("hospitals") or {})
        shown = formatting.rate(given, unit=Unit.PLAIN, counts=f"{hospitals} hospitals")
        return Difference(
            label="Transfer score; interval and adjusted p over all pairs",
            shown=shown,
            exact=pair["p"],
            adjusted=formatting.p_value(pair["p_adjusted"]),
        )
    return None
