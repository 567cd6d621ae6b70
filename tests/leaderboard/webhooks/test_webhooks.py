"""Web-hooks: what is sent and how it is signed, where they may lead, and what becomes of those that fail."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from leaderboard.accounts.models import User
from leaderboard.audit.models import Record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation, Run
from leaderboard.evaluations.services.settle import evaluation_settle
from leaderboard.hospitals.services import alert_raise
from leaderboard.lib.errors import Refusal
from leaderboard.notices.models import Notice
from leaderboard.rankings.services import snapshot_make
from leaderboard.submissions.signals import submission_accepted
from leaderboard.webhooks.addresses import is_public, target_of
from leaderboard.webhooks.models import EVENTS, Delivery, Hook
from leaderboard.webhooks.sending import Answer
from leaderboard.webhooks.services import (
    LATER,
    delivered,
    deliveries_expire,
    delivery_again,
    delivery_send,
    failed,
    hook_delete,
    hook_save,
    hook_switch,
    news_add,
)

pytestmark = pytest.mark.django_db

SECRET = "a secret of some length"
State = Delivery.State


class Receiver(ThreadingHTTPServer):
    """A program that is told; it answers as it is bidden."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.location = 204, ""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.heard.append((self.path, dict(self.headers), body))
                self.send_response(receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing to read here."""

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?team=us"


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_HOSTS = ["127.0.0.1"]
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def hook(receiver: Receiver, organiser: User) -> Hook:
    found = Hook(name="Pager", url=receiver.url, events=[name for name, _ in EVENTS])
    assert hook_save(hook=found, secret=SECRET, by=organiser) == ""
    return found


def news(**facts: Any) -> Delivery:
    news_add(event="alert.raised", facts=facts or {"alert": {"kind": "refused"}})
    return Delivery.objects.latest("created")


def sent(row: Delivery) -> Delivery:
    Delivery.objects.filter(pk=row.pk, state=State.WAITING).update(next_attempt_at=timezone.now())
    delivery_send(pk=row.pk)
    row.refresh_from_db()
    return row


def test_a_message_is_signed_with_its_time_and_arrives_to_the_very_byte(hook: Hook, receiver: Receiver) -> None:
    row = sent(news(alert={"hospital": "Málaga"}))
    assert (row.state, row.status, row.attempt) == (State.DELIVERED, 204, 1)
    [(path, headers, body)] = receiver.heard
    assert (path, body.decode()) == ("/hook?team=us", row.body)
    assert json.loads(body)["id"] == str(row.pk) == headers["Leaderboard-Delivery"]
    at, signature = (part.partition("=")[2] for part in headers["Leaderboard-Signature"].split(","))
    expected = hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signature, expected)
    assert abs(int(at) - timezone.now().timestamp()) < 60


def test_the_secret_is_kept_encrypted_and_one_that_is_made_is_given_once(receiver: Receiver, organiser: User) -> None:
    found = Hook(name="Chat", url=receiver.url, events=["ranking.published"])
    secret = hook_save(hook=found, secret="", by=organiser)
    found.refresh_from_db()
    assert found.key == secret
    assert secret.encode() not in bytes(found.secret)
    assert secret not in str(list(Record.objects.values()))
    assert hook_save(hook=found, secret="", by=organiser) == ""
    assert found.key == secret


def test_a_redirect_is_not_followed(hook: Hook, receiver: Receiver) -> None:
    receiver.status, receiver.location = 302, receiver.url
    row = sent(news())
    assert (row.state, row.status, len(receiver.heard)) == (State.WAITING, 302, 1)
    assert "none is followed" in row.error


def test_what_fails_is_tried_again_later_each_time_and_given_up_at_last(hook: Hook, receiver: Receiver) -> None:
    receiver.status = 500
    row = news()
    for later in LATER[:-1]:
        sent(row)
        assert row.next_attempt_at is not None
        assert abs(row.next_attempt_at - timezone.now() - later) < timedelta(minutes=1)
    sent(row)
    assert (row.state, row.attempt, row.next_attempt_at) == (State.FAILED, len(LATER), None)
    delivery_send(pk=row.pk)
    assert len(receiver.heard) == len(LATER)


def test_what_is_not_due_or_claimed_by_another_is_not_sent(hook: Hook, receiver: Receiver) -> None:
    row = news()
    Delivery.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=1))
    delivery_send(pk=row.pk)
    assert receiver.heard == []


def test_what_was_given_up_or_deleted_while_it_was_sent_stays_so(
    hook: Hook, receiver: Receiver, organiser: User
) -> None:
    for status in (200, 500):
        receiver.status = status
        row = news()
        Delivery.objects.filter(pk=row.pk).update(attempt=1)
        row.refresh_from_db()
        hook_switch(hook=hook, active=False, by=organiser)
        (delivered if status == 200 else failed)(row, Answer(status=status))
        row.refresh_from_db()
        assert (row.state, row.delivered_at, row.error) == (State.FAILED, None, "The web-hook was switched off.")
        hook_switch(hook=hook, active=True, by=organiser)
    row = news()
    hook_delete(hook=hook, by=organiser)
    failed(row, Answer(status=None, error="Nobody answers."))
    assert not Delivery.objects.exists()


def test_what_cannot_be_signed_any_more_is_not_sent_and_says_why(hook: Hook, receiver: Receiver) -> None:
    Hook.objects.update(secret=b"not what this site has encrypted")
    row = sent(news())
    assert (row.state, row.attempt, receiver.heard) == (State.WAITING, 1, [])
    assert "LOG_KEYS does not have any more. Give the web-hook a new secret" in row.error


def test_a_web_hook_that_takes_nothing_for_days_is_switched_off_with_a_notice(
    hook: Hook, receiver: Receiver, organiser: User
) -> None:
    receiver.status = 500
    sent(news())
    hook.refresh_from_db()
    assert (hook.active, hook.failing_since is not None) == (True, True)
    waiting = news()
    Hook.objects.update(failing_since=timezone.now() - timedelta(days=3, minutes=1))
    sent(news())
    hook.refresh_from_db()
    waiting.refresh_from_db()
    assert (hook.active, waiting.state) == (False, State.FAILED)
    assert "Nothing could be delivered since" in hook.off_why
    assert "“Pager” is switched off" in Notice.objects.get(user=organiser).text
    news_add(event="alert.raised", facts={})
    assert Delivery.objects.filter(state=State.WAITING).count() == 0


def test_one_that_arrives_ends_the_counting_of_days(hook: Hook, receiver: Receiver) -> None:
    Hook.objects.update(failing_since=timezone.now() - timedelta(days=2))
    sent(news())
    hook.refresh_from_db()
    assert hook.failing_since is None


def test_it_is_sent_again_on_demand_and_not_while_it_waits_or_is_off(
    hook: Hook, receiver: Receiver, organiser: User
) -> None:
    row = news()
    with pytest.raises(Refusal, match="waits to be sent already"):
        delivery_again(delivery=row, by=organiser)
    sent(row)
    delivery_again(delivery=row, by=organiser)
    sent(row)
    assert [body for _, _, body in receiver.heard] == [row.body.encode()] * 2
    hook_switch(hook=hook, active=False, by=organiser)
    with pytest.raises(Refusal, match="switched off"):
        delivery_again(delivery=Delivery.objects.select_related("hook").get(), by=organiser)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://127.0.0.1/", "inside a private network"),
        ("https://localhost/", "inside a private network"),
        ("https://10.0.0.1/", "inside a private network"),
        ("https://169.254.169.254/latest/meta-data/", "inside a private network"),
        ("https://[::1]/", "inside a private network"),
        ("https://[::ffff:10.0.0.1]/", "inside a private network"),
        ("https://[64:ff9b::a00:1]/", "inside a private network"),
        ("https://0.0.0.0/", "inside a private network"),
        ("http://8.8.8.8/", "by https only"),
        ("https://user:secret@8.8.8.8/", "no password"),
        ("https://8.8.8.8/#part", "no fragment"),
        ("ftp://8.8.8.8/", "not an address of https"),
        ("https://", "not an address of https"),
        ("https://8.8.8.8:99999/", "not an address"),
        ("https://8.8.8.8/\r\nX: 1", "not an address of https"),
        ("https://no-such-host.invalid/", "has no address"),
    ],
)
def test_addresses_that_lead_inside_or_in_the_open_are_refused(url: str, said: str, organiser: User) -> None:
    with pytest.raises(Refusal, match=said):
        hook_save(hook=Hook(name="Bad", url=url, events=["alert.raised"]), secret=SECRET, by=organiser)
    assert not Hook.objects.exists()


def test_an_address_is_looked_at_again_before_each_message(hook: Hook, receiver: Receiver, settings: Settings) -> None:
    settings.WEBHOOK_HOSTS = []
    row = sent(news())
    assert (row.state, row.status, receiver.heard) == (State.WAITING, None, [])
    assert "inside a private network" in row.error


def test_a_public_address_by_https_is_taken_with_its_query() -> None:
    found = target_of("https://8.8.8.8:8443/in?x=1")
    assert (found.scheme, found.address, found.port, found.path) == ("https", "8.8.8.8", 8443, "/in?x=1")
    assert is_public(ip_address("::ffff:8.8.8.8"))
    assert not is_public(ip_address("224.0.0.1"))


def told(event: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Delivery.objects.get(event=event).body)
    return found


def test_the_platforms_news_reach_it_as_facts(hook: Hook, ranked: Benchmark) -> None:
    ranking = told("ranking.published")["ranking"]
    snapshot = ranked.snapshots.get()
    assert (ranking["number"], ranking["final"], ranking["benchmark"]) == (1, False, "pancreas-ct")
    assert snapshot.sha256 == ranking["sha256"]
    evaluation = Evaluation.objects.select_related("submission").earliest("pk")
    submission_accepted.send(sender=None, submission_id=evaluation.submission_id)
    assert told("submission.accepted")["submission"]["model"] == evaluation.submission.model
    Run.objects.filter(evaluation=evaluation).update(state=Run.State.FAILED)
    evaluation_settle(evaluation.pk)
    assert told("evaluation.failed")["state"] == "failed"
    alert_raise(hospital=evaluation.runs.earliest("pk").hospital, kind="refused", said="Case 17 of patient 4")
    assert "Case 17" not in Delivery.objects.get(event="alert.raised").body
    assert told("alert.raised")["alert"]["kind"] == "refused"


def test_it_is_told_only_what_it_asks_for(hook: Hook, ranked: Benchmark) -> None:
    Delivery.objects.all().delete()
    Hook.objects.update(events=["evaluation.failed"])
    snapshot_make(benchmark=ranked)
    news_add(event="ranking.published", facts={})
    assert not Delivery.objects.exists()


def test_what_ended_long_ago_is_cleaned_away(hook: Hook, receiver: Receiver) -> None:
    old, waiting = sent(news()), news()
    Delivery.objects.update(created=timezone.now() - timedelta(days=31))
    assert deliveries_expire(30, dry_run=True) == deliveries_expire(30, dry_run=False) == 1
    assert list(Delivery.objects.all()) == [waiting]
    assert old.state == State.DELIVERED


def test_the_pages_set_show_test_switch_and_delete_it(client: Client, organiser: User, receiver: Receiver) -> None:
    client.force_login(organiser)
    at = reverse("webhooks:list")
    refused = client.post(at, {"name": "Pager", "url": "https://10.0.0.1/", "events": ["alert.raised"]})
    assert (refused.status_code, "inside a private network" in refused.content.decode()) == (422, True)
    page = client.post(at, {"name": "Pager", "url": receiver.url, "events": ["alert.raised"]}).content.decode()
    hook = Hook.objects.get()
    assert hook.key in page
    one = reverse("webhooks:hook", args=[hook.pk])
    assert hook.key not in client.get(one).content.decode()
    client.post(reverse("webhooks:test", args=[hook.pk]))
    delivery = Delivery.objects.get()
    sent(delivery)
    assert json.loads(receiver.heard[0][2])["event"] == "test"
    page = client.get(one).content.decode()
    assert reverse("webhooks:again", args=[delivery.pk]) in page
    assert "204" in page
    client.post(reverse("webhooks:switch", args=[hook.pk]))
    hook.refresh_from_db()
    assert not hook.active
    client.post(reverse("webhooks:delete", args=[hook.pk]))
    assert not Hook.objects.exists()
    acts = ["webhook.made", "webhook.tested", "webhook.switched", "webhook.deleted"]
    assert list(Record.objects.filter(act__startswith="webhook").values_list("act", flat=True)) == acts
