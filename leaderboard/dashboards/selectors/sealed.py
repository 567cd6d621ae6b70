"""The final as a page shows it: each chosen submission in public and on the sealed cohorts, and how its rank moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from evaluator.records import Rate
from evaluator.statistics.mean import mean_of
from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import MINUS, Shown, Unit
from leaderboard.hospitals.models import Cohort
from leaderboard.rankings.models import SealedRanking
from leaderboard.submissions.models import Submission

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Side:
    """A submission in one of the two rankings: its rank among the chosen, the band it lies in, and its score."""

    rank: int | None = None
    band: str = "–"
    score: Shown = field(default_factory=lambda: Shown(words="not ranked"))


@dataclass(frozen=True, kw_only=True)
class SealedLine:
    """``shift``: how many places up (+) or down from public to sealed; None where either is missing."""

    submission: Submission
    public: Side
    sealed: Side
    sensitivity: Shown
    specificity: Shown
    reason: str = ""

    @property
    def shift(self) -> int | None:
        return None if self.public.rank is None or self.sealed.rank is None else self.public.rank - self.sealed.rank

    @property
    def shift_words(self) -> str:
        if self.shift is None:
            return "–"
        return f"+{self.shift}" if self.shift > 0 else str(self.shift).replace("-", MINUS)


@dataclass(frozen=True, kw_only=True)
class SealedBoard:
    ranking: SealedRanking
    cohorts: list[Cohort]
    lines: list[SealedLine]

    @property
    def patients(self) -> int:
        return sum(cohort.cases.filter(index_scan=True).count() for cohort in self.cohorts)


def sealed_board(benchmark: Benchmark) -> SealedBoard | None:
    """After the final was opened, best sealed rank first; None before, or without sealed cohorts."""
    found = SealedRanking.objects.filter(benchmark=benchmark).first() if benchmark.final_at else None
    if found is None:
        return None
    blocks = {model["model"]: model["overall"] for model in found.report["models"]}
    submissions = Submission.objects.select_related("team").in_bulk([UUID(pk) for pk in blocks])
    sealed, public = sides(found.ranking), sides(found.public)
    reasons = {one["model"]: one["reason"] for one in found.ranking["unranked"]}
    lines = [
        SealedLine(
            submission=submissions[UUID(pk)],
            public=public.get(pk, Side()),
            sealed=sealed.get(pk, Side()),
            sensitivity=formatting.rate(block["sensitivity"]["all"]),
            specificity=formatting.rate(block["specificity"]),
            reason=reasons.get(pk, ""),
        )
        for pk, block in blocks.items()
        if UUID(pk) in submissions
    ]
    order = list(sealed)
    lines.sort(key=lambda line: order.index(pk) if (pk := str(line.submission.pk)) in sealed else len(order))
    cohorts = list(benchmark.sealed.select_related("hospital"))
    return SealedBoard(ranking=found, cohorts=cohorts, lines=lines)


def sides(ranking: Json) -> dict[str, Side]:
    """In the ranking's order of display."""
    return {
        model["model"]: Side(
            rank=model["rank"],
            band=formatting.rank_band(*model["rank_set"]),
            score=formatting.rate(vars(over_hospitals(model["hospitals"])), unit=Unit.PLAIN),
        )
        for model in ranking["models"]
    }


def over_hospitals(hospitals: Json) -> Rate:
    return mean_of(
        [
            Rate(value=one["value"], low=one["low"], high=one["high"], k=None, n=None, method=one["method"])
            for one in hospitals.values()
        ]
    )


def sealed_json(board: SealedBoard) -> dict[str, Any]:
    return {
        "created": board.ranking.created.isoformat(),
        "seed": board.ranking.seed,
        "versions": board.ranking.versions,
        "inputs_sha256": board.ranking.inputs_sha256,
        "cohorts": [
            {"hospital": cohort.hospital.name, "version": cohort.version, "fingerprint": cohort.fingerprint}
            for cohort in board.cohorts
        ],
        "entries": [
            {
                "submission": str(line.submission.pk),
                "model": line.submission.model,
                "team": line.submission.team.name,
                "public": {"rank": line.public.rank, "rank_band": line.public.band, "score": line.public.score.value},
                "sealed": {"rank": line.sealed.rank, "rank_band": line.sealed.band, "score": line.sealed.score.value},
                "shake_up": line.shift,
                "unranked_reason": line.reason or None,
            }
            for line in board.lines
        ],
    }
