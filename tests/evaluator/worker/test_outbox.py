"""What leaves: signed and kept first, in order, once, and never lost; what was overtaken does not leave at all."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from evaluator.errors import HospitalFault, MessageRefused
from evaluator.wire import Ended, Presence, PrivateKey, Progress, Report, Stage, open_report
from evaluator.worker.database import Database
from evaluator.worker.outbox import KEPT, Letter, Outbox, letter, letters
from evaluator.worker.sender import FolderCarrier, Sender

KEY = PrivateKey.new()
PRESENCE = Presence(version="1", engine="e", fit=True)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database, hospital="lakeside", key=KEY)


def progress(run: int, done: int) -> Progress:
    return Progress(run=run, lease=f"lease-{run}", stage=Stage.RUNNING, cases_done=done, cases_total=9)


def opened(one: Letter) -> Report:
    return open_report(one.body, hospital="lakeside", key=KEY.public).message


class Line:
    """A line to the platform that is down at first; the last word before it went down may have arrived."""

    def __init__(self, *, down_for: int = 0) -> None:
        self.left = down_for
        self.carried: list[int] = []
        self.done = threading.Event()

    def carry(self, body: bytes) -> None:
        if self.left:
            self.left -= 1
            raise HospitalFault("The broker did not take a message.")
        report = open_report(body, hospital="lakeside", key=KEY.public)
        self.carried.append(report.serial)
        if isinstance(report.message, Ended) and report.message.run == 3:
            self.done.set()

    def close(self) -> None:
        pass


def test_every_message_is_sealed_with_the_serial_that_it_is_kept_under(database: Database, outbox: Outbox) -> None:
    serials = [outbox.put(Ended(run=1, lease="a")), outbox.put(PRESENCE)]

    assert [one.serial for one in letters(database)] == serials == [1, 2]
    assert [opened(one) for one in letters(database)] == [Ended(run=1, lease="a"), PRESENCE]
    assert [msgspec.json.decode(one.body)["serial"] for one in letters(database)] == serials


def test_only_the_newest_presence_and_progress_of_a_run_wait_to_leave(database: Database, outbox: Outbox) -> None:
    for done in range(3):
        outbox.put(progress(1, done))
        outbox.put(progress(2, done))
        outbox.put(PRESENCE)
    outbox.put(Ended(run=1, lease="lease-1"))

    assert [opened(one) for one in letters(database)] == [
        progress(1, 2),
        progress(2, 2),
        PRESENCE,
        Ended(run=1, lease="lease-1"),
    ]


def test_a_message_that_may_have_left_already_stays_in_the_steward_s_sight(database: Database, outbox: Outbox) -> None:
    outbox.put(progress(1, 1))
    with pytest.raises(HospitalFault), outbox.next():
        raise HospitalFault("The confirmation did not come.")

    outbox.put(progress(1, 2))

    assert [opened(one) for one in letters(database)] == [progress(1, 1), progress(1, 2)]


def test_after_the_broker_was_away_everything_leaves_once_and_in_order(database: Database, outbox: Outbox) -> None:
    for run in (1, 2, 3):
        outbox.put(Ended(run=run, lease=f"lease-{run}"))
    line = Line(down_for=2)
    sender = Sender(outbox, line)
    sender.start()

    assert line.done.wait(10)
    sender.stop(seconds=5)

    assert not sender.is_alive()
    assert line.carried == [1, 2, 3]
    assert all(one.sent_at for one in letters(database))


def test_a_worker_that_starts_again_sends_what_the_last_one_did_not(tmp_path: Path, outbox: Outbox) -> None:
    outbox.put(Ended(run=3, lease="lease-3"))
    line = Line()
    sender = Sender(Outbox(Database(tmp_path), hospital="lakeside", key=KEY), line)
    sender.start()

    assert line.done.wait(10)
    sender.stop(seconds=5)
    assert line.carried == [1]


def test_old_news_is_forgotten_and_what_waits_or_is_young_is_not(database: Database, outbox: Outbox) -> None:
    for run in (1, 2, 3):
        outbox.put(Ended(run=run, lease="x"))
    old = (datetime.now(UTC) - KEPT - timedelta(days=1)).isoformat(timespec="seconds")
    young = datetime.now(UTC).isoformat(timespec="seconds")
    with database.transaction() as connection:
        for sent, serial in ((old, 1), (young, 2)):
            connection.execute("UPDATE outbox SET sent_at = ? WHERE serial = ?", (sent, serial))
        connection.execute("INSERT INTO outbox (at, kind, body, sent_at) VALUES (?, 'done', '{}', ?)", (old, old))

    assert outbox.prune() == 1
    assert [one.serial for one in letters(database)] == [2, 3, 4]


def test_a_message_that_does_not_fit_the_wire_is_not_kept(database: Database, outbox: Outbox) -> None:
    with pytest.raises(MessageRefused):
        outbox.put(Ended(run="one", lease="x"))  # type: ignore[arg-type]

    assert letters(database) == ()


def test_a_serial_is_never_given_out_twice_even_after_the_newest_message_was_replaced(outbox: Outbox) -> None:
    outbox.put(PRESENCE)

    assert outbox.put(PRESENCE) == 2


def test_in_a_dry_run_what_would_leave_lies_readable_in_a_folder(
    tmp_path: Path, database: Database, outbox: Outbox
) -> None:
    outbox.put(progress(1, 4))
    found = letter(database, 1)
    assert found is not None
    FolderCarrier(tmp_path / "leaving").carry(found.body)

    written = msgspec.json.decode((tmp_path / "leaving" / "000001-progress.json").read_bytes())
    assert (written["body"]["cases_done"], written["hospital"]) == (4, "lakeside")
