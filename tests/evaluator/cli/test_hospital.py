"""``worker``, ``outbox`` and ``desk``: what a hospital's people type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluator.records import SubmissionRecord
from evaluator.wire import Allowed, Ended, PrivateKey, RunOrder, open_report
from evaluator.worker.database import Database
from evaluator.worker.desk import Desk, Wishes
from evaluator.worker.journal import Journal
from evaluator.worker.outbox import Outbox
from tests.evaluator.cli.shell import call
from tests.tiny_cohorts import write_tiny_cohort

IMAGE = "sha256:" + "a" * 64
KEY = PrivateKey.new()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Of a worker that has an order and has sent a message."""
    database = Database(tmp_path / "state")
    Outbox(database, hospital="lakeside", key=KEY).put(Ended(run=7, lease="lease-7"))
    Journal(database).receive(
        RunOrder(
            run=8,
            attempt=1,
            lease="lease-8",
            submission=SubmissionRecord(model="finder", image=IMAGE),
            reference="",
            fingerprint="f",
            allowed=Allowed(memory_bytes=1, case_seconds=1.0),
        )
    )
    return tmp_path / "state"


def test_the_outbox_lists_what_waits_and_what_left(state: Path) -> None:
    listed = call("outbox", "--state", state, "--json")

    (message,) = json.loads(listed.out)["messages"]
    assert (message["serial"], message["kind"], message["run"], message["sent_at"]) == (1, "ended", 7, None)
    table = call("outbox", "--state", state)
    assert (table.code, "ended" in table.out, "waits" in table.out) == (0, True, True)


def test_a_message_is_shown_to_the_very_text(state: Path) -> None:
    exact = call("outbox", "1", "--state", state, "--json").out
    readable = json.loads(call("outbox", "1", "--state", state).out)

    opened = open_report(exact.encode(), hospital="lakeside", key=KEY.public)
    assert opened.message == Ended(run=7, lease="lease-7")
    assert readable["body"] == {"kind": "ended", "lease": "lease-7", "run": 7}


def test_a_message_or_folder_that_is_not_there_is_said_to_be_missing(state: Path, tmp_path: Path) -> None:
    missing = call("outbox", "99", "--state", state)
    elsewhere = call("desk", "status", "--state", tmp_path / "elsewhere")

    assert (missing.code, elsewhere.code) == (2, 2)
    assert "no message 99" in missing.err
    assert not (tmp_path / "elsewhere").exists()


def test_the_steward_pauses_resumes_and_requires_approval(state: Path) -> None:
    desk = Desk(Database(state))

    assert call("desk", "pause", "--state", state).code == 0
    assert call("desk", "require-approval", "on", "--state", state).code == 0
    assert desk.wishes() == Wishes(paused=True, approves=True)

    assert call("desk", "resume", "--state", state).code == 0
    assert call("desk", "require-approval", "off", "--state", state).code == 0
    assert desk.wishes() == Wishes(paused=False, approves=False)


def test_the_steward_refuses_allows_and_approves(state: Path) -> None:
    assert call("desk", "approve", "lease-8", "--state", state).code == 0
    refused = call("desk", "refuse", "lease-8", "--state", state)
    shown = json.loads(call("desk", "status", "--state", state, "--json").out)
    allowed = call("desk", "allow", IMAGE, "--state", state)
    again = call("desk", "allow", IMAGE, "--state", state)
    unknown = call("desk", "approve", "lease-99", "--state", state)

    assert IMAGE in refused.out
    assert shown["refused_images"] == [IMAGE]
    assert [order["lease"] for order in shown["orders"]] == ["lease-8"]
    assert (allowed.code, again.code, unknown.code) == (0, 2, 2)
    assert "lease-99" in unknown.err
    assert call("desk", "status", "--state", state).code == 0


def test_a_first_start_says_which_options_it_needs(tmp_path: Path) -> None:
    called = call("worker", "--hospital", "lakeside", "--state", tmp_path / "new")

    assert called.code == 2
    assert "--broker or EVALUATOR_BROKER, --platform-key, --cohort" in called.err
    assert not (tmp_path / "new").exists()


def test_a_worker_is_not_started_on_what_it_could_not_use(tmp_path: Path) -> None:
    write_tiny_cohort(tmp_path / "frozen", cases=1)
    (tmp_path / "unfrozen").mkdir()

    def start(
        broker: str = "amqp://a:b@127.0.0.1:1//", cohort: str = "frozen", key: str = KEY.public.text
    ) -> tuple[int, str]:
        called = call(
            *("worker", "--hospital", "lakeside", "--state", tmp_path / "state", "--broker", broker),
            *("--cohort", tmp_path / cohort, "--platform-key", key),
        )
        return called.code, called.err

    assert start(broker="amqp://a:b@broker.example//")[0] == 2
    code, why = start(cohort="unfrozen")
    assert (code, "cohort check" in why) == (2, True)
    assert start(key="short")[0] == 3
    assert not (tmp_path / "state" / "hospital.json").exists()
