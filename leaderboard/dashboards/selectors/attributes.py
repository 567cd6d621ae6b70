"""Does the ranking hold in groups of patients? What the snapshot says of each attribute, as a page writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import Unit, plain
from leaderboard.dashboards.selectors.transfer import Json, Transfer

GAPS = 12  # the largest, by how far their interval is from 0; the JSON has all
HIDDEN = "hidden"
MEASURES = {"sensitivity": Unit.POINTS, "specificity": Unit.POINTS}


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group against the rest. ``by_chance`` is what random groups of its make-up reach."""

    name: str
    patients: str
    tau: str
    by_chance: str


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A model's rate in a group minus in the rest."""

    model: str
    group: str
    measure: str
    difference: str
    interval: str


@dataclass(frozen=True, kw_only=True)
class Attribute:
    name: str
    verdict: str
    why: str
    p: str
    groups: list[Group]
    reversals: list[str]
    gaps: list[Gap]
    too_few: list[str]

    @property
    def has_details(self) -> bool:
        return bool(self.groups or self.reversals or self.gaps)


def attributes_in(found: Transfer) -> list[Attribute]:
    """In the order in which they were examined."""
    given: dict[str, Json] = found.ranking.get("attributes", {})
    return [_attribute(found, name, result) for name, result in given.items()]


def _attribute(found: Transfer, name: str, result: Json) -> Attribute:
    adjusted = result["p_adjusted"]
    gaps = sorted(result["gaps"], key=_beyond_doubt, reverse=True)[:GAPS]
    return Attribute(
        name=name,
        verdict=result["verdict"],
        why=result["why"],
        p="" if adjusted is None else formatting.p_value(adjusted),
        groups=[_group(one) for one in result["groups"]],
        reversals=[_reversal(found, one) for one in result["reversals"]],
        gaps=[_gap(found, one) for one in gaps],
        too_few=list(result["too_few"]),
    )


def _group(given: Json) -> Group:
    counts = ", ".join(f"{HIDDEN if n is None else f'{n:,}'} {kind}" for kind, n in given["patients"].items())
    null = given["tau_null"]
    limits = formatting.interval(given["tau_null_low"], given["tau_null_high"], Unit.PLAIN)
    return Group(
        name=given["group"],
        patients=counts,
        tau="no order" if given["tau"] is None else plain(given["tau"]),
        by_chance="" if null is None else f"{plain(null)} {limits}",
    )


def _reversal(found: Transfer, given: Json) -> str:
    one, other = found.model(given["a"]).label, found.model(given["b"]).label
    here = formatting.interval(given["low"], given["high"], Unit.PLAIN)
    there = formatting.interval(-given["high_there"], -given["low_there"], Unit.PLAIN)
    return (
        f"{one} is better than {other} in {given['better_in']} by {plain(given['difference'])} {here} and worse in "
        f"{given['worse_in']} by {plain(-given['difference_there'])} {there}."
    )


def _gap(found: Transfer, given: Json) -> Gap:
    unit = MEASURES.get(given["measure"], Unit.PLAIN)
    written: Callable[[float], str] = formatting.points if unit is Unit.POINTS else plain
    return Gap(
        model=found.model(given["model"]).label,
        group=given["group"],
        measure=f"{given['measure']}{', points' if unit is Unit.POINTS else ''}",
        difference=written(given["difference"]),
        interval=formatting.interval(given["low"], given["high"], unit).strip("()"),
    )


def _beyond_doubt(gap: Json) -> float:
    """How far the interval keeps from 0; below 0 where it holds it."""
    return max(float(gap["low"]), -float(gap["high"]))
