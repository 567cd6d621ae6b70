"""What the audit of a run does to its evaluation, who hears of it, and who sees how much."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from evaluator.records import Audit
from leaderboard.accounts.models import User
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult, Evaluation, Run
from leaderboard.evaluations.selectors import audit_alarms, read_audit
from leaderboard.evaluations.services import audit_acknowledge
from leaderboard.evaluations.services.settle import run_done
from leaderboard.lib.errors import Refusal
from tests import factories
from tests.leaderboard.stage import Stage

pytestmark = [pytest.mark.django_db, pytest.mark.core]

State = Evaluation.Audit
SENTENCE = "The organisers check"


@pytest.fixture
def evaluation(ranked: Benchmark) -> Evaluation:
    """The member's evaluation that is done and on the leaderboard; nothing of it was audited."""
    return Evaluation.objects.get(submission__model="Careful")


@pytest.fixture
def waiting(benchmark_rows: Benchmark) -> list[Run]:
    """Two runs of one evaluation, held by a worker."""
    submission = factories.SubmissionFactory.create(benchmark=benchmark_rows, model="Fresh", accepted=True)
    done = factories.make_done(submission)
    CohortResult.objects.all().delete()
    for run in done.runs.all():
        lease = {"lease_token": uuid4(), "lease_until": timezone.now()}
        Run.objects.filter(pk=run.pk).update(state=Run.State.SCORING, **lease)
    return list(done.runs.select_related("evaluation__submission", "hospital", "cohort").order_by("pk"))


def keep(run: Run, audit: Audit | None) -> Evaluation:
    """As the worker hands in its result."""
    record = factories.cohort_record(run.cohort)
    payload = factories.make_payload(run.evaluation.submission, replace(record, audit=audit))
    assert run.lease_token
    assert run_done(run, run.lease_token, payload=payload, peak_memory_bytes=None)
    return Evaluation.objects.get(pk=run.evaluation_id)


def page(client: Client, user: User, name: str, *args: object) -> str:
    client.force_login(user)
    return client.get(reverse(name, args=args)).content.decode()


def test_a_run_brings_its_audit_with_it_and_its_evaluation_says_that_it_agrees(stage: Stage) -> None:
    submission = stage.accept()
    assert Evaluation.objects.get().audit == State.NONE_YET
    stage.execute(submission)
    evaluation = Evaluation.objects.get()
    assert (evaluation.audit, evaluation.is_marked) == (State.AGREES, False)
    assert evaluation.audited_at is not None
    audits = [read_audit(result) for result in CohortResult.objects.all()]
    assert all(audit is not None and audit.agrees for audit in audits)
    assert audit_alarms(acknowledged=False) == []


def test_a_result_without_an_audit_leaves_none_yet(waiting: list[Run]) -> None:
    nothing_scored = Audit(seed=1, tolerance=1e-6, cases=())
    assert keep(waiting[0], None).audit == State.NONE_YET
    after = keep(waiting[1], nothing_scored)
    assert (after.audit, after.audited_at, after.state) == (State.NONE_YET, None, Evaluation.State.DONE)


def test_one_difference_marks_the_evaluation_whatever_its_other_runs_say(waiting: list[Run]) -> None:
    first = keep(waiting[0], factories.audit_record("case-01", measures=("dice",)))
    assert (first.audit, first.is_marked) == (State.DIFFERS, True)
    second = keep(waiting[1], factories.audit_record("case-02"))
    assert (second.audit, second.is_marked, second.audited_at) == (State.DIFFERS, True, first.audited_at)
    assert second.state == Evaluation.State.DONE


def test_the_organisers_are_told_by_mail_which_names_no_case_and_no_number(
    waiting: list[Run],
    organiser: User,
    rival: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    caplog: pytest.LogCaptureFixture,
) -> None:
    factories.UserFactory.create(email="gone@example.org", is_organiser=True, is_active=False)
    with django_capture_on_commit_callbacks(execute=True):
        keep(waiting[0], factories.audit_record("case-01", measures=("dice", "hd95_pooled")))
        assert mail.outbox == []
    (message,) = mail.outbox
    assert message.to == [organiser.email]
    for words in ("Fresh", waiting[0].hospital.name, "2 of 9 numbers", reverse("evaluations:operations")):
        assert words in message.body
    for words in ("case-01", "0.8125", "0.8120003"):
        assert words not in f"{message.subject} {message.body}"
    assert "2 of 9 numbers differ" in caplog.text


def test_what_agrees_is_not_told(
    waiting: list[Run], organiser: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        keep(waiting[0], factories.audit_record("case-01"))
    assert mail.outbox == []


def test_a_mail_server_that_is_down_takes_nothing_from_the_result(
    waiting: list[Run],
    organiser: User,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens there
    with django_capture_on_commit_callbacks(execute=True):
        after = keep(waiting[0], factories.audit_record("case-01", measures=("dice",)))
    assert after.audit == State.DIFFERS
    assert CohortResult.objects.count() == 1
    assert "refused" in caplog.text


def test_an_audit_that_broke_down_alarms_the_organisers_and_marks_nothing(
    waiting: list[Run], organiser: User, client: Client
) -> None:
    after = keep(waiting[0], factories.audit_record("case-01", error="MemoryError: no room"))
    assert (after.audit, after.is_marked) == (State.BROKE_DOWN, False)
    shown = page(client, organiser, "evaluations:operations-state")
    for words in ("broke down", "MemoryError: no room", "case-01", "the platform’s fault"):
        assert words in shown
    again = keep(waiting[1], factories.audit_record("case-02", measures=("dice",)))
    assert again.audit == State.DIFFERS


def test_the_operations_page_shows_an_organiser_every_number_that_differs(
    client: Client, organiser: User, evaluation: Evaluation
) -> None:
    assert "Another program" not in page(client, organiser, "evaluations:operations")
    factories.make_marked(evaluation, "dice", "hd95_pooled")
    hospital = evaluation.runs.earliest("pk").hospital.name
    for name in ("evaluations:operations", "evaluations:operations-state"):
        shown = page(client, organiser, name)
        for words in ("Careful", "Uppsala Imaging", hospital, "case-01", "dice", "hd95_pooled", "0.8125", "0.8120003"):
            assert words in shown
        assert "medpy 0.5.2" in shown


def test_of_very_many_differences_the_first_are_shown_and_the_rest_counted(
    client: Client, organiser: User, evaluation: Evaluation
) -> None:
    factories.make_marked(evaluation, *(f"measure{number}" for number in range(33)))
    shown = page(client, organiser, "evaluations:operations-state")
    assert "measure29" in shown
    assert "measure30" not in shown
    assert "3 more." in shown


def test_the_team_and_the_public_read_only_that_scores_are_checked(
    client: Client, member: User, evaluation: Evaluation
) -> None:
    submission = evaluation.submission
    before = page(client, member, "evaluations:submission", submission.pk)
    assert SENTENCE not in before
    factories.make_marked(evaluation, "dice")
    pages = [
        page(client, member, "evaluations:submission", submission.pk),
        page(client, member, "evaluations:state", submission.pk),
        Client().get(reverse("dashboards:card", args=[submission.pk])).content.decode(),
    ]
    for shown in pages:
        assert SENTENCE in shown
        for words in ("case-01", "0.8125", "0.8120003", "medpy 0.5.2"):
            assert words not in shown


def test_nothing_of_it_is_in_what_can_be_downloaded_or_on_the_board(evaluation: Evaluation) -> None:
    factories.make_marked(evaluation, "dice")
    slug = evaluation.submission.benchmark.slug
    for name in ("leaderboard", "leaderboard-csv", "leaderboard-json", "compare"):
        shown = Client().get(reverse(f"dashboards:{name}", args=[slug])).content.decode()
        for words in ("case-01", "0.8120003", "audit"):
            assert words not in shown.lower()


def test_an_alarm_that_is_acknowledged_is_quiet_and_says_by_whom(
    client: Client, organiser: User, member: User, evaluation: Evaluation
) -> None:
    factories.make_marked(evaluation, "dice")
    client.force_login(organiser)
    address = reverse("evaluations:acknowledge-audit", args=[evaluation.submission_id])
    shown = client.post(address, follow=True).content.decode()
    assert "is acknowledged" in shown
    assert "Audits acknowledged" in shown
    assert "by Olga Organiser" in shown
    assert "0.8120003" in shown
    assert "0.8120003" not in page(client, organiser, "evaluations:operations-state")
    evaluation.refresh_from_db()
    assert evaluation.audit_acknowledged_by == organiser
    assert SENTENCE in page(client, member, "evaluations:submission", evaluation.submission_id)
    client.force_login(organiser)
    assert "nothing to acknowledge" in client.post(address, follow=True).content.decode()


def test_only_an_alarm_can_be_acknowledged(evaluation: Evaluation, organiser: User) -> None:
    with pytest.raises(Refusal, match="nothing to acknowledge"):
        audit_acknowledge(evaluation=evaluation, by=organiser)


def test_an_alarm_of_another_run_is_heard_although_the_first_was_acknowledged(
    waiting: list[Run], organiser: User
) -> None:
    first = keep(waiting[0], factories.audit_record("case-01", measures=("dice",)))
    audit_acknowledge(evaluation=first, by=organiser)
    assert audit_alarms(acknowledged=False) == []
    keep(waiting[1], factories.audit_record("case-02", measures=("dice",)))
    (alarm,) = audit_alarms(acknowledged=False)
    assert {line.case for line in alarm.lines} == {"case-01", "case-02"}
    assert alarm.evaluation.audit_acknowledged_by is None
