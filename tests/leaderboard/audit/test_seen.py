"""Who saw what: looks at what is not public are told of, once in an hour, before anything is shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from leaderboard.accounts.models import User
from leaderboard.audit.models import Chain, Record
from leaderboard.audit.services import faults, seen
from leaderboard.benchmarks.models import Benchmark
from leaderboard.submissions.models import Submission

pytestmark = pytest.mark.django_db


def looks() -> list[tuple[str, str]]:
    return list(Record.objects.filter(act="seen").values_list("actor", "about"))


def test_a_page_that_renews_itself_is_one_look(
    client: Client, member: User, organiser: User, ranked: Benchmark
) -> None:
    submission = Submission.objects.get(model="Careful")
    for user in (member, organiser):
        client.force_login(user)
        client.get(reverse("evaluations:submission", args=[submission.pk]))
        for _ in range(3):
            client.get(reverse("evaluations:state", args=[submission.pk]))
    assert looks() == [(f"user {user.pk}", f"submission {submission.pk}") for user in (member, organiser)]
    assert list(faults()) == []


def test_later_it_is_another(db: None) -> None:
    for _ in range(2):
        seen("operations", by=3)
    seen("operations", by=3, again=timedelta(0))
    assert looks() == [("user 3", "operations")] * 2


def test_an_unpublished_benchmark_is_seen_by_name_and_a_published_one_is_not_told_of(
    client: Client, organiser: User, ranked: Benchmark
) -> None:
    client.force_login(organiser)
    card = reverse("dashboards:card", args=[Submission.objects.get(model="Careful").pk])
    addresses = [
        reverse(name, args=[ranked.slug])
        for name in ("dashboards:leaderboard", "dashboards:leaderboard-csv", "dashboards:transfer", "rankings:list")
    ]
    for address in (*addresses, card):
        client.get(address)
    assert looks() == []
    Benchmark.objects.update(published=False)
    for number, address in enumerate((*addresses, card)):
        assert client.get(address).status_code == 200
        assert looks() == [(f"user {organiser.pk}", f"benchmark {ranked.slug}, unpublished")], number


def test_nothing_is_shown_where_it_cannot_be_told(client: Client, organiser: User, ranked: Benchmark) -> None:
    """The chain was tampered with: its next record would take the place of one that is there."""
    client.force_login(organiser)
    client.raise_request_exception = False
    Chain.objects.update(length=0)
    assert client.get(reverse("evaluations:operations")).status_code == 500
