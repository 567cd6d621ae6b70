"""Notices: who is told what and when, once; by e-mail in one message a minute; and never too early."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation, Run
from leaderboard.evaluations.services.settle import evaluation_settle
from leaderboard.evaluations.services.tell import endings_tell
from leaderboard.notices.models import Notice
from leaderboard.notices.services import TRIES, by_mail_set, notice_add, notices_send
from tests.leaderboard.stage import Stage, crash

pytestmark = [pytest.mark.django_db, pytest.mark.core]


def due() -> None:
    Notice.objects.filter(mail_at__isnull=False).update(mail_at=timezone.now())


def told(user: User) -> list[str]:
    return [notice.text for notice in Notice.objects.filter(user=user)]


def test_a_team_is_told_of_acceptance_refusal_and_the_end(stage: Stage, rival: User) -> None:
    done = stage.accept(model="Good")
    stage.accept(crash, model="Bad")
    stage.execute(done)
    endings_tell()
    endings_tell()
    news = told(stage.member)
    assert len(news) == 3
    assert news[0] == "“Good” was run by all hospitals; its numbers are there."
    assert news[1].startswith("“Bad” was refused: ")
    assert news[2] == "“Good” was accepted; it goes to the hospitals now."
    assert told(rival) == []


def test_before_its_published_time_nobody_is_told_of_an_end(ranked: Benchmark, member: User) -> None:
    Evaluation.objects.update(noticed_at=None)
    Benchmark.objects.update(batch_hours=24, ladder=True)
    Evaluation.objects.update(state_since=timezone.now())
    endings_tell()
    assert told(member) == []
    Evaluation.objects.update(state_since=timezone.now() - timedelta(days=2))
    endings_tell()
    assert len(told(member)) == 2


def test_news_of_a_minute_go_in_one_message_once(member: User, rival: User) -> None:
    notice_add(to=[member], text="First.", link="/submissions/")
    notice_add(to=[member, rival], text="Second.")
    assert notices_send() == 0
    due()
    assert notices_send() == 2
    assert notices_send() == 0
    letters = {letter.to[0]: letter for letter in mail.outbox}
    assert letters[member.email].subject == "Cancer Imaging Leaderboard: 2 notices"
    assert "First.\nhttp://localhost:8000/submissions/" in str(letters[member.email].body)
    assert letters[rival.email].subject == "Cancer Imaging Leaderboard: Second."


def test_who_wants_no_mail_or_left_gets_none(member: User, rival: User) -> None:
    notice_add(to=[member], text="Waits to be sent.")
    by_mail_set(user=member, wanted=False)
    rival.is_active = False
    notice_add(to=[member, rival], text="Later.")
    due()
    assert notices_send() == 0
    assert told(member) == ["Later.", "Waits to be sent."]
    assert told(rival) == []


def test_mail_that_cannot_be_sent_is_tried_again_later_and_given_up_at_last(
    member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> int:
        raise ConnectionRefusedError("no mail server")

    notice_add(to=[member], text="News.")
    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", refused)
        due()
        assert notices_send() == 0
        waiting = Notice.objects.get()
        assert waiting.mail_at is not None
        assert waiting.mail_at > timezone.now() + timedelta(minutes=9)
        for _ in range(TRIES - 1):
            due()
            notices_send()
    given_up = Notice.objects.get()
    assert (given_up.mail_at, given_up.mailed_at, given_up.mail_tries) == (None, None, TRIES)


def test_the_page_lists_marks_and_keeps_the_choice(client: Client, member: User, rival: User) -> None:
    client.force_login(member)
    assert "Nothing has happened yet" in client.get("/notices/").content.decode()
    notice_add(to=[member], text="“Good” was accepted.", link="/submissions/")
    notice_add(to=[rival], text="Not for Mira.")
    page = client.get("/notices/").content.decode()
    assert "Notices (1)" in page
    assert "“Good” was accepted." in page
    assert "Not for Mira." not in page
    client.post("/notices/read/")
    assert "Notices (1)" not in client.get("/notices/").content.decode()
    assert Notice.objects.get(user=rival).read_at is None
    client.post("/notices/by-mail/", {})
    assert " checked" not in client.get("/notices/").content.decode().split('id="by-mail"')[1].split(">")[0]
    client.post("/notices/by-mail/", {"by_mail": "on"})
    assert " checked" in client.get("/notices/").content.decode().split('id="by-mail"')[1].split(">")[0]


def test_a_run_that_is_put_in_line_again_is_told_of_anew(stage: Stage) -> None:
    submission = stage.accept()
    stage.execute(submission)
    endings_tell()
    run = stage.runs(submission)[0]
    Run.objects.filter(pk=run.pk).update(state=Run.State.FAILED)
    evaluation_settle(run.evaluation_id)
    endings_tell()
    assert told(stage.member)[0] == "“Detector” failed at a hospital; its page says why, and what to do."


def test_a_name_with_the_end_of_a_line_keeps_no_mail_from_going_out(member: User, rival: User) -> None:
    notice_add(to=[member], text="“Two\nlines” was accepted.", link="/")
    notice_add(to=[rival], text="Another.", link="/")
    due()
    assert notices_send() == 2
    assert sorted(one.subject.partition(": ")[2] for one in mail.outbox) == ["Another.", "“Two lines” was accepted."]
