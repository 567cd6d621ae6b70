"""Hospitals with machines of their own: orders go out signed, reports count once, and only for the order they name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.utils import timezone

from evaluator import wire
from evaluator.cohort import read_cohort
from evaluator.errors import FailureClass
from evaluator.pipeline import null_results
from evaluator.results import Results
from leaderboard.accounts.models import User
from leaderboard.accounts.services import team_add
from leaderboard.evaluations.models import CohortResult, Evaluation, NullResult, Run
from leaderboard.evaluations.services import (
    evaluations_reconcile,
    orders_send,
    report_take,
    revoked_runs_update,
    run_cancel,
    run_execute,
)
from leaderboard.hospitals.models import Alert, Enrolment, Hospital
from leaderboard.hospitals.services import hospital_set_active
from leaderboard.submissions.services import submission_withdraw
from tests import factories
from tests.leaderboard.machine import Machine, changed
from tests.leaderboard.stage import CASES, Stage

pytestmark = pytest.mark.django_db(transaction=True)

State, Stages = Run.State, wire.Stage


@pytest.fixture
def machine(stage: Stage) -> Machine:
    """Harbour has a machine of its own; Lakeside is run by the platform."""
    return Machine(Hospital.objects.get(slug="harbour"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return next(path for path in tmp_path.rglob("harbour") if path.is_dir())


def the_run() -> Run:
    return Run.objects.select_related("evaluation", "hospital").get(hospital__slug="harbour")


def alerts() -> list[tuple[str, int]]:
    return list(Alert.objects.order_by("kind").values_list("kind", "count"))


def begin(stage: Stage, machine: Machine) -> wire.RunOrder:
    stage.accept()
    orders_send(hospital_id=machine.hospital.pk)
    return machine.order()


def test_an_order_says_what_to_run_and_nothing_runs_on_the_platform(stage: Stage, machine: Machine) -> None:
    order = begin(stage, machine)
    run = the_run()
    assert (run.state, run.attempt, str(run.order_token)) == (State.WAITING, 1, order.lease)
    assert order.fingerprint == run.cohort.fingerprint
    assert order.submission.image == run.evaluation.submission.image
    run_execute(pk=run.pk, engine=stage.engine)
    assert the_run().state == State.WAITING
    assert orders_send(hospital_id=machine.hospital.pk) == 0


def test_its_progress_is_the_state_of_the_run(stage: Stage, machine: Machine) -> None:
    order = begin(stage, machine)
    seen = []
    for said in (Stages.APPROVAL, Stages.FETCHING, Stages.RUNNING, Stages.SCORING):
        machine.progress(order, said, cases_done=3, cases_total=CASES, seconds_per_case=2.0)
        run = the_run()
        seen.append((run.state, run.lease_token is not None))
    assert seen == [(State.WAITING, False), (State.FETCHING, True), (State.RUNNING, True), (State.SCORING, True)]
    assert (the_run().cases_done, Evaluation.objects.get().state) == (3, Evaluation.State.RUNNING)
    machine.progress(order, Stages.RUNNING, cases_done=3, cases_total=CASES, seconds_per_case=2.0)
    assert the_run().seconds_left == 2.0 * (CASES - 3)


def test_progress_that_was_overtaken_changes_nothing(stage: Stage, machine: Machine) -> None:
    order = begin(stage, machine)
    early = machine.seal(wire.Progress(run=order.run, lease=order.lease, stage=Stages.RUNNING, cases_done=1))
    machine.progress(order, cases_done=5)
    report_take(slug="harbour", data=early)
    assert the_run().cases_done == 5


def test_a_result_counts_once_however_often_it_comes(stage: Stage, machine: Machine, folder: Path) -> None:
    order = begin(stage, machine)
    data = machine.done(order, machine.results(order, stage, folder))
    run = the_run()
    assert (run.state, run.order_token, run.lease_token) == (State.DONE, None, None)
    kept = CohortResult.objects.get(run=run)
    report_take(slug="harbour", data=data)
    assert CohortResult.objects.get(run=run).sha256 == kept.sha256
    assert alerts() == [("repeated", 1)]


def test_a_result_is_the_same_as_if_the_platform_had_run_it(stage: Stage, machine: Machine, folder: Path) -> None:
    order = begin(stage, machine)
    machine.done(order, machine.results(order, stage, folder))
    stage.execute(Run.objects.get(pk=order.run).evaluation.submission)
    assert Evaluation.objects.get().state == Evaluation.State.DONE
    there, here = (CohortResult.objects.get(run__hospital__slug=slug) for slug in ("harbour", "lakeside"))
    assert (there.constant, bool(there.answers_sha256)) == (here.constant, bool(here.answers_sha256))


def of_no_case(results: Results) -> Results:
    [cohort] = results.cohorts
    return changed(results, 0, case=replace(cohort.cases[0].case, case="another"))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (of_no_case, "1 cases are not in the cohort. 1 cases of the cohort are missing."),
        (lambda found: changed(found, 0, likelihood=1.5), "1 cases have numbers"),
        (lambda found: replace(found, scorer="ours"), "scored by ours"),
        (lambda found: replace(found, submission=replace(found.submission, threshold=0.1)), "another threshold"),
        (
            lambda found: replace(found, cohorts=(replace(found.cohorts[0], fingerprint="sha256:0"),)),
            "another cohort",
        ),
        (
            lambda found: changed(found, 0, case=replace(found.cohorts[0].cases[0].case, cancer=False)),
            "Of 1 cases something else is said",
        ),
    ],
)
def test_a_result_that_does_not_fit_is_refused_with_an_alert_and_the_run_is_tried_again(
    stage: Stage, machine: Machine, folder: Path, organiser: User, spoil: object, why: str
) -> None:
    order = begin(stage, machine)
    assert callable(spoil)
    machine.done(order, spoil(machine.results(order, stage, folder)))
    run = the_run()
    assert (run.state, run.failure, run.order_token) == (State.QUEUED, "hospital-refused", None)
    assert not CohortResult.objects.exists()
    assert why in Alert.objects.get(kind="result").said
    assert [message.subject for message in mail.outbox] == ["Alert: Harbour"]


def test_a_case_that_the_hospital_could_not_run_is_not_scored(stage: Stage, machine: Machine, folder: Path) -> None:
    order = begin(stage, machine)
    results = machine.results(order, stage, folder)
    blank = {"findings": (), "likelihood": None, "lesions": ()}
    machine.done(order, changed(results, 0, failure=FailureClass.PLATFORM_ERROR, **blank))
    assert (the_run().state, CohortResult.objects.count()) == (State.QUEUED, 0)


def test_another_hospitals_machine_cannot_answer(stage: Stage, machine: Machine, folder: Path) -> None:
    order = begin(stage, machine)
    other = Machine(Hospital.objects.get(slug="lakeside"))
    results = machine.results(order, stage, folder)
    other.done(order, results)  # by its own queue, signed with its own key, about a run that is not its
    done = wire.Done(run=order.run, lease=order.lease, results=results)
    forged = wire.seal(done, hospital="harbour", serial=9, key=other.key)
    report_take(slug="harbour", data=forged)
    report_take(slug="lakeside", data=forged)
    assert (the_run().state, CohortResult.objects.count()) == (State.WAITING, 0)
    assert alerts() == [("refused", 1), ("refused", 1), ("stale", 1)]


def test_an_edited_result_is_refused(stage: Stage, machine: Machine, folder: Path) -> None:
    order = begin(stage, machine)
    data = machine.seal(wire.Done(run=order.run, lease=order.lease, results=machine.results(order, stage, folder)))
    edited = data.replace(b'\\"likelihood\\":0.1', b'\\"likelihood\\":0.9')
    assert edited != data
    report_take(slug="harbour", data=edited)
    assert (the_run().state, alerts()) == (State.WAITING, [("refused", 1)])


def test_a_result_of_an_earlier_order_is_refused(stage: Stage, machine: Machine, folder: Path) -> None:
    order = begin(stage, machine)
    results = machine.results(order, stage, folder)
    machine.failed(order, FailureClass.PLATFORM_ERROR)
    assert the_run().state == State.QUEUED
    machine.done(order, results)
    assert (CohortResult.objects.count(), alerts()) == (0, [("stale", 1)])
    Run.objects.update(next_attempt_at=None)
    orders_send(hospital_id=machine.hospital.pk)
    again = machine.order()
    assert (again.attempt, again.lease != order.lease) == (2, True)
    machine.done(again, results)
    assert CohortResult.objects.count() == 1


def test_a_changed_cohort_is_an_alert(stage: Stage, machine: Machine) -> None:
    machine.failed(begin(stage, machine), FailureClass.COHORT_CHANGED)
    assert (the_run().failure, alerts()) == ("cohort-changed", [("cohort", 1)])


def test_a_hospital_that_falls_silent_is_waited_for_and_costs_no_attempt(
    stage: Stage, machine: Machine, folder: Path
) -> None:
    order = begin(stage, machine)
    machine.progress(order, cases_done=2)
    Run.objects.filter(pk=order.run).update(lease_until=timezone.now() - timedelta(days=7))
    evaluations_reconcile()
    run = the_run()
    assert (run.state, run.attempt, str(run.order_token)) == (State.WAITING, 1, order.lease)
    machine.done(order, machine.results(order, stage, folder))
    assert (the_run().state, CohortResult.objects.count(), alerts()) == (State.DONE, 1, [])


def test_an_order_that_was_lost_is_sent_again_and_one_that_it_holds_is_not(stage: Stage, machine: Machine) -> None:
    order = begin(stage, machine)
    long_ago = timezone.now() - timedelta(minutes=5)
    Run.objects.filter(pk=order.run).update(ordered_at=long_ago)
    machine.present(holds=(order.lease,))
    evaluations_reconcile()
    assert machine.run_orders() == []
    machine.present(holds=())
    evaluations_reconcile()
    assert machine.order() == order


def test_cancelling_tells_the_hospital_and_waits_for_its_word(stage: Stage, machine: Machine, member: User) -> None:
    order = begin(stage, machine)
    machine.progress(order)
    run_cancel(run=the_run(), by=member)
    [cancel] = machine.orders()
    assert isinstance(cancel, wire.CancelOrder)
    assert (cancel.run, cancel.lease, the_run().state) == (order.run, order.lease, State.RUNNING)
    machine.say(wire.Ended(run=order.run, lease=order.lease))
    assert (the_run().state, the_run().order_token) == (State.CANCELLED, None)


def test_what_has_not_begun_is_cancelled_at_once_and_what_still_runs_is_told_again(
    stage: Stage, machine: Machine, member: User
) -> None:
    order = begin(stage, machine)
    submission_withdraw(submission=the_run().evaluation.submission, by=member)
    assert the_run().state == State.WITHDRAWN
    assert [type(one) for one in machine.orders()] == [wire.CancelOrder]
    machine.progress(order)  # it was not heard
    assert [type(one) for one in machine.orders()] == [wire.CancelOrder]
    assert the_run().state == State.WITHDRAWN


def test_switching_a_hospital_off_takes_its_orders_back_and_on_gives_them_again(stage: Stage, machine: Machine) -> None:
    order = begin(stage, machine)
    machine.progress(order)
    hospital_set_active(hospital=machine.hospital, active=False, by=None)
    run = the_run()
    assert (run.state, run.attempt, run.order_token) == (State.WAITING, 0, None)
    assert [type(one) for one in machine.orders()] == [wire.CancelOrder]
    hospital_set_active(hospital=machine.hospital, active=True, by=None)
    assert the_run().state == State.QUEUED
    orders_send(hospital_id=machine.hospital.pk)
    assert machine.order().lease != order.lease


def test_a_revoked_machine_counts_no_more(stage: Stage, machine: Machine, folder: Path) -> None:
    order = begin(stage, machine)
    Enrolment.objects.update(revoked_at=timezone.now())
    revoked_runs_update(hospital_id=machine.hospital.pk)
    machine.done(order, machine.results(order, stage, folder))
    assert (the_run().state, CohortResult.objects.count()) == (State.QUEUED, 0)
    assert orders_send(hospital_id=machine.hospital.pk) == 0
    assert alerts() == [("refused", 1)]


def test_a_hospital_gets_as_many_orders_as_it_has_hands_for_and_one_more(stage: Stage, machine: Machine) -> None:
    machine.present(slots=2)
    for number in range(5):
        stage.accept(model=f"Detector {number}")
    orders_send(hospital_id=machine.hospital.pk)
    assert len(machine.orders()) == 3


def test_the_team_with_the_fewest_runs_goes_next_and_priority_before_all(stage: Stage, machine: Machine) -> None:
    for number in range(3):
        stage.accept(model=f"Detector {number}")
    other = factories.TeamFactory.create()
    team_add(team=other, user=factories.UserFactory.create())
    late = stage.accept(model="Late", team=other)
    urgent = stage.accept(model="Urgent")
    urgent.priority = 1
    urgent.save()
    machine.present(slots=2)
    models = [order.submission.model for order in machine.run_orders()]
    assert models == ["Urgent", late.model, "Detector 0"]


def test_a_benchmark_that_needs_a_gpu_waits_for_a_hospital_that_has_one(stage: Stage, machine: Machine) -> None:
    stage.benchmark.gpus, stage.benchmark.gpu_memory_bytes = 1, 16 * 1024**3
    stage.benchmark.save()
    stage.accept()
    for gpus in ((), (wire.Gpu(name="small", memory_bytes=8 * 1024**3),)):
        machine.present(gpus=gpus)
        assert (machine.orders(), the_run().state) == ([], State.QUEUED)
        assert "needs a GPU" in the_run().reason
    machine.present(gpus=(wire.Gpu(name="large", memory_bytes=80 * 1024**3),))
    assert machine.order().allowed.gpus == 1


def test_null_submissions_are_computed_there(stage: Stage, machine: Machine, folder: Path) -> None:
    evaluations_reconcile()
    [order] = machine.orders()
    assert isinstance(order, wire.NullsOrder)
    found = null_results(read_cohort(folder), organ=order.organ)
    machine.say(wire.NullsDone(lease=order.lease, results={kind.value: made for kind, made in found.items()}))
    row = NullResult.objects.get(cohort__hospital__slug="harbour")
    assert row.computed_at is not None
    assert set(row.results or ()) == {kind.value for kind in found}
    machine.say(wire.NullsDone(lease=order.lease, results={}))
    row.refresh_from_db()
    assert row.results
