"""A benchmark as an organiser fills it in: saved as a whole, or shown as it would be and not saved."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count

from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.benchmarks.fixed import fixed_parts
from leaderboard.benchmarks.models import Benchmark, ReaderBaseline
from leaderboard.benchmarks.selectors import terms_now
from leaderboard.benchmarks.services import (
    patients,
    require_apart,
    require_calibration,
    require_enough_to_publish,
    require_sealed,
    terms_publish,
)
from leaderboard.benchmarks.shown import Shown, benchmark_shown
from leaderboard.hospitals.models import Case, Cohort
from leaderboard.lib.errors import Fault, Refusal

logger = logging.getLogger(__name__)

MANY = ("cohorts", "calibration", "sealed")


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What readers reach, as published."""

    label: str
    metric: str
    stratum: str
    low: float
    high: float
    source: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """The whole of a benchmark; ``values`` are the model's own fields by name."""

    values: Mapping[str, Any]
    cohorts: Sequence[Cohort]
    calibration: Sequence[Cohort]
    sealed: Sequence[Cohort]
    baselines: Sequence[Baseline]


@transaction.atomic
def benchmark_save(*, benchmark: Benchmark, wishes: Wishes, by: User) -> Benchmark:
    """Make it, or change what may still change. The same again changes nothing.

    Raises
    ------
    Refusal
        A part that is fixed would change, or the parts do not go together; each such part is a fault.
    """
    made = benchmark._state.adding
    found = Benchmark() if made else Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    changed = sorted(changes(found, wishes))
    if not made and not changed:
        return found
    fixed = fixed_parts(found)
    if broken := [Fault(where=name, what=fixed[name]) for name in changed if name in fixed]:
        raise Refusal(
            f"{found} was not changed.",
            why="Parts of it are fixed: some submissions would be measured otherwise than others.",
            next_step="Make a new benchmark to ask something else.",
            faults=broken,
        )
    for name, value in wishes.values.items():
        setattr(found, name, value)
    try:
        found.full_clean()
    except ValidationError as error:
        faults = [Fault(where=name, what=" ".join(said)) for name, said in error.message_dict.items()]
        raise Refusal("The benchmark was not saved.", why="Not all of it can be.", faults=faults) from error
    found.save()
    for name in MANY:
        getattr(found, name).set(getattr(wishes, name))
    require_together(found, wishes)
    if made or "baselines" in changed:
        ReaderBaseline.objects.filter(benchmark=found).delete()
        ReaderBaseline.objects.bulk_create(ReaderBaseline(benchmark=found, **asdict(one)) for one in wishes.baselines)
    if terms_now() is None:
        terms_publish()
    logger.info("benchmark %s %s by user %s: %s", found.slug, "made" if made else "changed", by.pk, changed)
    act = "benchmark.made" if made else "benchmark.changed"
    record(act, f"benchmark {found.slug}", by=by.pk, changed=changed)
    return found


def changes(benchmark: Benchmark, wishes: Wishes) -> Iterator[str]:
    """The names of the parts that would be others."""
    yield from (name for name, value in wishes.values.items() if getattr(benchmark, name) != value)
    adding = benchmark._state.adding
    for name in MANY:
        before = set() if adding else set(getattr(benchmark, name).values_list("pk", flat=True))
        if before != {cohort.pk for cohort in getattr(wishes, name)}:
            yield name
    fields = ("label", "metric", "stratum", "low", "high", "source", "url")
    kept = set() if adding else set(benchmark.reader_baselines.values_list(*fields))
    if kept != {tuple(asdict(one).values()) for one in wishes.baselines}:
        yield "baselines"


def require_together(benchmark: Benchmark, wishes: Wishes) -> None:
    """Cohorts are used for what they were imported for, no patient for two things, and nobody can be told apart."""
    if odd := [str(one) for one in wishes.cohorts if one.purpose != Cohort.Purpose.HELD_OUT]:
        raise Refusal(
            f"{', '.join(odd)}: not imported as held out.", next_step="Choose held-out cohorts for the panel."
        )
    if benchmark.sample and benchmark.sample.purpose != Cohort.Purpose.SAMPLE:
        raise Refusal(f"{benchmark.sample} is no public sample.", next_step="Choose one that was imported as such.")
    twice = Case.objects.filter(cohort__in=wishes.cohorts).values("cohort__hospital__name", "patient")
    twice = twice.annotate(number=Count("cohort", distinct=True)).filter(number__gt=1)
    if found := twice.order_by("cohort__hospital__name", "patient").first():
        raise Refusal(
            f"Two of the cohorts of {found['cohort__hospital__name']} have patients in common.",
            why="Each patient counts once in a ranking.",
            next_step="Choose one version of a cohort.",
        )
    for cohort in wishes.cohorts:
        require_enough_to_publish(benchmark, cohort)
    if wishes.calibration:
        require_calibration(benchmark, wishes.calibration, benchmark.false_alarm_share, benchmark.confident)
    if wishes.sealed:
        require_sealed(benchmark, wishes.sealed)
    require_apart(benchmark, (*wishes.calibration, *wishes.sealed))
    strata = {item["key"] for item in benchmark.strata}
    if astray := sorted({one.stratum for one in wishes.baselines} - strata):
        raise Refusal(
            f"Readers are given for sizes that are not shown: {', '.join(astray)}.",
            next_step="Show these sizes, or leave the readers of them out.",
        )


def benchmark_preview(*, benchmark: Benchmark, wishes: Wishes, by: User) -> Shown:
    """What teams and the public would see; saved in full, so that every refusal comes now, and undone.

    Raises
    ------
    Refusal
        As `benchmark_save`.
    """
    with transaction.atomic():
        shown = benchmark_shown(benchmark_save(benchmark=benchmark, wishes=wishes, by=by))
        transaction.set_rollback(True)
    return shown


@transaction.atomic
def benchmark_publish(*, benchmark: Benchmark, by: User) -> Benchmark:
    """Everybody sees it, and teams hand in. Published again, it stays as it is.

    Raises
    ------
    Refusal
        It has no sample to try images out on, no hospital, or no hospital large enough to rank on.
    """
    found = Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    if found.published:
        return found
    missing = []
    if found.sample is None:
        missing.append(Fault(where="sample", what="Images are tried out on a public sample; there is none."))
    fewest = found.panel_minimum
    cohorts = list(found.cohorts.select_related("hospital"))
    large = [one for one in cohorts if min(patients(one, cancer=True), patients(one, cancer=False)) >= fewest]
    if not cohorts:
        missing.append(Fault(where="cohorts", what="It is asked at no hospital yet."))
    elif not large:
        said = f"No hospital has the {fewest} patients with and {fewest} without cancer that the panel takes."
        missing.append(Fault(where="cohorts", what=said))
    if missing:
        raise Refusal(f"{found} was not published.", why="A team could not be ranked on it.", faults=missing)
    found.published = True
    found.save(update_fields=["published"])
    logger.info("benchmark %s published by user %s", found.slug, by.pk)
    record("benchmark.published", f"benchmark {found.slug}", by=by.pk)
    return found


@transaction.atomic
def benchmark_hide(*, benchmark: Benchmark, by: User) -> Benchmark:
    """Only organisers see it again.

    Raises
    ------
    Refusal
        Submissions were handed in.
    """
    found = Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    if found.submissions.exists():
        raise Refusal(
            f"{found} stays published.",
            why="Submissions were handed in; their teams and those who cite it rely on it.",
        )
    if found.published:
        found.published = False
        found.save(update_fields=["published"])
        record("benchmark.hidden", f"benchmark {found.slug}", by=by.pk)
    return found
