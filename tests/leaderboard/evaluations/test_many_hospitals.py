"""What is done for 145 hospitals at once: few questions to the database, and no transactions that block each other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evaluator import wire
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import pancreas_benchmark_create
from leaderboard.evaluations.models import Evaluation, Run
from leaderboard.evaluations.services import evaluation_cancel, evaluation_create, orders_send
from leaderboard.evaluations.services.orders import orders_reconcile
from leaderboard.hospitals.models import Cohort, Enrolment, Hospital
from leaderboard.submissions.models import Submission
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def asked(act: Callable[[], object]) -> list[str]:
    """Every statement, also those that begin and end transactions."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured.captured_queries]


def a_hospital() -> Cohort:
    """With a machine of its own, which has joined."""
    cohort = factories.make_cohort()
    Enrolment.objects.create(
        hospital=cohort.hospital, public_key=wire.PrivateKey.new().public.text, joined_at=timezone.now()
    )
    return cohort


def panel_of(hospitals: int) -> Benchmark:
    cohorts = [a_hospital() for _ in range(hospitals)]
    return pancreas_benchmark_create(cohorts=cohorts, sample=None, demonstration=True)


def handed_in(benchmark: Benchmark) -> Submission:
    return factories.SubmissionFactory.create(benchmark=benchmark, accepted=True)


def test_a_submission_is_put_in_line_at_all_hospitals_by_the_same_few_questions() -> None:
    benchmark = panel_of(2)
    first, second = handed_in(benchmark), handed_in(benchmark)
    for_two = asked(lambda: evaluation_create(submission_id=first.pk))
    benchmark.cohorts.add(*(a_hospital() for _ in range(5)))
    for_seven = asked(lambda: evaluation_create(submission_id=second.pk))
    assert Run.objects.filter(evaluation__submission=second, cases_total=8).count() == 7
    assert len(for_seven) == len(for_two)


def test_of_hospitals_that_nothing_waits_for_nothing_is_asked() -> None:
    a_hospital()
    of_one = asked(orders_reconcile)
    for _ in range(5):
        a_hospital()
    assert len(asked(orders_reconcile)) == len(of_one)


def test_each_order_is_a_transaction_of_its_own() -> None:
    """Two at once would lock two evaluations, which another hospital's line has the other way round."""
    benchmark = panel_of(1)
    hospital = Hospital.objects.get(cohorts__benchmarks=benchmark)
    for _ in range(2):
        evaluation_create(submission_id=handed_in(benchmark).pk)
    statements = asked(lambda: orders_send(hospital_id=hospital.pk))
    assert Run.objects.filter(order_token__isnull=False).count() == 2
    transactions = "\n".join(statements).split("COMMIT")
    assert max(part.count('UPDATE "evaluations_run"') for part in transactions) == 1


def test_cancelling_at_all_hospitals_comes_to_the_log_last() -> None:
    """Who holds the log's lock waits for no other row."""
    benchmark = panel_of(3)
    evaluation = evaluation_create(submission_id=handed_in(benchmark).pk)
    for hospital in Hospital.objects.filter(cohorts__benchmarks=benchmark):
        orders_send(hospital_id=hospital.pk)
    statements = asked(lambda: evaluation_cancel(evaluation=evaluation, by=None))
    logged = [at for at, statement in enumerate(statements) if '"audit_chain"' in statement]
    changed = [at for at, statement in enumerate(statements) if statement.startswith('UPDATE "evaluations_')]
    assert set(Run.objects.values_list("state", flat=True)) == {Run.State.CANCELLED}
    assert Evaluation.objects.get().state == Evaluation.State.CANCELLED
    assert max(changed) < min(logged)
