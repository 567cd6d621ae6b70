"""The leaderboard before the final: what the Ladder released of each team or verified organisation, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards import formatting
from leaderboard.lib.cells import csv_text
from leaderboard.rankings.models import Rung
from leaderboard.rankings.selectors import climber, released

HEADS = ("team", "model", "transfer_score", "patients", "hospitals", "submissions", "released")


@dataclass(frozen=True, kw_only=True)
class LadderLine:
    """``submissions``: how many of the climber's the Ladder has looked at, whatever it said of them."""

    rung: Rung
    submissions: int

    @property
    def score(self) -> str:
        return formatting.plain(self.rung.score)

    @property
    def model(self) -> str:
        return self.rung.evaluation.submission.model


def ladder_lines(benchmark: Benchmark) -> list[LadderLine]:
    """The best first; equals in the order of their submission."""
    asked = Counter(climber(rung.team) for rung in Rung.objects.filter(benchmark=benchmark).select_related("team"))
    return [LadderLine(rung=rung, submissions=asked[climber(rung.team)]) for rung in released(benchmark)]


def ladder_csv(lines: Sequence[LadderLine]) -> str:
    return csv_text([HEADS, *(_row(line) for line in lines)])


def _row(line: LadderLine) -> tuple[str | float, ...]:
    rung = line.rung
    numbers = (rung.score, rung.patients, rung.hospitals, line.submissions)
    return (rung.team.name, line.model, *numbers, rung.created.isoformat())


def ladder_json(lines: Sequence[LadderLine]) -> list[dict[str, Any]]:
    return [
        {
            "team": line.rung.team.name,
            "model": line.model,
            "transfer_score": line.rung.score,
            "patients": line.rung.patients,
            "hospitals": line.rung.hospitals,
            "submissions": line.submissions,
            "released": line.rung.created.isoformat(),
            "version": line.rung.version,
        }
        for line in lines
    ]
