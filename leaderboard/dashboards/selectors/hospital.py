"""One hospital as the public sees it: counts of its held-out patients, and how models did there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import Shown, Unit
from leaderboard.dashboards.selectors.hospitals import Count
from leaderboard.dashboards.selectors.transfer import names_in, score_at
from leaderboard.hospitals.models import Hospital
from leaderboard.rankings.models import Snapshot

SHOWN = 5  # models at either end


@dataclass(frozen=True, kw_only=True)
class Score:
    """A model at this hospital, and overall."""

    label: str
    submission: str
    here: Shown
    overall: str
    band: str
    worst: bool


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A benchmark that this hospital is part of. ``why_none`` says why nothing is told of models there."""

    benchmark: Benchmark
    snapshot: Snapshot | None = None
    best: Sequence[Score] = ()
    lowest: Sequence[Score] = ()
    models: int = 0
    sizes: Sequence[Count] = ()
    why_none: str = ""


def get_hospital(slug: str) -> Hospital:
    """One whose held-out patients a published benchmark counts; of another the public knows nothing."""
    counted = {"cohorts__purpose": "held-out", "cohorts__benchmarks__published": True}
    hospital = Hospital.objects.filter(slug=slug, **counted).distinct().first()
    if hospital is None:
        raise Http404("No such hospital.")
    return hospital


def asked_of(hospital: Hospital) -> QuerySet[Benchmark]:
    """Published benchmarks that ask something at this hospital."""
    return Benchmark.objects.filter(published=True, cohorts__hospital=hospital).distinct()


def asked_at(hospital: Hospital, benchmark: Benchmark, snapshot: Snapshot | None) -> Asked:
    """What the newest ranking tells of models there; on the Ladder nothing."""
    if benchmark.is_on_ladder:
        return Asked(benchmark=benchmark, why_none="Nothing is told of models at a hospital before the final.")
    if snapshot is None:
        return Asked(benchmark=benchmark, why_none="No ranking has been published yet.")
    scores = scores_at(hospital.name, snapshot)
    if not scores:
        why = "It is not on the panel of the newest ranking, or too few of its patients may be counted in public."
        return Asked(benchmark=benchmark, snapshot=snapshot, why_none=why, sizes=sizes_at(hospital.name, snapshot))
    ends = len(scores) > 2 * SHOWN
    return Asked(
        benchmark=benchmark,
        snapshot=snapshot,
        best=scores[:SHOWN] if ends else scores,
        lowest=scores[-SHOWN:] if ends else (),
        models=len(scores),
        sizes=sizes_at(hospital.name, snapshot),
    )


def scores_at(name: str, snapshot: Snapshot) -> list[Score]:
    """Every ranked model at the hospital, the best first; empty where its numbers are hidden."""
    labels = names_in(snapshot)
    found = []
    for model in snapshot.ranking["models"]:
        given = score_at(model, name)
        if given.get("value") is None:
            continue
        patients = f"n {given['patients']:,}" if given.get("patients") is not None else ""
        found.append(
            Score(
                label=labels[model["model"]].label,
                submission=model["model"],
                here=formatting.rate({**given, "n": None}, unit=Unit.PLAIN, counts=patients),
                overall=formatting.plain(model["score"]) if model["score"] is not None else "",
                band=formatting.rank_band(*model["rank_set"]),
                worst=model["worst_hospital"]["hospital"] == name,
            )
        )
    return sorted(found, key=lambda score: -(score.here.value or 0.0))


def sizes_at(name: str, snapshot: Snapshot) -> list[Count]:
    """Patients by their largest tumour, as every model's report counts them; hidden there is hidden here."""
    named = snapshot.documents["models"]
    if not named or snapshot.keeps_strata or snapshot.benchmark.keeps_strata:
        return []
    report = snapshot.report_of(named[0][0]) or {}
    rates: Mapping[str, Any] = report.get("hospitals", {}).get(name, {}).get("sensitivity", {})
    labels = [(item["key"], item["label"]) for item in snapshot.benchmark.strata]
    return [Count(label=label, count=rates[key]["n"]) for key, label in labels if key in rates]
