"""Hospitals at a real RabbitMQ: each reads its own queue and writes to its own exchange; shut out, it does neither."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from amqp.exceptions import AccessRefused
from django.core.management import CommandError, call_command
from kombu import Connection, Queue
from pytest_django import Settings

from evaluator import wire
from evaluator.records import CaseRecord, TruthSource
from leaderboard.evaluations.services import report_take
from leaderboard.hospitals.models import Alert, Cohort, CohortOffer, Enrolment, Hospital
from leaderboard.hospitals.services import hospital_enrol, hospital_revoke, offer_accept
from leaderboard.lib import broker_admin
from leaderboard.lib.errors import Refusal
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("hospitals-at-the-broker")]  # users there have names


def records(number: int) -> tuple[CaseRecord, ...]:
    return tuple(
        CaseRecord(case=f"c{n}", patient=f"p{n}", cancer=n % 2 == 0, index_scan=True, reference=TruthSource.MASK)
        for n in range(number)
    )


def manage(*words: str) -> str:
    out = StringIO()
    call_command("hospital", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def rabbitmq(settings: Settings) -> Iterator[str]:
    """The test command's own, tidied afterwards."""
    if "BROKER_ADMIN_URL" not in os.environ:
        pytest.fail("This test needs RabbitMQ with its management API: run it by `bash docker/test.sh`.")
    settings.BROKER_ADMIN_URL, settings.CELERY_BROKER_URL = os.environ["BROKER_ADMIN_URL"], os.environ["BROKER_URL"]
    yield os.environ["BROKER_URL"]
    for hospital in Hospital.objects.all():
        broker_admin.close_for(hospital.slug)
        for kind in ("queues", "exchanges"):
            for name in (broker_admin.work_queue(hospital.slug), broker_admin.results_queue(hospital.slug)):
                broker_admin._ask("DELETE", f"{kind}/{broker_admin._vhost()}/{name}", missing_is_fine=True)


def enrol(slug: str) -> dict[str, str]:
    """What the printed command says, by option."""
    printed = manage("enrol", slug, "--name", slug.capitalize())
    line = next(line for line in printed.splitlines() if line.startswith("python -m evaluator worker"))
    return {name: value.strip("'") for name, value in re.findall(r"--(\S+) (\S+)", line)}


def published(connection: Connection, *, exchange: str, routing_key: str) -> bool:
    """Whether the broker let it: it closes the channel of who may not."""
    channel = connection.channel()
    try:
        producer = connection.Producer(channel)
        producer.publish({}, exchange=exchange, routing_key=routing_key, retry=False)
    except AccessRefused:
        return False
    return True


def test_a_hospital_reaches_its_own_queue_and_exchange_and_no_others(rabbitmq: str) -> None:
    north, _ = enrol("north"), enrol("south")
    with Connection(north["broker"], transport_options={"confirm_publish": True}) as connection:
        with connection.channel() as channel:
            assert Queue("work.north", no_declare=True)(channel).get() is None
        refused = []
        for queue in ("work.south", "results.north", "results.south", "platform"):
            with connection.channel() as channel, pytest.raises(AccessRefused):
                Queue(queue, no_declare=True)(channel).get()
            refused.append(queue)
        with pytest.raises(AccessRefused):
            Queue("mine")(connection.channel()).declare()
        assert published(connection, exchange="results.north", routing_key="results.north")
        for exchange, key in (
            ("results.south", "results.south"),
            ("work.north", "work.north"),
            ("work.south", "work.south"),
            ("", "results.south"),
            ("", "platform"),
        ):
            assert not published(connection, exchange=exchange, routing_key=key), (exchange, key)
    with Connection(rabbitmq) as ours:
        assert Queue("results.north", no_declare=True)(ours.channel()).get() is not None


def drain(connection: Connection, channel: Any) -> None:
    """Use the connection for ten seconds at most; it is over when the broker has ended it."""
    for _ in range(100):
        Queue("work.north", no_declare=True)(channel).get()
        time.sleep(0.1)
    assert connection.connected, "nothing has ended it"


def test_revoking_ends_its_connection_at_once_and_its_password_with_it(rabbitmq: str) -> None:
    told = enrol("north")
    with Connection(told["broker"]) as connection:
        channel = connection.channel()
        Queue("work.north", no_declare=True)(channel).get()
        manage("revoke", "north")
        with pytest.raises((OSError, *connection.connection_errors)):
            drain(connection, channel)
    with pytest.raises(AccessRefused):
        Connection(told["broker"]).connect()
    with pytest.raises(CommandError, match="not enrolled"):
        manage("revoke", "north")


def test_a_code_is_good_for_one_key(rabbitmq: str) -> None:
    told = enrol("north")
    first, second = wire.PrivateKey.new(), wire.PrivateKey.new()

    def join(key: wire.PrivateKey, code: str) -> None:
        joined = wire.Joined(public_key=key.public.text, code=code)
        report_take(slug="north", data=wire.seal(joined, hospital="north", serial=1, key=key))

    join(first, "a guess")
    assert Enrolment.objects.get().public_key == ""
    join(first, told["code"])
    assert Enrolment.objects.get().public_key == first.public.text
    join(second, told["code"])
    assert Enrolment.objects.get().public_key == first.public.text
    assert Alert.objects.count() == 2
    join(first, told["code"])  # it did not hear that it was taken
    assert Alert.objects.count() == 2
    assert "north: joined" in manage("list")


def test_neither_the_code_nor_the_password_is_kept(rabbitmq: str) -> None:
    told = enrol("north")
    kept = str(Enrolment.objects.values().get())
    assert told["code"] not in kept
    assert str(urlsplit(told["broker"]).password) not in kept


def test_a_cohort_is_offered_by_its_hospital_and_taken_in_by_an_organiser() -> None:
    hospital = factories.HospitalFactory.create(slug="north", name="North")
    key = wire.PrivateKey.new()
    Enrolment.objects.create(hospital=hospital, public_key=key.public.text, joined_at=hospital.active_since)
    offer = wire.CohortOffer(name="panel", version="1", fingerprint="sha256:ab", cases=records(12), counts={})
    for serial in (1, 2):
        report_take(slug="north", data=wire.seal(offer, hospital="north", serial=serial, key=key))
    assert CohortOffer.objects.count() == 1
    with pytest.raises(CommandError, match="0 cohorts"):
        manage("accept", "north", "sha256:cd")
    manage("accept", "north", "sha256:ab")
    cohort = Cohort.objects.get()
    assert (cohort.folder, cohort.cases.count(), cohort.purpose) == ("", 12, "held-out")
    assert offer_accept(offer=CohortOffer.objects.get(), by=None) == cohort
    cohort.delete()
    with pytest.raises(Refusal, match="lie on the platform"):
        offer_accept(offer=CohortOffer.objects.get(), by=None, purpose="sample")


def test_without_rabbitmq_nobody_is_enrolled(settings: Settings) -> None:
    settings.BROKER_ADMIN_URL = ""
    with pytest.raises(CommandError, match="need RabbitMQ"):
        manage("enrol", "north", "--name", "North")
    assert not Enrolment.objects.exists()


def test_a_management_api_that_does_not_answer_is_said_in_a_sentence(settings: Settings, rabbitmq: str) -> None:
    settings.BROKER_ADMIN_URL = "http://a:b@127.0.0.1:9"
    with pytest.raises(Refusal, match="does not answer"):
        hospital_enrol(hospital=factories.HospitalFactory.create(), by=None)
    settings.BROKER_ADMIN_URL = os.environ["BROKER_ADMIN_URL"].replace("leaderboard:", "nobody:")
    with pytest.raises(Refusal, match="401"):
        hospital_enrol(hospital=factories.HospitalFactory.create(), by=None)
    settings.BROKER_ADMIN_URL = os.environ["BROKER_ADMIN_URL"]


def test_an_end_is_recorded_even_where_the_broker_does_not_answer(settings: Settings, rabbitmq: str) -> None:
    hospital = factories.HospitalFactory.create(slug="north", name="North")
    hospital_enrol(hospital=hospital, by=None)
    settings.BROKER_ADMIN_URL = "http://a:b@127.0.0.1:9"
    with pytest.raises(Refusal):
        hospital_revoke(hospital=hospital, by=None)
    assert Enrolment.objects.get().revoked_at is not None
    settings.BROKER_ADMIN_URL = os.environ["BROKER_ADMIN_URL"]
