from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.http import Http404

from leaderboard.accounts.models import User
from leaderboard.benchmarks.models import Benchmark, ReaderBaseline
from leaderboard.benchmarks.selectors import get_benchmark_for, main_benchmark
from leaderboard.benchmarks.services import SIZE_STRATA, calibration_set, pancreas_benchmark_create
from leaderboard.hospitals.models import Cohort
from leaderboard.lib.errors import Refusal
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.core]


def test_the_real_benchmark_is_strict_and_the_demonstration_says_what_it_is() -> None:
    real = pancreas_benchmark_create(cohorts=[], sample=None)
    assert (real.panel_minimum, real.public_minimum, real.demonstration) == (30, 10, False)
    Benchmark.objects.all().delete()
    demonstration = factories.make_benchmark(hospitals=2)
    assert (demonstration.panel_minimum, demonstration.public_minimum, demonstration.demonstration) == (3, 0, True)


def test_radiologists_are_held_as_published_ranges_with_their_source(benchmark_rows: Benchmark) -> None:
    found = {(row.metric, row.stratum): (row.low, row.high) for row in ReaderBaseline.objects.all()}
    assert found == {
        ("sensitivity", "le20"): (0.33, 0.44),
        ("sensitivity", "all"): (0.76, 0.92),
        ("specificity", "all"): (0.82, 0.96),
    }
    assert all(row.source for row in ReaderBaseline.objects.all())


def test_made_again_it_keeps_what_was_changed_and_adds_the_new_cohort(benchmark_rows: Benchmark) -> None:
    Benchmark.objects.update(quota_per_month=7)
    late = factories.make_cohort()
    call_command("pancreas_benchmark")
    benchmark = Benchmark.objects.get()
    assert benchmark.quota_per_month == 7
    assert late in benchmark.cohorts.all()
    assert benchmark.cohorts.count() == 3


def test_the_strata_partition_the_sizes() -> None:
    edges = [(one["above"], one["upto"]) for one in SIZE_STRATA if one["key"] not in ("all", "le20")]
    assert edges == [(None, 10), (10, 20), (20, 40), (40, None)]


@pytest.mark.parametrize("prevalences", [[], [{"value": 1.0, "label": "all"}], [0.04], [{"value": 0.04}]])
def test_a_prevalence_that_is_none_is_refused(benchmark_rows: Benchmark, prevalences: list[object]) -> None:
    benchmark_rows.prevalences = prevalences
    with pytest.raises(ValidationError):
        benchmark_rows.full_clean()


def test_an_unpublished_benchmark_exists_for_organisers_only(
    benchmark_rows: Benchmark, member: User, organiser: User
) -> None:
    assert main_benchmark() == benchmark_rows
    Benchmark.objects.update(published=False)
    assert main_benchmark() is None
    assert get_benchmark_for(organiser, benchmark_rows.slug) == benchmark_rows
    with pytest.raises(Http404):
        get_benchmark_for(member, benchmark_rows.slug)


def calibration_cohort(*, negative: int = 10, **fields: object) -> Cohort:
    return factories.make_cohort(positive=1, negative=negative, purpose=Cohort.Purpose.CALIBRATION, **fields)


def test_calibration_patients_are_taken_where_they_can_promise_the_share(benchmark_rows: Benchmark) -> None:
    with pytest.raises(Refusal, match="Calibration too small: 8 patients"):
        calibration_set(benchmark=benchmark_rows, cohorts=[calibration_cohort(negative=8)], false_alarm_share=0.1)
    nine = calibration_cohort(negative=9)
    changed = calibration_set(benchmark=benchmark_rows, cohorts=[nine], false_alarm_share=0.1)
    assert (list(changed.calibration.all()), changed.false_alarm_share, changed.confident) == ([nine], 0.1, False)
    with pytest.raises(Refusal, match="95 % certainty"):
        calibration_set(benchmark=benchmark_rows, cohorts=[nine], false_alarm_share=0.1, confident=True)


def test_panel_patients_do_not_calibrate(benchmark_rows: Benchmark) -> None:
    held_out = benchmark_rows.cohorts.select_related("hospital").first()
    assert held_out is not None
    with pytest.raises(Refusal, match="not imported for calibration"):
        calibration_set(benchmark=benchmark_rows, cohorts=[held_out], false_alarm_share=0.3)
    same = calibration_cohort(hospital=held_out.hospital, version="2")
    with pytest.raises(Refusal, match=r"8 patients of .* are on the panel"):
        calibration_set(benchmark=benchmark_rows, cohorts=[same], false_alarm_share=0.1)
    assert not benchmark_rows.calibration.exists()


def test_a_cohort_with_calibration_patients_does_not_join_the_panel(benchmark_rows: Benchmark) -> None:
    mine = calibration_cohort()
    calibration_set(benchmark=benchmark_rows, cohorts=[mine], false_alarm_share=0.1)
    late = factories.make_cohort(hospital=mine.hospital, version="2")
    with pytest.raises(Refusal, match="on the panel"):
        pancreas_benchmark_create(cohorts=[late], sample=None)
    assert late not in benchmark_rows.cohorts.all()


def test_after_the_first_submission_the_calibration_stays(benchmark_rows: Benchmark) -> None:
    mine = calibration_cohort()
    calibration_set(benchmark=benchmark_rows, cohorts=[mine], false_alarm_share=0.1)
    factories.SubmissionFactory.create(benchmark=benchmark_rows)
    calibration_set(benchmark=benchmark_rows, cohorts=[mine], false_alarm_share=0.1)  # the same is no change
    with pytest.raises(Refusal, match="cannot change any more"):
        calibration_set(benchmark=benchmark_rows, cohorts=[mine], false_alarm_share=0.2)


def test_the_command_takes_calibration_cohorts_and_says_what_is_wrong(benchmark_rows: Benchmark) -> None:
    calibration_cohort()
    with pytest.raises(CommandError, match="Calibration too small"):
        call_command("pancreas_benchmark")
    call_command("pancreas_benchmark", "--false-alarms", "0.1")
    benchmark_rows.refresh_from_db()
    assert benchmark_rows.false_alarm_share == 0.1
    with pytest.raises(CommandError, match="above 0 and below 1"):
        call_command("pancreas_benchmark", "--false-alarms", "1.5")


def test_a_hospital_that_is_named_has_patients_enough(benchmark_rows: Benchmark) -> None:
    benchmark_rows.panel_minimum, benchmark_rows.public_minimum = 9, 10
    with pytest.raises(ValidationError, match="A panel hospital is shown"):
        benchmark_rows.full_clean()


def test_numbers_of_a_few_patients_are_shown_of_made_up_ones_only(benchmark_rows: Benchmark) -> None:
    benchmark_rows.public_minimum = 0
    benchmark_rows.full_clean()
    benchmark_rows.demonstration = False
    with pytest.raises(ValidationError, match="5 at least stand behind"):
        benchmark_rows.full_clean()


@pytest.mark.parametrize(
    ("positive", "negative", "said"), [(9, 40, "9 patients with cancer"), (40, 3, "3 patients without")]
)
def test_a_cohort_with_few_patients_of_a_truth_is_refused(
    benchmark_rows: Benchmark, positive: int, negative: int, said: str
) -> None:
    cohort = factories.make_cohort(positive=positive, negative=negative)
    assert pancreas_benchmark_create(cohorts=[cohort], sample=None)  # the demonstration hides nothing
    Benchmark.objects.update(public_minimum=10, panel_minimum=30)
    benchmark_rows.cohorts.remove(cohort)
    with pytest.raises(Refusal, match=said):
        pancreas_benchmark_create(cohorts=[cohort], sample=None)
    assert cohort not in benchmark_rows.cohorts.all()


def test_a_cohort_without_anybody_of_a_truth_is_not_refused(benchmark_rows: Benchmark) -> None:
    Benchmark.objects.update(public_minimum=10, panel_minimum=30)
    cohort = factories.make_cohort(positive=0, negative=40)
    pancreas_benchmark_create(cohorts=[cohort], sample=None)
    assert cohort in benchmark_rows.cohorts.all()
