"""A ranking as it is frozen: a document for each large part, and a row for each line of the leaderboard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from evaluator.ranking import Ranking
from evaluator.records import Rate
from evaluator.results import to_builtins
from evaluator.statistics.mean import mean_of
from leaderboard.evaluations.models import Evaluation
from leaderboard.lib import documents
from leaderboard.rankings.models import Entry, EvaluationNumbers, Snapshot

REST = "rest"
PARTS = ("models", "pairs", "kendall_tau", "leave_one_hospital_out", "new_hospital", "attributes")


def ranking_documents(ranking: Ranking | Mapping[str, Any]) -> dict[str, str]:
    """The documents of a ranking by the part they hold; "rest" has what is small."""
    said: dict[str, Any] = to_builtins(ranking)
    parts = {name: documents.keep_json(said.pop(name)) for name in PARTS if name in said}
    return {**parts, REST: documents.keep_json(said)}


def entries_of(
    snapshot: Snapshot,
    evaluations: Sequence[Evaluation],
    ranking: Ranking,
    numbers: Sequence[EvaluationNumbers],
) -> Iterator[Entry]:
    """Ranked ones in the ranking's order of display, then the others with their reasons."""
    ranked = {model.model: model for model in ranking.models}
    reasons = {model.model: model.reason for model in ranking.unranked}
    by_model = {str(one.submission_id): (one, row) for one, row in zip(evaluations, numbers, strict=True)}
    order = [*ranked, *(model for model in by_model if model not in ranked)]
    ties = ties_of(order, ((pair.a, pair.b, pair.low, pair.high) for pair in ranking.pairs))
    for position, model in enumerate(order, start=1):
        place = ranked.get(model)
        evaluation, row = by_model[model]
        yield Entry(
            snapshot=snapshot,
            evaluation=evaluation,
            position=position,
            rank_low=place.rank_set[0] if place else None,
            rank_high=place.rank_set[1] if place else None,
            score=place.score if place else None,
            worst_hospital=place.worst_hospital.hospital if place else "",
            worst_value=place.worst_hospital.value if place else None,
            unranked_reason=reasons.get(model, ""),
            transfer=transfer_of(to_builtins(place)) if place else {},
            ties=ties[model],
            overall=row.overall,
            counts=row.counts,
        )


def ties_of(order: Sequence[str], pairs: Iterable[tuple[str, str, float | None, float | None]]) -> dict[str, list[int]]:
    """Of each submission the positions of those whose simultaneous interval against it includes 0."""
    position = {model: number for number, model in enumerate(order, start=1)}
    ties: dict[str, list[int]] = {model: [] for model in order}
    for a, b, low, high in pairs:
        if low is not None and high is not None and low <= 0 <= high:
            ties[a].append(position[b])
            ties[b].append(position[a])
    return {model: sorted(tied) for model, tied in ties.items()}


def transfer_of(model: Mapping[str, Any]) -> dict[str, Any]:
    """What a line of the leaderboard says of its place in the ranking."""
    rates = {
        name: Rate(value=given["value"], low=given["low"], high=given["high"], k=None, n=None, method=given["method"])
        for name, given in model["hospitals"].items()
    }
    worst = model["worst_hospital"]["hospital"]
    return {
        "score": to_builtins(mean_of(list(rates.values()))),
        "worst": to_builtins(rates[worst]),
        "worst_patients": model["hospitals"][worst]["patients"],
        "hospitals": len(rates),
    }
