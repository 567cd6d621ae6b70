"""Award candidates: per entry and criterion exceeds, does not, or too few."""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.statistics.goals import GoalVerdict, Verdict, judge_goal
from leaderboard.awards.models import Criterion
from leaderboard.benchmarks.models import Benchmark
from leaderboard.rankings.models import Entry, Snapshot
from leaderboard.rankings.selectors import newest_snapshot
from leaderboard.submissions.models import Submission


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One criterion of one entry. `verdict` carries the word, the counts, the exact interval, and a sentence."""

    criterion: Criterion
    verdict: GoalVerdict


@dataclass(frozen=True, kw_only=True)
class Candidate:
    entry: Entry
    submission: Submission
    judgements: list[Judgement]

    @property
    def verdict(self) -> Verdict:
        """Over all criteria that are no badge: every one must be exceeded."""
        verdicts = {one.verdict.verdict for one in self.judgements if not one.criterion.badge}
        if verdicts == {Verdict.EXCEEDS}:
            return Verdict.EXCEEDS
        return Verdict.DOES_NOT if Verdict.DOES_NOT in verdicts else Verdict.TOO_FEW


@dataclass(frozen=True, kw_only=True)
class Candidates:
    snapshot: Snapshot | None
    criteria: list[Criterion]
    rows: list[Candidate]


def candidates(*, benchmark: Benchmark) -> Candidates:
    """Every entry of the newest published ranking, judged by every criterion, those that exceed first."""
    snapshot = newest_snapshot(benchmark)
    criteria = list(Criterion.objects.filter(benchmark=benchmark))
    if snapshot is None:
        return Candidates(snapshot=None, criteria=criteria, rows=[])
    entries = snapshot.entries.select_related("evaluation__submission__team", "evaluation__submission__benchmark")
    rows = [
        Candidate(
            entry=entry,
            submission=entry.evaluation.submission,
            judgements=[judge(entry, criterion) for criterion in criteria],
        )
        for entry in entries
    ]
    order = [Verdict.EXCEEDS, Verdict.TOO_FEW, Verdict.DOES_NOT]
    rows.sort(key=lambda row: (order.index(row.verdict), row.entry.position))
    return Candidates(snapshot=snapshot, criteria=criteria, rows=rows)


def judge(entry: Entry, criterion: Criterion) -> Judgement:
    counts = entry.counts.get(criterion.metric, {}).get(criterion.stratum, {})
    hospitals = {name: (k, n) for name, (k, n) in counts.items()}
    return Judgement(criterion=criterion, verdict=judge_goal(hospitals, goal=criterion.goal))
