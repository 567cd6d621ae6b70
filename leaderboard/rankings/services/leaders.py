"""Who leads a ranking, and looking through what they agree on where the reference standard has nothing."""

from __future__ import annotations

from leaderboard.adjudication.models import Search
from leaderboard.adjudication.services import search_order
from leaderboard.benchmarks.models import Benchmark
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import climber, newest

LEADERS = 5  # teams


def leaders_of(snapshot: Snapshot) -> list[int]:
    """The best ranked evaluation of each of the first teams: versions of one model agree with themselves."""
    best: dict[str, int] = {}
    entries = snapshot.entries.filter(rank_low__isnull=False).select_related("evaluation__submission__team")
    for entry in entries.only("position", "snapshot", "evaluation__submission__team").order_by("position"):
        best.setdefault(climber(entry.evaluation.submission.team), entry.evaluation_id)
        if len(best) == LEADERS:
            break
    return list(best.values())


def search_after(snapshot: Snapshot) -> None:
    search_order(benchmark=snapshot.benchmark, ranking=snapshot.number, evaluations=leaders_of(snapshot))


def search_missing(benchmark: Benchmark) -> None:
    """Order the search after the newest ranking where that was made before there were any."""
    snapshot = newest(benchmark)
    if snapshot and not Search.objects.filter(benchmark=benchmark, ranking=snapshot.number).exists():
        search_after(snapshot)
