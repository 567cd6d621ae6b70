"""A hospital's worker as it is in real life: its own process, RabbitMQ, a registry, a container engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import kombu
import pytest
from amqp.exceptions import AccessRefused

from evaluator.container.limits import MIB
from evaluator.records import SubmissionRecord
from evaluator.wire import (
    Allowed,
    CancelOrder,
    CohortOffer,
    Done,
    Ended,
    Joined,
    Presence,
    PrivateKey,
    Progress,
    PublicKey,
    Report,
    RunOrder,
    Stage,
    open_report,
    seal,
)
from tests.containers.submissions import FOLDER, Images
from tests.hospitals.broker import BrokerPlace
from tests.tiny_cohorts import write_tiny_cohort

pytestmark = pytest.mark.containers

PLATFORM = PrivateKey.new()
SLUG = f"lakeside-{os.getpid()}"  # tests of this file run beside each other on one broker
PATIENCE = 90.0
Kind = TypeVar("Kind")


class Platform:
    """Reads the hospital's queue, as the platform does; its key comes with the first message."""

    def __init__(self, place: BrokerPlace) -> None:
        self._place = place
        self.key: PublicKey | None = None
        self.said: list[Report] = []
        self.serials: set[int] = set()

    def listen(self) -> None:
        for sent in self._place.reports():
            if self.key is None:
                joined = open_report(sent.body, hospital=SLUG, key=None).message
                assert isinstance(joined, Joined)
                self.key = PublicKey(joined.public_key)
            assert (sent.properties["content_type"], sent.properties["delivery_mode"]) == ("application/json", 2)
            report = open_report(sent.body, hospital=SLUG, key=self.key)
            self.said.append(report.message)
            self.serials.add(report.serial)

    def hears(self, kind: type[Kind], *, that: Callable[[Kind], bool] = lambda _: True) -> Kind:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.listen()
            for message in self.said:
                if isinstance(message, kind) and that(message):
                    return message
            time.sleep(0.1)
        raise AssertionError(f"No such {kind.__name__} came; there were {self.said}")


@pytest.fixture
def place() -> Iterator[BrokerPlace]:
    with BrokerPlace(slug=SLUG) as place:
        yield place


@contextmanager
def worker(*options: str | Path, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "evaluator", "worker", *map(str, options)],
            env={**os.environ, **environment},
            stdout=file,
            stderr=file,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def test_it_joins_runs_what_it_is_ordered_is_killed_and_goes_on(place: BrokerPlace, tmp_path: Path) -> None:
    cohort = write_tiny_cohort(tmp_path / "cohort", cases=4)
    state, log = tmp_path / "state", tmp_path / "log"
    platform = Platform(place)

    def send(order: RunOrder | CancelOrder) -> None:
        place.send_order(seal(order, hospital=SLUG, serial=1, key=PLATFORM))

    def order(run: int, image: str) -> RunOrder:
        return RunOrder(
            run=run,
            attempt=1,
            lease=f"lease-{run}",
            submission=SubmissionRecord(model="m", image=image),
            reference="",
            fingerprint=cohort.fingerprint,
            allowed=Allowed(memory_bytes=256 * MIB, case_seconds=60.0),
        )

    first_start = ("--hospital", SLUG, "--cohort", cohort.path, "--platform-key", PLATFORM.public.text, "--beat", "1")
    secrets = {"EVALUATOR_BROKER": place.url, "EVALUATOR_JOIN": "the code"}
    with Images() as images:
        answers = images.of(FOLDER + "\nfor case in cases: answer(case)\n")
        sleeps = images.of("import time\ntime.sleep(9999)\n")
        with worker(*first_start, "--state", state, log=log, **secrets):
            assert platform.hears(CohortOffer).fingerprint == cohort.fingerprint
            place.publish({"no": "task"}, serializer="json")
            place.publish(b"\x80", content_type="application/x-python-serialize", content_encoding="binary")
            send(order(1, answers))
            done = platform.hears(Done)
            assert platform.hears(Presence, that=lambda said: said.fit).cohorts == (cohort.fingerprint,)

            send(order(2, sleeps))
            platform.hears(Progress, that=lambda said: said.run == 2 and said.stage is Stage.RUNNING)
        # That was SIGKILL. It needs no option and no secret to start again, and takes up what it held.
        with worker("--state", state, log=log) as process:
            platform.hears(Presence, that=lambda said: said.holds == ("lease-2",))
            send(CancelOrder(run=2, lease="lease-2", reason="withdrawn"))
            platform.hears(Ended)
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0

    assert [case.likelihood for case in done.results.cohorts[0].cases] == [0.5] * 4
    assert sum(isinstance(message, Joined) for message in platform.said) == 1
    assert place.waiting() == 0
    said = log.read_text()
    assert "Traceback" not in said
    assert said.count("ALERT: a message is refused") == 2
    assert place.password not in said
    listed = subprocess.run(
        [sys.executable, "-m", "evaluator", "outbox", "--state", state, "--json"], capture_output=True, check=True
    )
    # By serial: what the kill kept from being marked as sent comes twice, and counts once.
    assert platform.serials <= {message["serial"] for message in json.loads(listed.stdout)["messages"]}


def test_it_may_read_its_own_queue_write_its_own_exchange_and_nothing_else(place: BrokerPlace) -> None:
    def refused(act: Callable[[kombu.Connection], object]) -> bool:
        with kombu.Connection(place.url) as connection:
            try:
                act(connection)
            except AccessRefused:
                return True
        return False

    def publish(exchange: str) -> Callable[[kombu.Connection], object]:
        def act(connection: kombu.Connection) -> object:
            producer = kombu.Producer(connection.channel(), auto_declare=False)
            producer.publish({}, exchange=exchange, routing_key=f"results.{SLUG}")
            return connection.default_channel.basic_qos(0, 1, False)  # type: ignore[attr-defined]

        return act

    def read(queue: str) -> Callable[[kombu.Connection], object]:
        return lambda connection: connection.default_channel.basic_get(queue)  # type: ignore[attr-defined]

    with BrokerPlace(slug="hillside") as other:
        assert other.waiting() == 0
        assert refused(read("work.hillside"))
        assert refused(read("results.hillside"))
        assert refused(publish("results.hillside"))
    assert refused(read(f"results.{SLUG}"))
    assert refused(publish(f"work.{SLUG}"))
    assert refused(publish(""))
    assert refused(lambda connection: connection.default_channel.queue_declare("mine"))  # type: ignore[attr-defined]
    assert not refused(read(f"work.{SLUG}"))
    assert not refused(publish(f"results.{SLUG}"))
