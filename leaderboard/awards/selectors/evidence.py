"""What is known of a candidate beside its verdicts: each number by itself, never added up to one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from evaluator.records import Rate
from evaluator.statistics import prevalence as at_prevalence
from evaluator.statistics.intervals import wilson
from evaluator.statistics.strata import LEAD_TIME_BINS
from leaderboard.accounts.models import Team
from leaderboard.accounts.selectors import standing_together
from leaderboard.awards.models import Call, Letter
from leaderboard.awards.selectors.judging import (
    SENSITIVITY,
    SPECIFICITY,
    Candidate,
    Candidates,
    candidates,
    counts_of,
)
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Cohort, OverlapCheck
from leaderboard.rankings.models import Entry, Snapshot
from leaderboard.submissions.models import Submission
from leaderboard.submissions.selectors import charged

SMALL = "le20"


@dataclass(frozen=True, kw_only=True)
class AtPrevalence:
    """Of 1,000 people scanned where this share has cancer."""

    value: float
    label: str
    ppv: Rate
    alarms: Rate


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Whether held-out scans were looked for in training sets: ``checked`` of ``cohorts`` were."""

    cohorts: int
    checked: int
    surely: int
    maybe: int


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """``worst_score`` is sensitivity − (1 − specificity) at the worst hospital, as the ranking has it.

    ``worst_left_out``: its patients count for nothing in the call that is asked about.
    ``used``: submissions of the team, or of all teams of its organisation, on this benchmark: the more were tried, the
    likelier one of them is good by luck.
    """

    positives: int
    negatives: int
    small: Rate
    at: list[AtPrevalence]
    worst_hospital: str
    worst_left_out: bool
    worst_score: Mapping[str, Any] | None
    worst_found: Rate
    worst_cleared: Rate
    lead_times: list[tuple[str, Mapping[str, Any]]]
    organ: str
    other_organs: list[str]
    trained_on: list[str]
    overlap: Overlap
    used: int


@dataclass(frozen=True, kw_only=True)
class Known:
    """A candidate with its evidence."""

    row: Candidate
    evidence: Evidence


def known(rows: Sequence[Candidate], benchmark: Benchmark, *, off_panel: Collection[str]) -> list[Known]:
    """The evidence of each, in a fixed number of queries."""
    submissions = [row.submission for row in rows]
    trained = defaultdict[UUID, list[str]](list)
    through = Submission.trained_on.through.objects.filter(submission__in=submissions)
    for pk, name in through.values_list("submission", "hospital__name").order_by("hospital__name"):
        trained[pk].append(name)
    used, elsewhere, overlap = submissions_used(benchmark), other_organs(benchmark), overlap_of(benchmark)
    found = []
    for row in rows:
        entry, team = row.entry, row.submission.team
        cells = {
            name: counts_of(entry, metric, stratum, off_panel=off_panel)
            for name, metric, stratum in (
                ("found", SENSITIVITY, "all"),
                ("cleared", SPECIFICITY, "all"),
                ("small", SENSITIVITY, SMALL),
            )
        }
        sums = {
            name: (sum(k for k, _ in cell.values()), sum(n for _, n in cell.values())) for name, cell in cells.items()
        }
        worst = entry.worst_hospital
        evidence = Evidence(
            positives=sums["found"][1],
            negatives=sums["cleared"][1],
            small=wilson(*sums["small"]),
            at=[
                AtPrevalence(
                    value=item["value"],
                    label=item["label"],
                    ppv=at_prevalence.ppv(
                        sensitivity=sums["found"], specificity=sums["cleared"], prevalence=item["value"]
                    ),
                    alarms=at_prevalence.false_alarms_per_1000(specificity=sums["cleared"], prevalence=item["value"]),
                )
                for item in benchmark.prevalences
            ],
            worst_hospital=worst,
            worst_left_out=worst in off_panel,
            worst_score=None if worst in off_panel else (entry.transfer or {}).get("worst"),
            worst_found=wilson(*cells["found"].get(worst, (0, 0))),
            worst_cleared=wilson(*cells["cleared"].get(worst, (0, 0))),
            lead_times=lead_times(entry),
            organ=benchmark.organ,
            other_organs=elsewhere[team.pk],
            trained_on=trained[row.submission.pk],
            overlap=overlap,
            used=used[climber(team)],
        )
        found.append(Known(row=row, evidence=evidence))
    return found


def lead_times(entry: Entry) -> list[tuple[str, Mapping[str, Any]]]:
    rates = entry.overall.get("lead_time") or {}
    named = ((f"{one.start:g}–{one.stop:g} months before", rates.get(one.name)) for one in LEAD_TIME_BINS)
    return [(label, rate) for label, rate in named if rate is not None]


def climber(team: Team) -> tuple[str, int]:
    """Who is counted together."""
    return ("organisation", team.organisation_id) if team.organisation_id else ("team", team.pk)


def submissions_used(benchmark: Benchmark) -> Counter[tuple[str, int]]:
    used = Counter[tuple[str, int]]()
    rows = charged(Submission.objects.filter(benchmark=benchmark)).order_by()
    for team, organisation in rows.values_list("team", "team__organisation"):
        used["organisation" if organisation else "team", organisation or team] += 1
    return used


def other_organs(benchmark: Benchmark) -> defaultdict[int, list[str]]:
    """Organs of other benchmarks on which a team stands in the newest published ranking."""
    published = Snapshot.objects.filter(published=True, benchmark__published=True).exclude(benchmark=benchmark)
    newest = dict(published.order_by("number").values_list("benchmark", "pk"))
    rows = Entry.objects.filter(snapshot__in=newest.values()).order_by("snapshot__benchmark__organ")
    found = defaultdict[int, list[str]](list)
    for team, organ in rows.values_list("evaluation__submission__team", "snapshot__benchmark__organ").distinct():
        found[team].append(organ)
    return found


def overlap_of(benchmark: Benchmark) -> Overlap:
    cohorts = set(benchmark.cohorts.filter(purpose=Cohort.Purpose.HELD_OUT).values_list("pk", flat=True))
    checks = list(OverlapCheck.objects.filter(cohort__in=cohorts))
    return Overlap(
        cohorts=len(cohorts),
        checked=len({check.cohort_id for check in checks}),
        surely=sum(check.surely for check in checks),
        maybe=sum(check.maybe for check in checks),
    )


def panel_without(found: Candidates, without: Collection[str] = ()) -> set[str]:
    snapshot = found.snapshot
    return set(without) | ({one["hospital"] for one in snapshot.ranking["off_panel"]} if snapshot else set())


def recused_submissions(call: Call, benchmark: Benchmark) -> dict[UUID, str]:
    """Of a benchmark's submissions those in which the sponsor has a part, and which."""
    rows = Submission.objects.filter(benchmark=benchmark)
    trained = rows.filter(trained_on__sponsored_calls=call).values_list("pk", flat=True)
    why = dict.fromkeys(trained, f"trained on scans of the sponsor’s hospitals ({call.sponsor})")
    if call.sponsor_team is not None:
        own = rows.filter(team__in=standing_together(call.sponsor_team)).values_list("pk", flat=True)
        why |= dict.fromkeys(own, f"of the sponsor’s own team ({call.sponsor})")
    return why


def in_call(call: Call, benchmark: Benchmark) -> tuple[Candidates, set[str]]:
    """The candidates by a call's criteria, without what its sponsor has a part in; and whose patients are left out."""
    sponsors = set(call.sponsor_hospitals.values_list("name", flat=True))
    found = candidates(
        benchmark=benchmark,
        criteria=list(call.criteria.filter(benchmark=benchmark)),
        without=sponsors,
        recused=recused_submissions(call, benchmark),
    )
    return found, panel_without(found, sponsors)


def of_letter(letter: Letter) -> list[tuple[Benchmark, list[Known]]]:
    """The candidates that a letter is about, of each benchmark of its call."""
    about = set(letter.submissions.values_list("pk", flat=True))
    groups = []
    for benchmark in letter.call.benchmarks.all():
        found, off_panel = in_call(letter.call, benchmark)
        rows = [row for row in found.rows if row.submission.pk in about]
        groups.append((benchmark, known(rows, benchmark, off_panel=off_panel)))
    return groups


def verdicts_of(letter: Letter) -> list[dict[str, Any]]:
    """What is said of a letter's models now, for the record: JSON values."""
    return [
        {
            "benchmark": benchmark.slug,
            "ranking": one.row.entry.snapshot.number,
            "model": one.row.submission.model,
            "submission": str(one.row.submission.pk),
            "verdict": one.row.verdict.value if one.row.verdict else "none",
            "criteria": [
                {
                    "criterion": each.criterion.label,
                    "verdict": each.verdict.verdict.value,
                    "why_not": each.verdict.why_not,
                    "k": each.verdict.rate.k,
                    "n": each.verdict.rate.n,
                }
                for each in one.row.judgements
            ],
        }
        for benchmark, group in of_letter(letter)
        for one in group
    ]
