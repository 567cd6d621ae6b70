"""The broker of files under what killed a worker of kombu's own: readers that look while others write."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from kombu import Connection

from leaderboard.celery import app

MESSAGES = 200

pytestmark = pytest.mark.core


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    assert app.main == "leaderboard"  # the application brings the transport's name with it
    folders = {name: str(tmp_path / name) for name in ("messages", "processed", "control")}
    for folder in folders.values():
        Path(folder).mkdir()
    options = {
        "data_folder_in": folders["messages"],
        "data_folder_out": folders["messages"],
        "processed_folder": folders["processed"],
        "control_folder": folders["control"],
        "store_processed": True,
    }
    return Connection("files://", transport_options=options)


def test_a_reader_never_sees_half_a_message(connection: Connection) -> None:
    payload = {"text": "x" * 20_000}

    def send() -> None:
        with connection.clone() as mine, mine.SimpleQueue("hospital.a") as queue:
            for _ in range(MESSAGES // 2):
                queue.put(payload)

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    with connection as mine, mine.SimpleQueue("hospital.a") as queue:
        for _ in range(MESSAGES):
            message = queue.get(timeout=20)
            assert message.payload == payload
            message.ack()
    for sender in senders:
        sender.join()


def test_messages_come_in_the_order_they_were_sent(connection: Connection) -> None:
    with connection as mine, mine.SimpleQueue("platform") as queue:
        for number in range(20):
            queue.put(number)
        assert [queue.get(timeout=5).payload for _ in range(20)] == list(range(20))


def test_queues_bound_at_once_are_all_bound(connection: Connection) -> None:
    def bind(number: int) -> None:
        with connection.clone() as mine, mine.SimpleQueue(f"hospital.{number}") as queue:
            queue.put(number)

    threads = [threading.Thread(target=bind, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connection as mine:
        for number in range(8):
            with mine.SimpleQueue(f"hospital.{number}") as queue:
                assert queue.get(timeout=5).payload == number
