"""A hospital's desk: what it shows, who sees it, and that what its data steward decides is what happens."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from evaluator import wire
from leaderboard.accounts.models import User
from leaderboard.audit.models import Record
from leaderboard.evaluations.models import CohortResult, Evaluation, Permission, Received, Run
from leaderboard.evaluations.services import (
    orders_send,
    report_take,
    run_cancel,
    run_execute,
    run_requeue,
    submission_approve,
    submission_refuse,
)
from leaderboard.evaluations.services.permissions import refusals_reconcile
from leaderboard.evaluations.services.reconcile import lines_reconcile
from leaderboard.hospitals.models import Hospital
from leaderboard.hospitals.services import hospital_set_active, hospital_set_approves
from leaderboard.lib.errors import Refusal
from leaderboard.notices.models import Notice
from leaderboard.rankings.services.verify import document_faults
from tests import factories
from tests.leaderboard.machine import Machine
from tests.leaderboard.stage import Stage

pytestmark = pytest.mark.django_db(transaction=True)

State = Run.State


@pytest.fixture
def steward(stage: Stage) -> User:
    user = factories.UserFactory.create(email="steward@example.org", name="Stig Steward")
    Hospital.objects.get(slug="harbour").stewards.add(user)
    return user


@pytest.fixture
def harbour(steward: User) -> Hospital:
    return Hospital.objects.get(slug="harbour")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return next(path for path in tmp_path.rglob("harbour") if path.is_dir())


def the_run(slug: str = "harbour") -> Run:
    return Run.objects.select_related("evaluation__submission", "hospital").get(hospital__slug=slug)


def test_paused_from_the_desk_nothing_is_run_and_resumed_it_goes_on(
    stage: Stage, harbour: Hospital, steward: User, client: Client
) -> None:
    client.force_login(steward)
    client.post(reverse("hospitals:switch", args=["harbour"]), {"back": "desk"})
    submission = stage.accept()
    stage.execute(submission)
    assert (the_run().state, the_run("lakeside").state) == (State.WAITING, State.DONE)
    answer = client.post(reverse("hospitals:switch", args=["harbour"]), {"back": "desk", "active": "on"})
    assert answer["Location"] == reverse("desk:hospital", args=["harbour"])
    stage.execute(submission)
    assert the_run().state == State.DONE


def test_paused_a_machine_of_its_own_gets_no_order_and_what_it_had_is_taken_back(
    stage: Stage, harbour: Hospital, steward: User
) -> None:
    machine = Machine(harbour)
    stage.accept()
    orders_send(hospital_id=harbour.pk)
    order = machine.order()
    hospital_set_active(hospital=harbour, active=False, by=steward)
    assert [type(one) for one in machine.orders()] == [wire.CancelOrder]
    assert orders_send(hospital_id=harbour.pk) == 0
    assert (the_run().state, the_run().order_token) == (State.WAITING, None)
    assert order.run == the_run().pk


def test_where_each_is_approved_nothing_runs_that_was_not(stage: Stage, harbour: Hospital, steward: User) -> None:
    hospital_set_approves(hospital=harbour, approves=True, by=steward)
    submission = stage.accept()
    stage.execute(submission)
    run = the_run()
    assert (run.state, run.reason) == (State.WAITING, "The hospital's data steward has to approve it.")
    [told] = Notice.objects.filter(user=steward)
    assert "“Detector” of Uppsala Imaging waits for your approval at Harbour." in told.text
    assert told.link == reverse("desk:hospital", args=["harbour"])
    Run.objects.filter(pk=run.pk).update(state=State.QUEUED)  # whatever put it there
    run_execute(pk=run.pk, engine=stage.engine)
    assert the_run().state == State.QUEUED
    submission_approve(hospital=harbour, submission=submission, by=steward)
    run_execute(pk=run.pk, engine=stage.engine)
    assert the_run().state == State.DONE
    assert Record.objects.filter(act="submission.approved", actor=f"user {steward.pk}").count() == 1


def test_what_a_data_steward_refused_is_not_offered_to_be_put_in_line_again(
    stage: Stage, harbour: Hospital, steward: User, client: Client
) -> None:
    submission = stage.accept()
    Run.objects.update(state=State.FAILED)
    client.force_login(factories.UserFactory.create(is_organiser=True))
    again = [reverse("evaluations:requeue-run", args=[the_run(slug).pk]) for slug in ("harbour", "lakeside")]
    submission_refuse(hospital=harbour, submission=submission, reason="", by=steward)
    page = client.get(reverse("evaluations:operations")).content.decode()
    assert [address in page for address in again] == [False, True]
    assert "A data steward of Harbour refused it; only they can approve it, on their desk." in page


def test_approving_begins_and_ends_with_what_is_in_line(stage: Stage, harbour: Hospital, steward: User) -> None:
    stage.accept()
    assert the_run().state == State.QUEUED
    hospital_set_approves(hospital=harbour, approves=True, by=steward)
    assert (the_run().state, the_run("lakeside").state) == (State.WAITING, State.QUEUED)
    hospital_set_approves(hospital=harbour, approves=False, by=steward)
    assert (the_run().state, the_run().reason) == (State.QUEUED, "")


def test_what_came_into_a_line_that_waits_no_more_is_found(stage: Stage, harbour: Hospital) -> None:
    stage.accept()
    Run.objects.update(state=State.WAITING, reason="As the hospital was before it was switched on.")
    lines_reconcile()
    assert (the_run().state, the_run().reason) == (State.QUEUED, "")


def test_a_machine_of_its_own_is_ordered_only_what_was_approved(stage: Stage, harbour: Hospital, steward: User) -> None:
    machine = Machine(harbour)
    hospital_set_approves(hospital=harbour, approves=True, by=steward)
    first, second = stage.accept(model="First"), stage.accept(model="Second")
    assert orders_send(hospital_id=harbour.pk) == 0
    submission_approve(hospital=harbour, submission=second, by=steward)
    orders_send(hospital_id=harbour.pk)
    assert machine.order().submission.model == "Second"
    assert first.permissions.count() == 0


def test_what_was_ordered_and_has_not_begun_is_taken_back_when_approving_begins(
    stage: Stage, harbour: Hospital, steward: User
) -> None:
    machine = Machine(harbour, slots=1)
    for model in ("Begun", "Ordered"):
        stage.accept(model=model)
    orders_send(hospital_id=harbour.pk)
    begun, _ = machine.run_orders()
    machine.progress(begun)
    hospital_set_approves(hospital=harbour, approves=True, by=steward)
    [cancel] = machine.orders()
    assert isinstance(cancel, wire.CancelOrder)
    states = Run.objects.filter(hospital=harbour).values_list("evaluation__submission__model", "state", "attempt")
    assert set(states) == {("Begun", State.RUNNING, 1), ("Ordered", State.WAITING, 0)}
    assert orders_send(hospital_id=harbour.pk) == 0


def test_a_refused_submission_fails_there_as_refused_and_is_not_put_in_line_again(
    stage: Stage, harbour: Hospital, steward: User, organiser: User
) -> None:
    submission = stage.accept()
    submission_refuse(hospital=harbour, submission=submission, reason="Its team left.", by=steward)
    stage.execute(submission)
    run = the_run()
    assert (run.state, run.failure, run.fault) == (State.FAILED, "hospital-refused", "hospital")
    assert Evaluation.objects.get().state == Evaluation.State.FAILED
    assert Notice.objects.filter(user=organiser, text__endswith=": Its team left.").exists()
    with pytest.raises(Refusal, match="refused this submission"):
        run_requeue(run=run, by=organiser)
    submission_approve(hospital=harbour, submission=submission, by=steward)
    assert (the_run().state, the_run().failure) == (State.QUEUED, "")


def test_refusing_stops_what_its_machine_runs(stage: Stage, harbour: Hospital, steward: User) -> None:
    machine = Machine(harbour)
    submission = stage.accept()
    orders_send(hospital_id=harbour.pk)
    order = machine.order()
    machine.progress(order)
    submission_refuse(hospital=harbour, submission=submission, reason="", by=steward)
    [cancel] = machine.orders()
    assert isinstance(cancel, wire.CancelOrder)
    machine.say(wire.Ended(run=order.run, lease=order.lease))
    assert (the_run().state, the_run().failure) == (State.FAILED, "hospital-refused")


def test_results_that_come_after_the_refusal_are_not_kept(
    stage: Stage, harbour: Hospital, steward: User, folder: Path
) -> None:
    machine = Machine(harbour)
    submission = stage.accept()
    orders_send(hospital_id=harbour.pk)
    order = machine.order()
    machine.progress(order)
    results = machine.results(order, stage, folder)
    submission_refuse(hospital=harbour, submission=submission, reason="", by=steward)
    machine.done(order, results)
    assert (the_run().state, the_run().failure) == (State.FAILED, "hospital-refused")
    assert not CohortResult.objects.exists()


def test_the_steward_is_asked_again_when_an_unapproved_run_is_put_in_line(
    stage: Stage, harbour: Hospital, steward: User, organiser: User
) -> None:
    hospital_set_approves(hospital=harbour, approves=True, by=steward)
    stage.accept()
    asked = Notice.objects.filter(user=steward, text__contains="waits for your approval")
    assert asked.count() == 1
    run_cancel(run=the_run(), by=organiser)
    run_requeue(run=the_run(), by=organiser)
    assert asked.count() == 2
    submission_approve(hospital=harbour, submission=the_run().evaluation.submission, by=steward)
    run_cancel(run=the_run(), by=organiser)
    run_requeue(run=the_run(), by=organiser)
    assert asked.count() == 2


def test_a_refused_run_that_came_back_into_line_is_found(stage: Stage, harbour: Hospital, steward: User) -> None:
    submission = stage.accept()
    Permission.objects.create(hospital=harbour, submission=submission, granted=False, by=steward)
    refusals_reconcile()
    assert (the_run().state, the_run().failure) == (State.FAILED, "hospital-refused")


def test_only_its_own_data_stewards_decide_for_a_hospital(
    stage: Stage, harbour: Hospital, organiser: User, member: User, client: Client
) -> None:
    submission = stage.accept()
    for person in (organiser, member):
        with pytest.raises(Refusal, match="no data steward"):
            submission_approve(hospital=harbour, submission=submission, by=person)
        with pytest.raises(Refusal, match="no data steward"):
            hospital_set_approves(hospital=harbour, approves=True, by=person)
    lakeside = Hospital.objects.get(slug="lakeside")
    neighbour = factories.UserFactory.create()
    lakeside.stewards.add(neighbour)
    client.force_login(neighbour)
    asked = reverse("desk:decide", args=["harbour", submission.pk])
    assert client.post(asked, {"decision": "refuse"}).status_code == 404
    assert not Permission.objects.exists()


def test_what_left_the_building_is_there_to_the_very_text(
    stage: Stage, harbour: Hospital, steward: User, folder: Path, client: Client
) -> None:
    machine = Machine(harbour)
    stage.accept()
    orders_send(hospital_id=harbour.pk)
    order = machine.order()
    machine.progress(order, cases_done=1)
    machine.progress(order, cases_done=2)
    data = machine.done(order, machine.results(order, stage, folder))
    report_take(slug="harbour", data=data)  # a broker may deliver twice
    kept = {row.kind: row for row in Received.objects.all()}
    assert {kind: row.count for kind, row in kept.items()} == {"presence": 1, "progress": 2, "done": 2}
    assert (kept["done"].run_id, kept["done"].size) == (order.run, len(data))
    assert kept["done"].sha256 == hashlib.sha256(data).hexdigest()
    client.force_login(steward)
    page = client.get(reverse("desk:hospital", args=["harbour"])).content.decode()
    at = reverse("desk:message", args=["harbour", kept["done"].pk])
    assert at in page
    assert client.get(at).content == data
    newest = client.get(reverse("desk:message", args=["harbour", kept["progress"].pk])).json()
    assert '"cases_done":2' in newest["body"]
    assert list(document_faults()) == []


def test_what_was_not_taken_in_is_named_and_not_kept(
    stage: Stage, harbour: Hospital, steward: User, folder: Path, client: Client
) -> None:
    machine = Machine(harbour)
    stage.accept()
    orders_send(hospital_id=harbour.pk)
    order = machine.order()
    results = machine.results(order, stage, folder)
    run_cancel(run=the_run(), by=None)
    machine.done(order, results)
    row = Received.objects.get(kind="done")
    assert (row.taken, row.is_kept, CohortResult.objects.count()) == (False, False, 0)
    client.force_login(steward)
    assert "not taken in" in client.get(reverse("desk:hospital", args=["harbour"])).content.decode()
    assert client.get(reverse("desk:message", args=["harbour", row.pk])).status_code == 404


def test_a_forged_message_leaves_no_trace_on_the_desk(stage: Stage, harbour: Hospital) -> None:
    machine = Machine(harbour)
    presence = wire.Presence(version="2", engine="other", fit=True)
    forged = wire.seal(presence, hospital="harbour", serial=99, key=wire.PrivateKey.new())
    report_take(slug="harbour", data=forged)
    assert Received.objects.get().serial == machine.serial


def test_a_neighbours_messages_are_not_there(stage: Stage, harbour: Hospital, client: Client) -> None:
    Machine(harbour)
    neighbour = factories.UserFactory.create()
    Hospital.objects.get(slug="lakeside").stewards.add(neighbour)
    client.force_login(neighbour)
    pk = Received.objects.get().pk
    assert client.get(reverse("desk:message", args=["harbour", pk])).status_code == 404
    assert client.get(reverse("desk:message", args=["lakeside", pk])).status_code == 404


def test_of_a_hospital_that_the_platform_runs_nothing_is_said_to_have_left(
    stage: Stage, harbour: Hospital, steward: User, client: Client
) -> None:
    stage.execute(stage.accept())
    client.force_login(steward)
    page = client.get(reverse("desk:hospital", args=["harbour"])).content.decode()
    assert "this hospital’s scans were given to the platform’s own machine" in page
    kept = CohortResult.objects.get(run__hospital=harbour)
    assert kept.sha256[:16] in page
    assert client.get(reverse("desk:mine"))["Location"] == reverse("desk:hospital", args=["harbour"])
    assert 'href="/hospitals/desk/"' in client.get("/").content.decode()


def test_the_desk_approves_and_refuses_by_its_buttons(
    stage: Stage, harbour: Hospital, steward: User, client: Client
) -> None:
    client.force_login(steward)
    client.post(reverse("hospitals:approves", args=["harbour"]), {"approves": "on"})
    submission = stage.accept()
    desk = reverse("desk:hospital", args=["harbour"])
    assert "waits for you" in client.get(desk).content.decode()
    decide = reverse("desk:decide", args=["harbour", submission.pk])
    page = client.post(decide, {"decision": "approve"}, follow=True).content.decode()
    assert "is approved: its runs stand in line" in page
    assert the_run().state == State.QUEUED
    page = client.post(decide, {"decision": "refuse", "reason": "Too large"}, follow=True).content.decode()
    assert "is refused" in page
    assert "Too large" in page
    assert the_run().state == State.FAILED
