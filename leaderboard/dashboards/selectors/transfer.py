"""Domain transfer: what a published ranking says of hospitals, read from its snapshot; nothing is computed again.

A number that the snapshot hides, because its group is below the public minimum, is None here and "hidden" on the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.http import Http404

from evaluator.ranking.records import net_limits, net_score
from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import plain
from leaderboard.dashboards.selectors.board import newest_pk
from leaderboard.lib.cells import csv_text
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import published

Json = Mapping[str, Any]
SHOWN = 30  # models, and hospitals, that a picture of the page holds; the CSVs have all


@dataclass(frozen=True, kw_only=True)
class Model:
    """A submission as this page names it; ``slot`` is its place in the order of submission, which gives its colour.

    ``transfer`` is what its line of the leaderboard says of its score and its worst hospital.
    """

    submission: str
    label: str
    slot: int
    transfer: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A model's row of the table of scores; ``gap``: how much better it is where it was trained."""

    model: Model
    rank: str = ""
    score: str = ""
    interval: str = ""
    by_patients: str = ""
    by_patients_interval: str = ""
    worst: str = ""
    worst_interval: str = ""
    spread: str = ""
    net: list[tuple[str, str]] = field(default_factory=list)  # with its interval
    reason: str = ""
    gap: str = ""


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """A snapshot's ranking with the names of its models. Without a snapshot, ``ranking`` is empty."""

    benchmark: Benchmark
    snapshot: Snapshot | None = None
    ranking: Json = field(default_factory=dict)
    named: Mapping[str, Model] = field(default_factory=dict)
    is_old: bool = False

    def model(self, submission: str) -> Model:
        return self.named.get(submission) or Model(submission=submission, label=submission, slot=0)

    @cached_property
    def ranked(self) -> list[Json]:
        """The ranked models in order of display."""
        return list(self.ranking.get("models", ()))

    @cached_property
    def shown(self) -> list[Json]:
        return self.ranked[:SHOWN]

    @cached_property
    def hospitals(self) -> list[str]:
        """The panel, from the lowest mean score over models to the highest; what is hidden comes last."""
        means: dict[str, float] = {}
        for name in self.ranked[0]["hospitals"] if self.ranked else ():
            values = [score_at(model, name).get("value") for model in self.ranked]
            known = [value for value in values if value is not None]
            means[name] = sum(known) / len(known) if known else float("inf")
        return sorted(means, key=lambda name: (means[name], name))

    @cached_property
    def pairs(self) -> dict[tuple[str, str], Json]:
        """Row minus column, both ways round; ``first`` marks the way the ranking has it."""
        found: dict[tuple[str, str], Json] = {}
        for pair in self.ranking.get("pairs", ()):
            if pair["low"] is None:
                continue
            back = {"difference": -pair["difference"], "low": -pair["high"], "high": -pair["low"]}
            found[pair["a"], pair["b"]] = {**pair, "first": True}
            found[pair["b"], pair["a"]] = {**pair, **back, "first": False}
        return found

    @property
    def hardest(self) -> list[str]:
        return self.hospitals[:SHOWN]

    @property
    def of_models(self) -> str:
        """The sentence of a picture that cannot hold all models."""
        return f" The first {SHOWN} of {len(self.ranked)} models; the CSV files have all." if self._many_models else ""

    @property
    def of_hospitals(self) -> str:
        if len(self.hospitals) <= SHOWN:
            return ""
        return f" The {SHOWN} hospitals of {len(self.hospitals)} with the lowest mean; the CSV files have all."

    @property
    def _many_models(self) -> bool:
        return len(self.ranked) > SHOWN

    @property
    def lines(self) -> list[Line]:
        """The ranked models, then those that are not."""
        ranked = [
            Line(
                model=self.model(item["model"]),
                rank=formatting.rank_band(*item["rank_set"]),
                score=plain(item["score"]),
                interval=within(self.model(item["model"]).transfer.get("score")),
                by_patients=plain(item["score_by_patients"]),
                by_patients_interval=between(item.get("score_by_patients_limits")),
                worst=f"{plain(item['worst_hospital']['value'])} {item['worst_hospital']['hospital']}",
                worst_interval=within(score_at(item, item["worst_hospital"]["hospital"])),
                spread=plain(item["spread"]),
                net=[self.net_score(item, prevalence) for prevalence in self.benchmark.prevalence_values],
            )
            for item in self.shown
        ]
        left = [
            Line(
                model=self.model(item["model"]),
                reason=item["reason"],
                gap="" if item["gap"] is None else plain(item["gap"]),
            )
            for item in self.ranking.get("unranked", ())
        ]
        return [*ranked, *left]

    @property
    def columns_left(self) -> int:
        """What the reason of one that is not ranked stretches over."""
        return 4 + len(self.benchmark.prevalences)

    def net_score(self, item: Json, prevalence: float) -> tuple[str, str]:
        """θ at the weight of net benefit, where a false alarm costs its share of a cancer; blank in older rankings."""
        se, sp = item.get("sensitivity"), item.get("specificity")
        if se is None or sp is None:
            return "", ""
        of_se, of_sp = item.get("sensitivity_limits"), item.get("specificity_limits")
        odds = 1 / self.benchmark.accepted_alarms
        shown = plain(net_score(se, sp, prevalence=prevalence, odds=odds))
        if not of_se or not of_sp:
            return shown, ""
        return shown, between(net_limits((se, sp), of_se, of_sp, prevalence=prevalence, odds=odds))

    @property
    def off_panel(self) -> list[Json]:
        return list(self.ranking.get("off_panel", ()))


def between(limits: Sequence[float] | None) -> str:
    """An interval by its ends; blank in a ranking that has none."""
    if not limits:
        return ""
    low, high = limits
    return formatting.interval(low, high, formatting.Unit.PLAIN)


def within(rate: Json | None) -> str:
    """A number's interval; blank where there is none, or it is hidden."""
    if not rate or rate.get("low") is None or rate.get("high") is None:
        return ""
    return between((rate["low"], rate["high"]))


def score_at(model: Json, hospital: str) -> Json:
    """A model's score at a hospital; empty where there is none."""
    found: Json | None = model["hospitals"].get(hospital)
    return found or {}


def get_transfer(benchmark: Benchmark, *, name: int | str | None = None) -> Transfer:
    """The ranking of a published snapshot: the newest, or that of a number or ID, which may not exist."""
    snapshot = published(benchmark, name).first()
    if snapshot is None and name is not None:
        raise Http404("No such ranking.")
    if snapshot is None:
        return Transfer(benchmark=benchmark)
    return Transfer(
        benchmark=benchmark,
        snapshot=snapshot,
        ranking=snapshot.ranking,
        named=names_in(snapshot),
        is_old=snapshot.pk != newest_pk(benchmark),
    )


def names_in(snapshot: Snapshot) -> dict[str, Model]:
    """By submission, in the order of submission; those that share a name carry their team's."""
    found = snapshot.entries.order_by("evaluation__submission__created", "evaluation__submission")
    rows = list(
        found.values_list(
            "evaluation__submission", "evaluation__submission__model", "evaluation__submission__team__name", "transfer"
        )
    )
    labels = labelled([(name, team) for _, name, team, _ in rows])
    return {
        str(row[0]): Model(submission=str(row[0]), label=label, slot=slot, transfer=row[3])
        for slot, (row, label) in enumerate(zip(rows, labels, strict=True))
    }


def labelled(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Names that differ: "Careful", or "Careful (Uppsala)", or "Careful (Uppsala) 2"."""
    names = Counter(name for name, _ in rows)
    wanted = [name if names[name] == 1 else f"{name} ({team})" for name, team in rows]
    often, seen, labels = Counter(wanted), Counter[str](), []
    for label in wanted:
        seen[label] += 1
        labels.append(label if often[label] == 1 else f"{label} {seen[label]}")
    return labels


def pairs_csv(found: Transfer) -> str:
    """Every pair of ranked models, here and at a new hospital."""
    elsewhere = {(pair["a"], pair["b"]): pair for pair in found.ranking.get("new_hospital", {}).get("pairs", ())}
    numbers = ("difference", "low", "high", "p", "p_adjusted")
    new = ("mean", "low", "high", "p_adjusted", "prediction_low", "prediction_high")
    heads = ["model", "against", *numbers, *(f"new_hospital {name}" for name in new)]
    rows = [
        [
            *(found.model(pair[side]).label for side in "ab"),
            *(pair[name] for name in numbers),
            *(elsewhere.get((pair["a"], pair["b"]), {}).get(name) for name in new),
        ]
        for pair in found.ranking.get("pairs", ())
    ]
    return csv_text([heads, *rows])


def hospitals_csv(found: Transfer) -> str:
    """Every ranked model at every panel hospital, and its rank without that hospital."""
    left_out = found.ranking.get("leave_one_hospital_out", {})
    heads = ["model", "hospital", "score", "low", "high", "patients", "rank_without_it"]
    rows = [
        [
            found.model(item["model"]).label,
            name,
            *(given[key] for key in ("value", "low", "high", "patients")),
            left_out.get(name, {}).get(item["model"]),
        ]
        for item in found.ranked
        for name, given in item["hospitals"].items()
    ]
    return csv_text([heads, *rows])
