"""How often uploads and downloads may be asked for, counted in the database for all processes together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.db import connections
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from leaderboard.accounts.models import User
from leaderboard.benchmarks.models import Benchmark

pytestmark = [pytest.mark.django_db, pytest.mark.core]


def test_more_uploads_than_an_hour_may_have_are_refused_in_words(
    client: Client, member: User, benchmark_rows: Benchmark, settings: Settings
) -> None:
    settings.RATE_LIMITS = {"upload": "3/h/user"}
    client.force_login(member)
    address = reverse("submissions:submit")
    assert [client.post(address).status_code for _ in range(3)] == [422] * 3
    response = client.post(address)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "3600")
    page = response.content.decode()
    assert "This may be done 3 times in one hour." in page
    assert "Try again within the next hour" in page
    assert client.get(address).status_code == 200


def test_one_person_does_not_use_up_anothers_uploads(
    client: Client, member: User, rival: User, benchmark_rows: Benchmark, settings: Settings
) -> None:
    settings.RATE_LIMITS = {"upload": "1/h/user"}
    answers = []
    for user in (member, member, rival):
        client.force_login(user)
        answers.append(client.post(reverse("submissions:submit")).status_code)
    assert answers == [422, 429, 422]


def test_downloads_are_counted_by_network(client: Client, ranked: Benchmark, settings: Settings) -> None:
    settings.RATE_LIMITS = {"download": "2/m/ip"}
    address = reverse("dashboards:leaderboard-json", args=[ranked.slug])
    places = ("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2")
    assert [client.get(address, REMOTE_ADDR=place).status_code for place in places] == [200, 200, 429, 200]
    assert client.get(reverse("dashboards:leaderboard", args=[ranked.slug]), REMOTE_ADDR=places[0]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_requests_at_once_are_not_counted_as_one() -> None:
    """Every thread has a connection of its own, as every process of the site has."""
    limits = {"app": "leaderboard", "action": "upload", "config": {"upload": "3/h/ip"}}
    request = RequestFactory().post("/", REMOTE_ADDR="192.0.2.77")

    def ask(_: int) -> bool:
        try:
            return bool(ratelimit.consume(request, **limits))
        finally:
            connections.close_all()

    try:
        with ThreadPoolExecutor(6) as threads:
            allowed = sum(threads.map(ask, range(18)))
        assert allowed == 3
    finally:
        cache.clear()  # its table is no model's: what a test commits there stays
