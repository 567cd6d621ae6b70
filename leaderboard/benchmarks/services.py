"""Making the benchmark the platform starts with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from evaluator.statistics.operating_point import place_on_average, place_surely
from leaderboard.accounts.selectors import Person
from leaderboard.audit.services import record, seen
from leaderboard.benchmarks.models import Benchmark, ReaderBaseline, Terms
from leaderboard.benchmarks.selectors import get_benchmark_for, terms_now
from leaderboard.benchmarks.terms import DEFAULT
from leaderboard.hospitals.models import Case, Cohort
from leaderboard.lib.errors import Refusal

# Edges are stored because "below 2 cm" and "at most 2 cm" differ: above < diameter <= upto, in mm.
SIZE_STRATA: list[dict[str, Any]] = [
    {"key": "all", "label": "All sizes", "above": None, "upto": None},
    {"key": "le20", "label": "≤ 2 cm", "above": None, "upto": 20},
    {"key": "le10", "label": "≤ 10 mm", "above": None, "upto": 10},
    {"key": "gt10_le20", "label": "> 10–20 mm", "above": 10, "upto": 20},
    {"key": "gt20_le40", "label": "> 20–40 mm", "above": 20, "upto": 40},
    {"key": "gt40", "label": "> 40 mm", "above": 40, "upto": None},
]
PREVALENCES: list[dict[str, Any]] = [
    {"value": 0.0001, "label": "general population"},
    {"value": 0.04, "label": "high-risk group"},
]
READERS = "Radiologists"
READER_SOURCE = "Published reader performance on contrast-enhanced CT, as the organisers' announcement summarises it"
READER_RANGES = (
    (ReaderBaseline.Metric.SENSITIVITY, "le20", 0.33, 0.44),
    (ReaderBaseline.Metric.SENSITIVITY, "all", 0.76, 0.92),
    (ReaderBaseline.Metric.SPECIFICITY, "all", 0.82, 0.96),
)
QUESTION = (
    "Does this patient have pancreatic cancer, and where is it? One model, hospitals it has never seen, "
    "and tumours small enough to matter."
)


def benchmark_show(*, slug: str, to: Person) -> Benchmark:
    """The benchmark, for a page that shows what it holds. One that is not published is an organiser's secret."""
    benchmark = get_benchmark_for(to, slug)
    if not benchmark.published and to.pk is not None:
        seen(f"benchmark {slug}, unpublished", by=to.pk)
    return benchmark


@transaction.atomic
def calibration_set(
    *, benchmark: Benchmark, cohorts: Sequence[Cohort], false_alarm_share: float, confident: bool = False
) -> Benchmark:
    """From now on, operating points of this benchmark are frozen on these patients. The same again changes nothing.

    Raises
    ------
    Refusal
        There are submissions already; a cohort is not for calibration, or has patients of the panel, or too few.
    """
    benchmark = Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    asked = ({cohort.pk for cohort in cohorts}, false_alarm_share, confident)
    if asked == (
        set(benchmark.calibration.values_list("pk", flat=True)),
        benchmark.false_alarm_share,
        benchmark.confident,
    ):
        return benchmark
    require_no_submissions(benchmark)
    require_calibration(benchmark, cohorts, false_alarm_share, confident)
    benchmark.false_alarm_share, benchmark.confident = false_alarm_share, confident
    benchmark.full_clean()
    benchmark.save()
    benchmark.calibration.set(cohorts)
    record(
        "benchmark.calibration-set",
        f"benchmark {benchmark.slug}",
        cohorts=sorted(cohort.fingerprint for cohort in cohorts),
        false_alarm_share=false_alarm_share,
    )
    return benchmark


@transaction.atomic
def kept_back_set(
    *, benchmark: Benchmark, ladder: bool = False, strata_at_final: bool = False, batch_hours: int | None = None
) -> Benchmark:
    """What is kept back: until the final all numbers but the Ladder's, or the strata; how runs ended until a published
    time. The same again changes nothing.

    Raises
    ------
    Refusal
        There are submissions already.
    """
    benchmark = Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    asked = {"ladder": ladder, "strata_at_final": strata_at_final, "batch_hours": batch_hours}
    if asked == {name: getattr(benchmark, name) for name in asked}:
        return benchmark
    if benchmark.submissions.exists():
        raise Refusal(
            f"What {benchmark} keeps back cannot change any more.",
            why="Submissions were handed in: some would be told more of the held-out patients than others.",
            next_step="Make a new benchmark.",
        )
    for name, value in asked.items():
        setattr(benchmark, name, value)
    benchmark.full_clean()
    benchmark.save()
    record("benchmark.kept-back-set", f"benchmark {benchmark.slug}", **asked)
    return benchmark


@transaction.atomic
def verified_only_set(*, benchmark: Benchmark, verified_only: bool) -> Benchmark:
    """Whether teams of unverified organisations may hand in from now on."""
    benchmark = Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    if benchmark.verified_only != verified_only:
        benchmark.verified_only = verified_only
        benchmark.full_clean()
        benchmark.save()
        record("benchmark.verified-only-set", f"benchmark {benchmark.slug}", verified_only=verified_only)
    return benchmark


@transaction.atomic
def sealed_set(*, benchmark: Benchmark, cohorts: Sequence[Cohort]) -> Benchmark:
    """In the final, the chosen submissions are scored on these patients too. The same again changes nothing.

    Raises
    ------
    Refusal
        The chosen were sent there already; a cohort is not sealed, has patients of the panel or of calibration, or so
        few that their results could be worked out; or no cohort has patients enough to rank on.
    """
    benchmark = Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    if {cohort.pk for cohort in cohorts} == set(benchmark.sealed.values_list("pk", flat=True)):
        return benchmark
    if benchmark.sealed_runs_at is not None or benchmark.final_at is not None:
        raise Refusal(
            f"The sealed cohorts of {benchmark} cannot change any more.",
            why="Submissions were sent to them: a sealed cohort is scored once, for all of them.",
            next_step="Make a new benchmark.",
        )
    require_sealed(benchmark, cohorts)
    benchmark.sealed.set(cohorts)
    record(
        "benchmark.sealed-set",
        f"benchmark {benchmark.slug}",
        cohorts=sorted(cohort.fingerprint for cohort in cohorts),
    )
    return benchmark


def require_sealed(benchmark: Benchmark, cohorts: Sequence[Cohort]) -> None:
    if odd := [str(cohort) for cohort in cohorts if cohort.purpose != Cohort.Purpose.SEALED]:
        raise Refusal(
            f"{', '.join(odd)}: not imported as sealed.",
            why="Patients whom submissions have met before the final tell nothing new of them.",
            next_step="Import the cohort with `manage.py import_cohort HOSPITAL FOLDER --sealed`.",
        )
    require_apart(benchmark, cohorts)
    for cohort in cohorts:
        require_enough_to_publish(benchmark, cohort)
    fewest = benchmark.panel_minimum
    if not any(min(patients(cohort, cancer=kind) for kind in (True, False)) >= fewest for cohort in cohorts):
        raise Refusal(
            "No sealed cohort is large enough to rank on.",
            why=f"It takes {fewest} patients with and {fewest} without cancer.",
            next_step="Seal a larger cohort, or lower the benchmark's panel minimum.",
        )


def patients(cohort: Cohort, *, cancer: bool) -> int:
    return cohort.cases.filter(index_scan=True, cancer=cancer).count()


def require_no_submissions(benchmark: Benchmark) -> None:
    if benchmark.submissions.exists():
        raise Refusal(
            f"The calibration of {benchmark} cannot change any more.",
            why="Submissions were handed in: the operating points of some would be frozen otherwise than others'.",
            next_step="Make a new benchmark.",
        )


def require_calibration(
    benchmark: Benchmark, cohorts: Sequence[Cohort], false_alarm_share: float, confident: bool
) -> None:
    if odd := [str(cohort) for cohort in cohorts if cohort.purpose != Cohort.Purpose.CALIBRATION]:
        raise Refusal(
            f"{', '.join(odd)}: not imported for calibration.",
            why="Patients of the panel or the public sample must not decide on operating points.",
            next_step="Import calibration patients with `manage.py import_cohort HOSPITAL FOLDER --calibration`.",
        )
    require_apart(benchmark, cohorts)
    negatives = Case.objects.filter(cohort__in=cohorts, index_scan=True, cancer=False).count()
    if not negatives_suffice(negatives, false_alarm_share, confident):
        raise Refusal(
            f"Calibration too small: {negatives} patients without cancer.",
            why=f"They cannot promise {100 * false_alarm_share:g} % false alarms"
            + (" with 95 % certainty." if confident else " on average."),
            next_step="Add calibration patients, or allow more false alarms.",
        )


def negatives_suffice(negatives: int, share: float, confident: bool) -> bool:
    return (place_surely if confident else place_on_average)(negatives, share) <= negatives


def require_apart(benchmark: Benchmark, cohorts: Sequence[Cohort]) -> None:
    """No patient of these cohorts is on the panel, and none both calibrates and is sealed."""
    reasons = {
        Cohort.Purpose.CALIBRATION.value: "An operating point tuned on the patients it is tested on is exploratory.",
        Cohort.Purpose.SEALED.value: "A patient whom submissions have met before the final is not sealed.",
    }
    sealed, calibration = benchmark.sealed.values("pk"), benchmark.calibration.values("pk")
    for cohort in cohorts:
        others = calibration if cohort.purpose == Cohort.Purpose.SEALED else sealed
        both = Case.objects.filter(
            Q(cohort__in=benchmark.cohorts.values("pk")) | Q(cohort__in=others),
            cohort__hospital=cohort.hospital,
            patient__in=cohort.cases.values("patient"),
        ).exclude(cohort=cohort)
        if shared := both.values("patient").distinct().count():
            raise Refusal(
                f"{shared} patients of {cohort} are on the panel of {benchmark}, or both calibrate and are sealed.",
                why=reasons[cohort.purpose],
                next_step="Leave them out of one of the two cohorts and import it as a new version.",
            )


def require_enough_to_publish(benchmark: Benchmark, cohort: Cohort) -> None:
    """The whole less the other hospitals, whose scores the ranking shows, must tell nobody of a few patients.

    So of the panel, and so of the sealed cohorts: all of them together have rates, and those large enough have a score.
    """
    for cancer, words in ((True, "with"), (False, "without")):
        few = patients(cohort, cancer=cancer)
        if 0 < few < benchmark.public_minimum:
            raise Refusal(
                f"{cohort} has {few} patients {words} cancer.",
                why=f"{benchmark} publishes what {benchmark.public_minimum} patients at least stand behind, and how "
                "a model did on fewer would follow from what it did at all other hospitals.",
                next_step=f"Leave the patients {words} cancer out, import a version with more of them, or publish what "
                "fewer stand behind: “Patients behind every public number” on the benchmark’s form.",
            )


@transaction.atomic
def terms_publish(*, text: str = DEFAULT) -> Terms:
    """A new version, from now on agreed to by who hands in. Submissions of before keep theirs.

    Raises
    ------
    Refusal
        There is no text, or it is the present one.
    """
    text = text.strip()
    present = terms_now()
    if not text or (present and present.text == text):
        raise Refusal(
            "No new terms were published.",
            why=f"This text is version {present.version} already." if text and present else "There is no text.",
            next_step="Change the text, then publish it.",
        )
    terms = Terms(version=present.version + 1 if present else 1, text=text)
    terms.sha256 = hashlib.sha256(text.encode()).hexdigest()
    terms.full_clean()
    terms.save(force_insert=True)
    record("terms.published", f"terms {terms.version}", sha256=terms.sha256)
    return terms


@transaction.atomic
def pancreas_benchmark_create(
    *, cohorts: Sequence[Cohort], sample: Cohort | None, demonstration: bool = False, published: bool = True
) -> Benchmark:
    """ "Pancreatic cancer on CT". Called again, it keeps the benchmark and adds the cohorts it does not have yet."""
    benchmark = Benchmark.objects.filter(slug="pancreas-ct").first() or Benchmark(slug="pancreas-ct")
    if benchmark._state.adding:
        benchmark.title = "Pancreatic cancer on CT"
        benchmark.question = QUESTION
        benchmark.organ = "pancreas"
        benchmark.strata = SIZE_STRATA
        benchmark.prevalences = PREVALENCES
        benchmark.demonstration = demonstration
        benchmark.published = published
        if demonstration:
            benchmark.panel_minimum = 3
            benchmark.public_minimum = 0
            benchmark.quota_per_month = 50
            benchmark.case_limit_seconds = 60
            benchmark.memory_bytes = 2 * 1024**3
    benchmark.sample = sample or benchmark.sample
    benchmark.full_clean()
    benchmark.save()
    for cohort in cohorts:
        require_enough_to_publish(benchmark, cohort)
    benchmark.cohorts.add(*cohorts)
    kept_apart = (*benchmark.calibration.select_related("hospital"), *benchmark.sealed.select_related("hospital"))
    require_apart(benchmark, kept_apart)
    for metric, stratum, low, high in READER_RANGES:
        ReaderBaseline.objects.get_or_create(
            benchmark=benchmark,
            label=READERS,
            metric=metric,
            stratum=stratum,
            defaults={"low": low, "high": high, "source": READER_SOURCE},
        )
    if terms_now() is None:
        terms_publish()
    return benchmark
