"""Award candidates: finalists judged together, everything else alone; per criterion exceeds, does not, or too few."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evaluator.statistics.goals import GoalVerdict, Verdict, judge_goal
from evaluator.statistics.versus_readers import Finalist as Judged
from evaluator.statistics.versus_readers import (
    NewHospitals,
    ReadersVerdict,
    judge_against_readers,
    judge_finalists,
    new_hospital_bounds,
    together,
)
from leaderboard.accounts.models import Team
from leaderboard.awards.models import Closing, Criterion, Finalist
from leaderboard.benchmarks.models import Benchmark
from leaderboard.rankings.models import Entry, Snapshot
from leaderboard.rankings.selectors import newest_snapshot
from leaderboard.submissions.models import Submission

SENSITIVITY, SPECIFICITY = Criterion.Metric.SENSITIVITY.value, Criterion.Metric.SPECIFICITY.value


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One criterion of one entry. `verdict` carries the word, the counts, the exact interval, and a sentence."""

    criterion: Criterion
    verdict: GoalVerdict


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """``finalist`` is what Holm's adjustment over all finalists leaves of the verdict alone; None for the others."""

    entry: Entry
    submission: Submission
    judgements: list[Judgement]
    elsewhere: NewHospitals
    p: float | None
    finalist: Judged | None = None

    @property
    def alone(self) -> Verdict:
        """Over all criteria that are no badge: every one must be exceeded."""
        main = [one.verdict.verdict for one in self.judgements if not one.criterion.badge]
        return together(main[0], main[-1]) if main else Verdict.TOO_FEW

    @property
    def verdict(self) -> Verdict:
        return self.finalist.verdict if self.finalist else self.alone

    @property
    def below(self) -> list[str]:
        """Hospitals whose patients surely contradict a criterion that is no badge."""
        return list(
            dict.fromkeys(
                name for one in self.judgements if not one.criterion.badge for name in one.verdict.hospitals_below
            )
        )


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """``unranked_finalists`` were named and are in no ranking yet; they count in Holm's family all the same."""

    snapshot: Snapshot | None
    criteria: list[Criterion]
    finalists: list[Candidate]
    others: list[Candidate]
    missing: list[Submission]
    closing: Closing | None

    @property
    def rows(self) -> list[Candidate]:
        return [*self.finalists, *self.others]


def finalist_of(team: Team, benchmark: Benchmark) -> Finalist | None:
    return Finalist.objects.filter(team=team, benchmark=benchmark).select_related("submission").first()


def is_closed(benchmark: Benchmark) -> bool:
    return Closing.objects.filter(benchmark=benchmark).exists()


def candidates(*, benchmark: Benchmark) -> Candidates:
    """Every entry of the newest published ranking, judged by every criterion, those that exceed first."""
    snapshot = newest_snapshot(benchmark)
    criteria = list(Criterion.objects.filter(benchmark=benchmark))
    named = {row.submission_id: row.submission for row in finalists_in(benchmark)}
    closing = Closing.objects.filter(benchmark=benchmark).first()
    rows: list[Candidate] = []
    if snapshot is not None:
        entries = snapshot.entries.select_related("evaluation__submission__team", "evaluation__submission__benchmark")
        rows = [judged(entry, criteria) for entry in entries]
    present = {row.submission.pk for row in rows}
    family = [row for row in rows if row.submission.pk in named]
    missing = [submission for pk, submission in named.items() if pk not in present]
    return Candidates(
        snapshot=snapshot,
        criteria=criteria,
        finalists=ordered(adjusted(family, criteria, missing=len(missing))),
        others=ordered([row for row in rows if row.submission.pk not in named]),
        missing=missing,
        closing=closing,
    )


def finalists_in(benchmark: Benchmark) -> list[Finalist]:
    return list(Finalist.objects.filter(benchmark=benchmark).select_related("submission__team"))


def ordered(rows: list[Candidate]) -> list[Candidate]:
    order = [Verdict.EXCEEDS, Verdict.TOO_FEW, Verdict.DOES_NOT]
    return sorted(rows, key=lambda row: (order.index(row.verdict), row.entry.position))


def judged(entry: Entry, criteria: list[Criterion]) -> Candidate:
    alone = readers_verdict(entry, criteria)
    return Candidate(
        entry=entry,
        submission=entry.evaluation.submission,
        judgements=[judge(entry, criterion) for criterion in criteria],
        elsewhere=alone.new_hospitals if alone else NewHospitals.NOT_ESTIMABLE,
        p=alone.p if alone else None,
    )


def readers_verdict(entry: Entry, criteria: list[Criterion]) -> ReadersVerdict | None:
    """Both goals together; None where the benchmark does not have both criteria."""
    goals = {one.metric: one.goal for one in criteria if not one.badge and one.stratum == "all"}
    if goals.keys() != {SENSITIVITY, SPECIFICITY}:
        return None
    found, cleared = counts_of(entry, SENSITIVITY, "all"), counts_of(entry, SPECIFICITY, "all")
    return judge_against_readers(
        sensitivity=found,
        specificity=cleared,
        sensitivity_goal=goals[SENSITIVITY],
        specificity_goal=goals[SPECIFICITY],
        new_hospitals=new_hospital_bounds(found, cleared),
    )


def adjusted(rows: list[Candidate], criteria: list[Criterion], *, missing: int) -> list[Candidate]:
    """Holm's adjustment over all finalists; one without a result yet counts as p = 1."""
    alone = {str(row.submission.pk): readers_verdict(row.entry, criteria) for row in rows}
    family = {name: verdict for name, verdict in alone.items() if verdict is not None}
    nobody = {f"missing {number}": replace(next(iter(family.values())), p=None) for number in range(missing) if family}
    together_ = judge_finalists({**family, **nobody}) if family else {}
    return [replace(row, finalist=together_.get(str(row.submission.pk))) for row in rows]


def judge(entry: Entry, criterion: Criterion) -> Judgement:
    counts = counts_of(entry, criterion.metric, criterion.stratum)
    return Judgement(criterion=criterion, verdict=judge_goal(counts, goal=criterion.goal))


def counts_of(entry: Entry, metric: str, stratum: str) -> dict[str, tuple[int, int]]:
    """Of each hospital, patients answered correctly, of all."""
    return {name: (k, n) for name, (k, n) in entry.counts.get(metric, {}).get(stratum, {}).items()}
