"""What programs that watch this one are told, and what nobody is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from leaderboard.audit.models import Record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.celery import app
from leaderboard.evaluations.models import Run, Worker
from leaderboard.evaluations.services.reconcile import give_up_lost
from leaderboard.lib import dependencies
from leaderboard.lib.leases import claim
from leaderboard.operations.selectors import figures, readiness

pytestmark = [pytest.mark.django_db, pytest.mark.core]

TOKEN = {"Authorization": "Bearer a-long-token"}


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    readiness.forget()
    yield
    readiness.forget()


def samples(client: Client) -> dict[tuple[str, tuple[str, ...]], float]:
    response = client.get("/metrics", headers=TOKEN)
    assert response.status_code == 200
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


def test_a_process_that_lives_says_so_and_asks_nothing(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert client.get("/health").json() == {"status": "ok"}


def test_a_platform_that_has_what_it_needs_is_ready(client: Client) -> None:
    response = client.get("/health/ready")
    assert response.status_code == 200
    every = {"database": "ok", "migrations": "ok", "broker": "ok", "data folder": "ok"}
    assert response.json() == {"status": "ok", "checks": every}


def test_one_whose_data_folder_is_gone_is_not_and_says_no_path(client: Client, settings: Settings) -> None:
    settings.DATA = Path("/nowhere/secret-place")
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["data folder"] == "failed"
    assert "secret-place" not in response.content.decode()


def test_one_whose_broker_is_gone_is_not_and_says_no_password(client: Client) -> None:
    before = app.conf.broker_url
    app.conf.update(broker_url="amqp://user:pa55word@127.0.0.1:1//")
    try:
        response = client.get("/health/ready")
        said = dependencies.broker().sentence
    finally:
        app.conf.update(broker_url=before)
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "ok", "migrations": "ok", "broker": "failed", "data folder": "ok"}
    assert said.startswith("The broker does not answer: ")
    assert "pa55word" not in response.content.decode() + said


def test_a_missing_migration_and_one_of_a_newer_version_are_said() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('audit', '9999_later', %s)", [NOW])
        newer = dependencies.migrations()
        cursor.execute("DELETE FROM django_migrations WHERE app = 'audit'")
        missing = dependencies.migrations()
    assert (newer.ok, missing.ok) == (False, False)
    assert "newer version, 1 migrations ahead" in newer.sentence
    assert "run `manage.py migrate`" in missing.sentence


NOW = timezone.now()


def test_figures_are_for_who_brings_the_token(client: Client, settings: Settings) -> None:
    assert client.get("/metrics", headers=TOKEN).status_code == 403
    settings.METRICS_TOKEN = "a-long-token"
    assert client.get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 403
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers=TOKEN).status_code == 200


def test_figures_are_for_networks_that_are_named(client: Client, settings: Settings) -> None:
    settings.METRICS_FROM = [ip_network("10.1.0.0/16")]
    assert client.get("/metrics", REMOTE_ADDR="10.2.0.1").status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 200
    settings.BEHIND_PROXY = True  # the proxy's own address is in the network; who asks it is not
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3", headers={"X-Forwarded-For": "8.8.8.8"}).status_code == 403


def test_figures_are_those_of_the_rows(client: Client, ranked: Benchmark, settings: Settings) -> None:
    settings.METRICS_TOKEN = "a-long-token"
    run = Run.objects.earliest("pk")
    Run.objects.filter(pk=run.pk).update(state="queued", state_since=timezone.now() - timedelta(hours=2))
    other = Run.objects.exclude(pk=run.pk).earliest("pk")
    Run.objects.filter(pk=other.pk).update(state="failed", failure="out-of-memory", fault="submission")
    Worker.objects.create(name="hospitals@somewhere")
    found = samples(client)
    slug = run.hospital.slug
    total = Run.objects.count()
    assert found["leaderboard_runs", (slug, "queued")] == 1
    assert sum(value for (name, _), value in found.items() if name == "leaderboard_runs") == total == 6
    assert 7200 <= found["leaderboard_runs_oldest_seconds", ("queued",)] < 7260
    assert found["leaderboard_queue_length", (f"hospital.{slug}",)] == 1
    assert found["leaderboard_queue_length", ("platform",)] == 0
    assert found["leaderboard_failures", ("out-of-memory", "submission")] == 1
    assert found["leaderboard_cohort_results", ()] == 6
    assert found["leaderboard_submissions", ("accepted",)] == 3
    assert found["leaderboard_evaluations", ("done",)] == 3
    assert found["leaderboard_disk_free_bytes", ()] > 0
    seen = found["leaderboard_worker_last_seen_timestamp_seconds", ("hospitals@somewhere",)]
    assert abs(seen - timezone.now().timestamp()) < 60


def test_figures_name_no_person(client: Client, ranked: Benchmark, settings: Settings) -> None:
    settings.METRICS_TOKEN = "a-long-token"
    text = client.get("/metrics", headers=TOKEN).content.decode()
    for submission in ranked.submissions.select_related("team", "created_by"):
        assert submission.created_by.email not in text
        assert submission.team.name not in text


def test_a_lost_lease_is_counted_once_and_for_good(ranked: Benchmark) -> None:
    run = Run.objects.earliest("pk")
    assert claim(Run.objects.filter(pk=run.pk), state="running")
    give_up_lost()
    assert figures().lost["run.lease-lost"] == 0
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    give_up_lost()
    give_up_lost()
    assert figures().lost == {"run.lease-lost": 1, "submission.lease-lost": 0}
    assert Record.objects.get(act="run.lease-lost").about == f"run {run.pk}"


def test_the_doctor_says_all_is_well_in_sentences(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    call_command("doctor", "--without-engine")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"The database ({connection.vendor}) answers."
    assert said[-1] == "All is well."


def test_the_doctor_names_what_is_not(
    capsys: pytest.CaptureFixture[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    monkeypatch.setenv("REGISTRY_URL", "http://us:pa55word@127.0.0.1:1")
    with pytest.raises(CommandError, match=r"^Not all is well: e-mail, registry\.$"):
        call_command("doctor", "--without-engine")
    said = capsys.readouterr().out
    assert "The e-mail server 127.0.0.1:1 does not take us: " in said
    assert "The registry 127.0.0.1:1 does not answer: " in said
    assert "pa55word" not in said


def test_every_answer_carries_the_number_of_its_request(client: Client, settings: Settings) -> None:
    assert len(client.get("/health")["X-Request-Id"]) == 32
    assert client.get("/health", headers={"X-Request-Id": "from-anybody"})["X-Request-Id"] != "from-anybody"
    settings.BEHIND_PROXY = True
    assert client.get("/health", headers={"X-Request-Id": "from-the-proxy"})["X-Request-Id"] == "from-the-proxy"
    assert client.get("/health", headers={"X-Request-Id": '"} no id {"'})["X-Request-Id"] != '"} no id {"'


def test_liveness_needs_no_tls_of_its_own(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert json.loads(Client().get("/health").content) == {"status": "ok"}
    assert Client().get("/health/other").status_code == 301
