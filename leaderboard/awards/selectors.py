"""Award candidates: finalists judged together, everything else alone; per criterion exceeds, does not, or too few."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce

from django.db.models import Min

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
    """``readers``: both goals together, None where the benchmark lacks one. ``named``: as a finalist, with what Holm's
    adjustment over all of them leaves of the verdict alone in ``finalist``. ``late``: when results of the team were
    public already."""

    entry: Entry
    submission: Submission
    judgements: list[Judgement]
    readers: ReadersVerdict | None
    named: Finalist | None = None
    finalist: Judged | None = None
    late: bool = False

    @property
    def p(self) -> float | None:
        return self.readers.p if self.readers else None

    @property
    def elsewhere(self) -> NewHospitals:
        return self.readers.new_hospitals if self.readers else NewHospitals.NOT_ESTIMABLE

    @property
    def alone(self) -> Verdict:
        """Over all criteria that are no badge: every one must be exceeded."""
        main = [one.verdict.verdict for one in self.judgements if not one.criterion.badge]
        return reduce(together, main) if main else Verdict.TOO_FEW

    @property
    def verdict(self) -> Verdict | None:
        """None for what may not be ranked: trained at the panel's hospitals, incomplete, or too many failures."""
        if not self.entry.is_ranked:
            return None
        return self.finalist.verdict if self.finalist and self.alone is Verdict.EXCEEDS else self.alone

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
    """``missing`` were named and are in no ranking yet; they count in Holm's family all the same."""

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
    named = {row.submission_id: row for row in finalists_in(benchmark)}
    closing = Closing.objects.filter(benchmark=benchmark).first()
    rows: list[Candidate] = []
    if snapshot is not None:
        entries = snapshot.entries.select_related("evaluation__submission__team", "evaluation__submission__benchmark")
        off_panel = {hospital["hospital"] for hospital in snapshot.ranking["off_panel"]}
        rows = [judged(entry, criteria, off_panel=off_panel) for entry in entries]
    present = {row.submission.pk for row in rows}
    public = results_public(benchmark)
    family = [
        replace(row, named=chosen, late=is_late(chosen, public))
        for row in rows
        if (chosen := named.get(row.submission.pk))
    ]
    missing = [chosen.submission for pk, chosen in named.items() if pk not in present]
    return Candidates(
        snapshot=snapshot,
        criteria=criteria,
        finalists=ordered(adjusted(family, missing=len(missing))),
        others=ordered([row for row in rows if row.submission.pk not in named]),
        missing=missing,
        closing=closing,
    )


def finalists_in(benchmark: Benchmark) -> list[Finalist]:
    return list(Finalist.objects.filter(benchmark=benchmark).select_related("submission__team"))


def results_public(benchmark: Benchmark) -> dict[int, datetime]:
    """When a ranking with results of a team was first there to be read, by team."""
    entries = Entry.objects.filter(snapshot__benchmark=benchmark, snapshot__published=True).order_by()
    return dict(entries.values_list("evaluation__submission__team").annotate(Min("snapshot__created")))


def is_late(finalist: Finalist, public: dict[int, datetime]) -> bool:
    first = public.get(finalist.team_id)
    return first is not None and finalist.named_at > first


def ordered(rows: list[Candidate]) -> list[Candidate]:
    order = [Verdict.EXCEEDS, Verdict.TOO_FEW, Verdict.DOES_NOT, None]
    return sorted(rows, key=lambda row: (order.index(row.verdict), row.entry.position))


def judged(entry: Entry, criteria: list[Criterion], *, off_panel: Collection[str]) -> Candidate:
    judgements = []
    for criterion in criteria:
        counts = counts_of(entry, criterion.metric, criterion.stratum, off_panel=off_panel)
        judgements.append(Judgement(criterion=criterion, verdict=judge_goal(counts, goal=criterion.goal)))
    return Candidate(
        entry=entry,
        submission=entry.evaluation.submission,
        judgements=judgements,
        readers=readers_verdict(entry, criteria, off_panel=off_panel),
    )


def readers_verdict(entry: Entry, criteria: list[Criterion], *, off_panel: Collection[str]) -> ReadersVerdict | None:
    """Both goals together; None where the benchmark does not have both criteria."""
    goals = {one.metric: one.goal for one in criteria if not one.badge and one.stratum == "all"}
    if goals.keys() != {SENSITIVITY, SPECIFICITY}:
        return None
    found, cleared = (counts_of(entry, metric, "all", off_panel=off_panel) for metric in (SENSITIVITY, SPECIFICITY))
    return judge_against_readers(
        sensitivity=found,
        specificity=cleared,
        sensitivity_goal=goals[SENSITIVITY],
        specificity_goal=goals[SPECIFICITY],
        new_hospitals=new_hospital_bounds(found, cleared),
    )


def adjusted(rows: list[Candidate], *, missing: int) -> list[Candidate]:
    """Holm's adjustment over all finalists; one that has no result yet, or may not be ranked, counts as p = 1."""
    family = {
        str(row.submission.pk): row.readers if row.entry.is_ranked else replace(row.readers, p=None)
        for row in rows
        if row.readers
    }
    nobody = {f"missing {number}": replace(next(iter(family.values())), p=None) for number in range(missing) if family}
    judged_together = judge_finalists({**family, **nobody})
    return [replace(row, finalist=judged_together.get(str(row.submission.pk))) for row in rows]


def counts_of(entry: Entry, metric: str, stratum: str, *, off_panel: Collection[str]) -> dict[str, tuple[int, int]]:
    """Of each hospital of the panel, patients answered correctly, of all."""
    counts = entry.counts.get(metric, {}).get(stratum, {})
    return {name: (k, n) for name, (k, n) in counts.items() if name not in off_panel}
