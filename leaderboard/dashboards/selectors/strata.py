"""Strata that the leaderboard's columns can be narrowed to: those declared beforehand, as far as every row has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards import formatting
from leaderboard.dashboards.selectors.columns import Block, Numbers, Spec
from leaderboard.rankings.models import Snapshot

LEAD_TIMES = {"3_6": "3–6 months", "6_12": "6–12 months", "12_24": "12–24 months", "24_36": "24–36 months"}
SIZE, PLACE, LEAD = "size", "location", "lead time"
DEFAULT = "le20"  # of the column that shows small tumours


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """``kind`` says which columns can be narrowed to it, ``name`` is its own in the blocks of a report."""

    kind: str
    name: str
    label: str

    @property
    def key(self) -> str:
        """Its name in addresses and files."""
        return self.name if self.kind == SIZE else f"{self.kind.replace(' ', '-')}:{self.name}"


def strata_of(benchmark: Benchmark, snapshot: Snapshot) -> list[Stratum]:
    """Sizes, locations and lead times of a ranking; none where they are kept for the final."""
    if snapshot.keeps_strata or benchmark.keeps_strata:
        return []
    first: Block | None = snapshot.entries.order_by("position").values_list("overall", flat=True).first()
    if first is None:
        return []
    sizes = [Stratum(kind=SIZE, name=item["key"], label=item["label"]) for item in benchmark.strata]
    places = [Stratum(kind=PLACE, name=name, label=name.replace("_", " ")) for name in first["by_location"]]
    months = [
        Stratum(kind=LEAD, name=name, label=f"{words} before diagnosis")
        for name, words in LEAD_TIMES.items()
        if name in first["lead_time"]
    ]
    return [one for one in sizes if one.name not in {"all", DEFAULT}] + places + months


def narrowed(specs: Sequence[Spec], stratum: Stratum | None) -> list[Spec]:
    """The columns, of which sensitivity at most 2 cm and T-Sen make room for those of the stratum, if it has them.

    All others stay those of all patients: PPV and the transfer score have no stratum of their own here.
    """
    if stratum is None:
        return list(specs)
    return [_narrowed(spec, stratum) for spec in specs]


def _narrowed(spec: Spec, stratum: Stratum) -> Spec:
    if spec.key == "sensitivity_le20" and stratum.kind in {SIZE, LEAD}:
        return replace(
            spec,
            name=f"Sensitivity, {stratum.label}",
            take=lambda numbers, _: _rate(numbers, stratum, tumours=False),
            baseline=("sensitivity", stratum.name) if stratum.kind == SIZE else None,
            stratum=stratum.key,
        )
    if spec.key == "t_sen" and stratum.kind in {SIZE, PLACE}:
        return replace(
            spec,
            name=f"T-Sen, {stratum.label}",
            take=lambda numbers, _: _rate(numbers, stratum, tumours=True),
            stratum=stratum.key,
        )
    return spec


def _rate(numbers: Numbers, stratum: Stratum, *, tumours: bool) -> formatting.Shown:
    block = numbers.block
    table = {
        SIZE: block["t_sen"] if tumours else block["sensitivity"],
        PLACE: block.get("by_location") or {},
        LEAD: block.get("lead_time") or {},
    }[stratum.kind]
    return formatting.rate(table.get(stratum.name))
