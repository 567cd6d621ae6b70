"""The hospitals as the public sees them: counts only, small cells hidden, a fixed number of queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count as Number
from django.db.models import Exists, OuterRef, Q

from evaluator.statistics.disclosure import hidden_cells
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Case, Cohort, Hospital


@dataclass(frozen=True, kw_only=True)
class Count:
    """Patients of one value of an attribute. ``count`` is None where it is hidden."""

    label: str
    count: int | None


@dataclass(frozen=True, kw_only=True)
class HospitalRow:
    """A hospital's held-out patients, those with an index scan."""

    hospital: Hospital
    cohorts: list[Cohort]
    scans: int | None
    positive: int | None
    negative: int | None
    phases: list[Count]
    scanners: list[Count]


@dataclass(frozen=True, kw_only=True)
class CalibrationRow:
    """A cohort that operating points are frozen on; None where its patients are too few to be counted in public."""

    cohort: Cohort
    patients: int | None


@dataclass(frozen=True, kw_only=True)
class Hospitals:
    rows: list[HospitalRow]
    calibration: list[CalibrationRow]
    minimum: int


def public_minimum() -> int:
    """The strictest of the published benchmarks; the default where there is none yet."""
    values = list(Benchmark.objects.filter(published=True).values_list("public_minimum", flat=True))
    return max(values, default=Benchmark._meta.get_field("public_minimum").default)


def counted(values: Mapping[str, int], *, minimum: int) -> list[Count]:
    """Counts of the parts of a whole, with what would reveal a hidden one hidden too."""
    whole = {name: count for name, count in values.items() if count}
    sums = [["", *whole]] if whole else []
    hidden = hidden_cells({"": sum(whole.values()), **whole}, sums=sums, minimum=minimum)
    return [Count(label=name, count=None if name in hidden else count) for name, count in sorted(whole.items())]


def shown_versions(only: Hospital | None = None) -> list[Cohort]:
    """Of each held-out cohort the version that is ranked in public, so that no patient counts twice. What no published
    benchmark counts is not counted here: the difference would tell of its patients, who may be few."""
    ranked = Benchmark.objects.filter(published=True, cohorts=OuterRef("pk"))
    rows = Cohort.objects.filter(Exists(ranked), purpose=Cohort.Purpose.HELD_OUT).select_related("hospital")
    if only is not None:
        rows = rows.filter(hospital=only)
    found: dict[tuple[int, str], Cohort] = {}
    for cohort in rows.order_by("frozen_at", "pk"):
        found[cohort.hospital_id, cohort.name] = cohort
    return sorted(found.values(), key=lambda cohort: cohort.name)


def hospital_rows(only: Hospital | None = None) -> Hospitals:
    """All of them, or one."""
    minimum = public_minimum()
    cohorts: dict[int, list[Cohort]] = defaultdict(list)
    versions = shown_versions(only)
    for cohort in versions:
        cohorts[cohort.hospital_id].append(cohort)
    tally: dict[int, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    cases = Case.objects.filter(cohort__in=[cohort.pk for cohort in versions]).order_by()
    scans = dict(cases.values_list("cohort__hospital").annotate(Number("pk")))
    kinds = ("cohort__hospital", "cancer", "attributes__phase", "attributes__scanner")
    for hospital, cancer, phase, scanner, count in (
        cases.filter(index_scan=True).values(*kinds).annotate(Number("pk")).values_list(*kinds, "pk__count")
    ):
        mine = tally[hospital]
        mine["truth"]["positive" if cancer else "negative"] += count
        for name, value in (("phase", phase), ("scanner", scanner)):
            if value is not None:
                mine[name][str(value)] += count
    rows = []
    for pk, held in cohorts.items():
        truth = {count.label: count.count for count in counted(tally[pk]["truth"], minimum=minimum)}
        rows.append(
            HospitalRow(
                hospital=held[0].hospital,
                cohorts=held,
                scans=scans[pk] if tally[pk]["truth"].total() >= minimum else None,
                positive=truth.get("positive", 0),
                negative=truth.get("negative", 0),
                phases=counted(tally[pk]["phase"], minimum=minimum),
                scanners=counted(tally[pk]["scanner"], minimum=minimum),
            )
        )
    rows.sort(key=lambda row: row.hospital.name)
    return Hospitals(rows=rows, calibration=calibration_rows(minimum=minimum), minimum=minimum)


def calibration_rows(*, minimum: int) -> list[CalibrationRow]:
    cohorts = Cohort.objects.filter(purpose=Cohort.Purpose.CALIBRATION).select_related("hospital")
    counted = cohorts.annotate(patients=Number("cases", filter=Q(cases__index_scan=True)))
    return [
        CalibrationRow(cohort=cohort, patients=cohort.patients if cohort.patients >= minimum else None)
        for cohort in counted
    ]
