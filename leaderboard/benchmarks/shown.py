"""A benchmark as teams and the public see it, in sentences and counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Q

from leaderboard.benchmarks.models import Benchmark, ReaderBaseline
from leaderboard.hospitals.models import Case, Cohort

GIB = 1024**3


@dataclass(frozen=True, kw_only=True)
class Place:
    """A hospital of the benchmark: patients with and without cancer, None where too few to be shown."""

    hospital: str
    positive: int | None
    negative: int | None
    scans: int
    on_panel: bool


@dataclass(frozen=True, kw_only=True)
class Shown:
    """``rules``: what a submission may use; ``later``: what is shown later, or to fewer."""

    benchmark: Benchmark
    places: list[Place]
    strata: list[str]
    readers: list[ReaderBaseline]
    operating_point: str
    rules: list[str]
    later: list[str]
    sample: str
    calibration: int
    sealed: int


def benchmark_shown(benchmark: Benchmark) -> Shown:
    return Shown(
        benchmark=benchmark,
        places=places(benchmark),
        strata=[item["label"] for item in benchmark.strata],
        readers=list(benchmark.reader_baselines.all()),
        operating_point=operating_point(benchmark),
        rules=list(rules(benchmark)),
        later=list(later(benchmark)),
        sample=str(benchmark.sample or ""),
        calibration=index_patients(benchmark.calibration.values_list("pk", flat=True)),
        sealed=benchmark.sealed.count(),
    )


def index_patients(cohorts: object) -> int:
    return Case.objects.filter(cohort__in=cohorts, index_scan=True).count()  # type: ignore[misc]


def places(benchmark: Benchmark) -> list[Place]:
    counted = Cohort.objects.filter(benchmarks=benchmark).values("hospital__name").order_by("hospital__name")
    rows = counted.annotate(
        positive=Count("cases", filter=Q(cases__index_scan=True, cases__cancer=True)),
        negative=Count("cases", filter=Q(cases__index_scan=True, cases__cancer=False)),
        scans=Count("cases"),
    )

    def told(count: int) -> int | None:
        return None if 0 < count < benchmark.public_minimum else count

    return [
        Place(
            hospital=row["hospital__name"],
            positive=told(row["positive"]),
            negative=told(row["negative"]),
            scans=row["scans"],
            on_panel=min(row["positive"], row["negative"]) >= benchmark.panel_minimum,
        )
        for row in rows
    ]


def operating_point(benchmark: Benchmark) -> str:
    if not benchmark.calibration.exists():
        return "Each team declares its own before the first scan counts."
    how = "with 95 % certainty at most" if benchmark.confident else "on average"
    share = f"{100 * benchmark.false_alarm_share:g} %"
    rule = f"{how} {share} of people without cancer are flagged"
    return f"Frozen on calibration patients, the same rule for everybody: {rule}."


def rules(benchmark: Benchmark) -> Iterator[str]:
    yield f"Contracts: {', '.join(benchmark.contracts)}."
    gpu = f", one GPU of {benchmark.gpu_memory_bytes / GIB:g} GiB or more" if benchmark.gpus else ", no GPU"
    seconds = benchmark.case_limit_seconds
    yield f"A container gets {benchmark.memory_bytes / GIB:g} GiB of memory{gpu} and {seconds} s a case."
    yield f"A team hands in {benchmark.quota_per_month} a month."
    if benchmark.verified_only:
        yield "Only teams of verified organisations hand in."


def later(benchmark: Benchmark) -> Iterator[str]:
    if benchmark.ladder:
        yield "Until the final, each team is shown what the Ladder released, and nothing is ranked."
    if benchmark.strata_at_final:
        yield "Sizes, locations, lead times and groups of patients are shown at the final."
    if benchmark.batch_hours:
        yield f"How runs ended is told every {benchmark.batch_hours} hours, from midnight UTC on."
    if sealed := benchmark.sealed.count():
        yield f"The finalists are scored on {sealed} sealed cohort{'s' if sealed > 1 else ''}, once."
    if benchmark.public_minimum:
        yield f"Numbers that fewer than {benchmark.public_minimum} patients stand behind are hidden."
