"""Announcements: written with a preview, told to everybody who is to know, taken back where they were wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.audit.models import Record
from leaderboard.notices.models import Announcement, Notice
from leaderboard.notices.services import by_mail_set

pytestmark = [pytest.mark.django_db, pytest.mark.core]

ANNOUNCE, ALL = reverse("notices:announce"), reverse("notices:announcements")
GIVEN = {"title": "Maintenance on Sunday", "text": "Nothing runs from 6 to 8.\n\n<b>Nothing</b> is lost."}


@pytest.fixture
def organised(client: Client, organiser: User) -> Client:
    client.force_login(organiser)
    return client


def test_it_is_shown_before_it_is_published_and_nothing_is_told(organised: Client) -> None:
    page = organised.post(ANNOUNCE, GIVEN | {"act": "preview"}).content.decode()
    assert "&lt;b&gt;Nothing&lt;/b&gt; is lost." in page
    assert "nothing is published yet" in page
    assert not Announcement.objects.exists()
    assert not Notice.objects.exists()


def test_everybody_with_an_account_is_told_and_by_mail_who_wants_it(
    organised: Client, organiser: User, member: User, rival: User
) -> None:
    by_mail_set(user=rival, wanted=False)
    answer = organised.post(ANNOUNCE, GIVEN | {"act": "publish", "by_mail": "on"})
    assert answer["Location"] == ALL
    told = {notice.user_id: notice for notice in Notice.objects.all()}
    assert set(told) == {organiser.pk, member.pk, rival.pk}
    assert told[member.pk].text == "Announcement: Maintenance on Sunday"
    assert (told[member.pk].mail_at is None, told[rival.pk].mail_at is None) == (False, True)
    assert Record.objects.get(act="announcement.published").actor == f"user {organiser.pk}"


def test_without_a_tick_no_mail_is_sent(organised: Client, member: User) -> None:
    organised.post(ANNOUNCE, GIVEN | {"act": "publish"})
    assert Notice.objects.get(user=member).mail_at is None


def test_only_public_ones_are_for_everybody_and_on_the_home_page(organised: Client) -> None:
    organised.post(ANNOUNCE, GIVEN | {"act": "publish"})
    organised.post(ANNOUNCE, GIVEN | {"act": "publish", "title": "A new hospital", "public": "on"})
    somebody = Client()
    for page in (somebody.get("/").content.decode(), somebody.get(ALL).content.decode()):
        assert "A new hospital" in page
        assert "Maintenance" not in page
    assert "Maintenance" in organised.get(ALL).content.decode()


def test_what_is_old_leaves_the_home_page_and_stays_in_the_list(organised: Client) -> None:
    organised.post(ANNOUNCE, GIVEN | {"act": "publish", "public": "on"})
    Announcement.objects.update(at=timezone.now() - timedelta(days=91))
    assert "Maintenance" not in Client().get("/").content.decode()
    assert "Maintenance" in Client().get(ALL).content.decode()


def test_taken_back_it_is_shown_no_more(organised: Client) -> None:
    organised.post(ANNOUNCE, GIVEN | {"act": "publish", "public": "on"})
    found = Announcement.objects.get()
    for said in ("is shown no more", "is taken back already"):
        assert said in organised.post(reverse("notices:take-back", args=[found.pk]), follow=True).content.decode()
    assert "Maintenance" not in Client().get(ALL).content.decode()
    assert not Notice.objects.exists()  # nor is the e-mail sent that waited
    assert Record.objects.filter(act="announcement.taken-back").count() == 1


def test_a_refused_form_keeps_what_was_typed(organised: Client) -> None:
    answer = organised.post(ANNOUNCE, {"title": "", "text": "Half a thought", "act": "publish"})
    assert answer.status_code == 422
    assert "Half a thought" in answer.content.decode()
    assert not Announcement.objects.exists()
