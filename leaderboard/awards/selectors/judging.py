"""Award candidates: finalists judged together, everything else alone; per criterion exceeds, does not, or too few."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from uuid import UUID

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
from leaderboard.awards.selectors.same_cases import NO_READERS, OF_ALL_SIZES, SameCases, same_cases
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
    same_cases: SameCases = NO_READERS


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """``readers``: both goals together, None where the benchmark lacks one. ``named``: as a finalist, with what Holm's
    adjustment over all of them leaves of the verdict alone in ``finalist``. ``late``: when results of the team were
    public already. ``recused``: why nothing of it counts in the call that is asked about."""

    entry: Entry
    submission: Submission
    judgements: list[Judgement]
    readers: ReadersVerdict | None
    named: Finalist | None = None
    finalist: Judged | None = None
    late: bool = False
    recused: str = ""

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
        """None for what may not be ranked (trained at the panel's hospitals, incomplete, too many failures) or is
        recused."""
        if not self.entry.is_ranked or self.recused:
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


def may_be_finalist(submission: Submission) -> bool:
    """One that was accepted, is to be published, and has not ended without numbers."""
    evaluation = getattr(submission, "evaluation", None)
    over = evaluation is not None and evaluation.state in evaluation.ENDED and evaluation.state != evaluation.State.DONE
    return submission.state == Submission.State.ACCEPTED and submission.public and not over


def candidates(
    *,
    benchmark: Benchmark,
    criteria: Sequence[Criterion] = (),
    without: Collection[str] = (),
    recused: Mapping[UUID, str] | None = None,
) -> Candidates:
    """Every entry of the newest published ranking, judged by these criteria or else all, those that exceed first.

    ``without`` names hospitals whose patients count for nothing, ``recused`` submissions that do not, and why: neither
    do these count in Holm's family.
    """
    recused = recused or {}
    snapshot = newest_snapshot(benchmark)
    criteria = list(criteria or Criterion.objects.filter(benchmark=benchmark))
    named = {row.submission_id: row for row in finalists_in(benchmark)}
    closing = Closing.objects.filter(benchmark=benchmark).first()
    rows: list[Candidate] = []
    if snapshot is not None:
        entries = snapshot.entries.select_related("evaluation__submission__team", "evaluation__submission__benchmark")
        off_panel = {hospital["hospital"] for hospital in snapshot.ranking["off_panel"]} | set(without)
        rows = [judged(entry, criteria, off_panel=off_panel) for entry in entries]
        rows = beside_readers(benchmark, rows, off_panel=off_panel)
        rows = [replace(row, recused=recused.get(row.submission.pk, "")) for row in rows]
    present = {row.submission.pk for row in rows}
    public = results_public(benchmark)
    family = [
        replace(row, named=chosen, late=is_late(chosen, public))
        for row in rows
        if (chosen := named.get(row.submission.pk)) and not row.recused
    ]
    others = [
        replace(row, named=named.get(row.submission.pk))
        for row in rows
        if row.recused or row.submission.pk not in named
    ]
    missing = [chosen.submission for pk, chosen in named.items() if pk not in present and pk not in recused]
    return Candidates(
        snapshot=snapshot,
        criteria=criteria,
        finalists=ordered(adjusted(family, missing=len(missing))),
        others=ordered(others),
        missing=missing,
        closing=closing,
    )


def unseen(found: Candidates, teams: Collection[int]) -> Candidates:
    """The same without what is of these teams: judged with everything, and not shown."""
    finalists, others = (
        [row for row in rows if row.submission.team_id not in teams] for rows in (found.finalists, found.others)
    )
    missing = [submission for submission in found.missing if submission.team_id not in teams]
    return replace(found, finalists=finalists, others=others, missing=missing)


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


def beside_readers(benchmark: Benchmark, rows: list[Candidate], *, off_panel: Collection[str]) -> list[Candidate]:
    """The same with what radiologists did on the same cases, where they have read them."""
    read = same_cases(benchmark, [row.entry.evaluation for row in rows], off_panel=off_panel)

    def with_them(one: Judgement, found: Mapping[str, SameCases]) -> Judgement:
        return replace(one, same_cases=found[one.criterion.metric] if one.criterion.stratum == "all" else OF_ALL_SIZES)

    return [
        replace(row, judgements=[with_them(one, read[row.entry.evaluation_id]) for one in row.judgements])
        if row.entry.evaluation_id in read
        else row
        for row in rows
    ]


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
