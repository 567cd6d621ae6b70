"""Orders come in any order and any number of times; each is carried out once, and cancelled ones never."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.records import SubmissionRecord
from evaluator.wire import Allowed, CancelOrder, NullsOrder, RunOrder
from evaluator.worker.database import FILE, Database
from evaluator.worker.desk import Desk
from evaluator.worker.journal import Journal, State, Stop

IMAGE = "sha256:" + "a" * 64


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database)


def order(run: int, image: str = IMAGE) -> RunOrder:
    return RunOrder(
        run=run,
        attempt=1,
        lease=f"lease-{run}",
        submission=SubmissionRecord(model="m", image=image),
        reference="",
        fingerprint="f",
        allowed=Allowed(memory_bytes=1, case_seconds=1.0),
    )


def cancel(run: int) -> CancelOrder:
    return CancelOrder(run=run, lease=f"lease-{run}", reason="withdrawn")


def state(journal: Journal, run: int) -> State:
    entry = journal.find(f"lease-{run}")
    assert entry is not None
    return entry.state


def test_orders_are_taken_once_each_in_the_order_of_arrival(journal: Journal) -> None:
    assert journal.receive(order(2))
    assert journal.receive(order(1))
    assert not journal.receive(order(2))

    taken = [entry.run for entry in (journal.take(), journal.take()) if entry]

    assert taken == [2, 1]
    assert journal.take() is None


def test_an_order_is_read_back_as_it_came(journal: Journal) -> None:
    nulls = NullsOrder(lease="nulls", fingerprint="f", organ="pancreas")
    journal.receive(order(1))
    journal.receive(nulls)

    assert [entry.order for entry in journal.entries()] == [order(1), nulls]


def test_a_cancellation_that_comes_before_its_order_wins(journal: Journal) -> None:
    assert journal.cancel(cancel(1))

    assert not journal.receive(order(1))
    assert journal.take() is None


def test_a_cancelled_order_that_waits_is_over_and_one_that_runs_is_being_stopped(journal: Journal) -> None:
    journal.receive(order(1))
    journal.receive(order(2))
    journal.take()

    assert not journal.cancel(cancel(1))
    assert journal.cancel(cancel(2))

    assert (state(journal, 1), journal.stop("lease-1")) == (State.RUNNING, Stop.CANCELLED)
    assert state(journal, 2) is State.ENDED


def test_what_ran_when_the_worker_ended_runs_again_before_what_came_later(database: Database) -> None:
    journal = Journal(database)
    journal.receive(order(1))
    journal.receive(order(2))
    journal.take()

    journal.recover()

    first = journal.take()
    assert first is not None
    assert first.run == 1


def test_what_was_told_to_stop_is_not_taken_again_after_a_crash(journal: Journal) -> None:
    journal.receive(order(1))
    journal.take()
    journal.cancel(cancel(1))

    journal.recover()

    assert journal.take() is None
    assert [entry.stop for entry in journal.stopped()] == ["cancelled"]


def test_what_has_ended_cannot_be_put_back(journal: Journal) -> None:
    journal.receive(order(1))
    journal.take()
    journal.end("lease-1", State.ENDED)

    journal.put_back("lease-1")

    assert state(journal, 1) is State.ENDED
    assert journal.held() == ()


def test_submissions_wait_for_approval_while_it_is_required(database: Database, journal: Journal) -> None:
    journal.receive(order(1))
    journal.receive(order(2))
    journal.receive(NullsOrder(lease="nulls", fingerprint="f", organ="pancreas"))

    assert [entry.run for entry in journal.sort(approves=True)] == [1, 2]
    taken = journal.take()
    assert taken is not None
    assert taken.kind == "nulls"

    Desk(database).approve("lease-2")
    assert [entry.run for entry in journal.sort(approves=True)] == [2]
    assert [entry.run for entry in journal.sort(approves=False)] == [1]


def test_a_run_that_was_let_through_is_not_asked_about_again_when_it_resumes(journal: Journal) -> None:
    journal.receive(order(1))
    journal.take()
    journal.recover()

    assert journal.sort(approves=True) == ()
    assert journal.take() is not None


def test_refusing_a_run_refuses_its_image_now_and_later(database: Database, journal: Journal) -> None:
    desk = Desk(database)
    journal.receive(order(1))
    journal.receive(order(2))

    assert desk.refuse("lease-1") == IMAGE

    assert journal.take() is None
    assert journal.refuses(IMAGE)
    assert {entry.stop for entry in journal.stopped()} == {Stop.REFUSED}
    desk.allow(IMAGE)
    assert not journal.refuses(IMAGE)


def test_nested_transactions_are_one_and_leave_nothing_if_it_fails(database: Database, journal: Journal) -> None:
    def stumble() -> None:
        with database.transaction():
            journal.receive(order(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stumble()

    assert journal.entries() == ()


def test_the_notes_are_their_owners_only(tmp_path: Path, journal: Journal) -> None:
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_an_image_is_needed_until_its_order_has_ended(journal: Journal) -> None:
    assert not journal.needs(IMAGE)
    journal.receive(order(1))
    assert journal.needs(IMAGE)
    journal.take()
    assert journal.needs(IMAGE)
    journal.end("lease-1", State.ENDED)
    assert not journal.needs(IMAGE)
