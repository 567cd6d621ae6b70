"""Orders in, reports out, on a fake engine: what is run, refused or stopped, and what may be said of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from evaluator.container.fake_engine import FakeBox
from evaluator.container.limits import GIB
from evaluator.errors import FailureClass, HospitalFault
from evaluator.wire import (
    CancelOrder,
    CohortOffer,
    Done,
    Ended,
    Failed,
    Joined,
    NullsDone,
    NullsOrder,
    Presence,
    PrivateKey,
    Progress,
    Stage,
)
from evaluator.worker.desk import Desk
from evaluator.worker.gpus import Card
from evaluator.worker.journal import Journal, State
from evaluator.worker.runner import LOOK_SECONDS
from tests.evaluator.worker.lakeside import IMAGE, OTHER_IMAGE, Lakeside, detect, hang, sealed


def gone(lakeside: Lakeside) -> bool:
    return not lakeside.engine.containers and not lakeside.engine.outputs


def states(lakeside: Lakeside) -> list[State]:
    return [entry.state for entry in Journal(lakeside.database).entries()]


def wait_until(true: Callable[[], bool], *, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come true"
        time.sleep(0.02)


def card(id_: str = "0", memory: int = 16 * GIB) -> Card:
    """What NVML tells of a card, with the numbers it would give."""
    library = SimpleNamespace(
        NVMLError=RuntimeError,
        nvmlDeviceGetMemoryInfo=lambda _: SimpleNamespace(used=3 * GIB, total=memory),
        nvmlDeviceGetUtilizationRates=lambda _: SimpleNamespace(gpu=40),
    )
    return Card(id=id_, name="NVIDIA Test", memory_bytes=memory, nvml=library, handle=None)


def test_a_hospital_joins_offers_its_cohort_and_runs_what_it_is_ordered(tmp_path: Path) -> None:
    with Lakeside(tmp_path) as lakeside:
        lakeside.hospital.join("a code")
        lakeside.hospital.join("a code")
        offer = lakeside.platform.hears(CohortOffer)
        lakeside.send(lakeside.order(), lakeside.order())
        done = lakeside.platform.hears(Done)
        lakeside.platform.hears(Presence, that=lambda said: said.fit and not said.holds)

    (joined,) = lakeside.platform.all(Joined)
    assert (joined.code, joined.public_key) == ("a code", lakeside.platform.key.public.text)
    assert (offer.fingerprint, [case.case for case in offer.cases]) == (
        lakeside.cohort.fingerprint,
        ["case00", "case01", "case02", "case03"],
    )
    assert offer.counts["positive"] == 2
    (cohort,) = done.results.cohorts
    assert [case.likelihood for case in cohort.cases] == [1, 0, 1, 0]
    assert done.results.submission == lakeside.order().submission
    assert len(lakeside.platform.all(Done)) == 1
    assert lakeside.platform.serials == sorted(set(lakeside.platform.serials))
    assert states(lakeside) == [State.ENDED]
    assert gone(lakeside)


def test_progress_tells_the_stage_the_cases_and_the_speed(tmp_path: Path) -> None:
    with Lakeside(tmp_path, programs={IMAGE: lambda box: detect(box, lambda: box.sleep(0.7))}) as lakeside:
        lakeside.send(lakeside.order())
        lakeside.platform.hears(Done)

    said = lakeside.platform.all(Progress)
    stages = [one.stage for one in said]
    assert stages == sorted(stages, key=list(Stage).index)
    assert stages[-1] is Stage.SCORING
    counted = [one for one in said if one.stage is Stage.RUNNING and 0 < one.cases_done < 4]
    assert counted
    assert {one.cases_total for one in counted} == {4}
    speeds = [one.seconds_per_case for one in said if one.seconds_per_case is not None]
    assert speeds
    assert all(0.1 < speed < 5 for speed in speeds)


def test_a_cancelled_run_is_stopped_within_seconds_and_said_to_have_ended(tmp_path: Path) -> None:
    with Lakeside(tmp_path, programs={IMAGE: hang}) as lakeside:
        order = lakeside.order()
        lakeside.send(order)
        wait_until(lambda: bool(lakeside.engine.containers))
        began = time.monotonic()
        lakeside.send(CancelOrder(run=1, lease=order.lease, reason="withdrawn"))
        lakeside.platform.hears(Ended)
        took = time.monotonic() - began

    assert took < 5
    assert gone(lakeside)
    assert not lakeside.platform.all(Failed)


def test_a_cancellation_before_its_order_is_answered_and_the_order_never_runs(tmp_path: Path) -> None:
    with Lakeside(tmp_path) as lakeside:
        lakeside.send(CancelOrder(run=1, lease="lease-1", reason=""), lakeside.order(1), lakeside.order(2))
        lakeside.platform.hears(Done)

    assert lakeside.platform.all(Ended) == [Ended(run=1, lease="lease-1")]
    assert [done.run for done in lakeside.platform.all(Done)] == [2]


def test_a_worker_that_is_stopped_leaves_its_run_to_the_next_start(tmp_path: Path) -> None:
    lakeside = Lakeside(tmp_path, programs={IMAGE: hang})
    with lakeside:
        lakeside.send(lakeside.order())
        wait_until(lambda: bool(lakeside.engine.containers))
        began = time.monotonic()
    assert time.monotonic() - began < 10
    assert gone(lakeside)
    assert states(lakeside) == [State.RECEIVED]
    assert lakeside.platform.all(Progress)[-1].stage is Stage.WAITING

    lakeside.engine.programs[IMAGE] = detect
    lakeside.hospital = lakeside.made()
    with lakeside:
        assert lakeside.platform.hears(Done).run == 1


def test_what_nobody_we_know_signed_is_refused_with_an_alert(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lakeside = Lakeside(tmp_path)
    order = lakeside.order()

    for message in (sealed(order, key=PrivateKey.new()), "no order", sealed(order)[:-9], {"a": 1}, "\udcff", None):
        lakeside.hospital.intake.take(message)

    assert Journal(lakeside.database).refused_messages() == 6
    assert states(lakeside) == []
    assert [record.getMessage()[:5] for record in caplog.records if record.levelname == "ERROR"] == ["ALERT"] * 6


def test_a_cohort_that_changed_is_named_as_such_and_nothing_runs(tmp_path: Path) -> None:
    lakeside = Lakeside(tmp_path)
    scan = tmp_path / "cohort" / "images" / "case01" / "ct.nii.gz"
    scan.write_bytes((tmp_path / "cohort" / "images" / "case00" / "ct.nii.gz").read_bytes())
    with lakeside:
        lakeside.send(lakeside.order(1), lakeside.order(2, fingerprint="sha256:another"))
        changed = lakeside.platform.hears(Failed, that=lambda said: said.run == 1)
        missing = lakeside.platform.hears(Failed, that=lambda said: said.run == 2)

    assert {changed.failure, missing.failure} == {FailureClass.COHORT_CHANGED}
    assert str(tmp_path) not in changed.reason + missing.reason
    assert not lakeside.engine.started
    assert not lakeside.platform.all(CohortOffer)


def test_what_a_submission_wrote_or_printed_does_not_leave(tmp_path: Path) -> None:
    def tell(box: FakeBox) -> int:
        box.print("the scan says 42")
        detect(box)
        files = list(box.output.glob("*/prediction.json"))
        for file in files if len(files) > 1 else ():  # not for the case that goes first, alone
            file.write_text('{"likelihood": "the scan says 42"}')
        return 0

    with Lakeside(tmp_path, programs={IMAGE: tell}) as lakeside:
        lakeside.send(lakeside.order())
        done = lakeside.platform.hears(Done)

    cases = done.results.cohorts[0].cases
    failed = [case for case in cases if case.failed]
    assert [case.failure for case in failed] == [FailureClass.OUTPUT_INVALID] * 3
    assert {case.reason for case in failed} == {"The output is not as the contract says."}
    logs = list((lakeside.state / "logs").iterdir())
    assert [b"42" in log.read_bytes() for log in logs] == [True] * 2
    assert {log.stat().st_mode & 0o777 for log in logs} == {0o600}


def test_a_submission_that_cannot_do_its_first_cases_is_charged_in_fixed_words(tmp_path: Path) -> None:
    with Lakeside(tmp_path, programs={IMAGE: lambda box: 127}) as lakeside:
        lakeside.send(lakeside.order())
        failed = lakeside.platform.hears(Failed)

    assert (failed.failure, failed.reason) == (FailureClass.START_FAILED, "The container did not start.")


def test_an_engine_that_loses_a_container_is_not_the_submissions_fault(tmp_path: Path) -> None:
    with Lakeside(tmp_path, programs={IMAGE: hang}) as lakeside:
        lakeside.send(lakeside.order())
        wait_until(lambda: bool(lakeside.engine.containers))
        lakeside.engine.restart()
        failed = lakeside.platform.hears(Failed)

    assert failed.failure is FailureClass.PLATFORM_ERROR


def test_null_submissions_are_scored_and_their_cancellation_is_heard(tmp_path: Path) -> None:
    with Lakeside(tmp_path) as lakeside:
        lakeside.send(NullsOrder(lease="nulls", fingerprint=lakeside.cohort.fingerprint, organ="pancreas"))
        done = lakeside.platform.hears(NullsDone)

    assert set(done.results) == {"all-negative", "all-positive", "random"}
    assert [case.likelihood for case in done.results["all-positive"].cohorts[0].cases] == [1, 1, 1, 1]


# The data steward ----------------------------------------------------------------------------------------------------
def test_a_paused_worker_takes_orders_and_begins_none(tmp_path: Path) -> None:
    lakeside = Lakeside(tmp_path)
    desk = Desk(lakeside.database)
    desk.pause(True)
    with lakeside:
        lakeside.send(lakeside.order())
        lakeside.platform.hears(Presence, that=lambda said: said.paused and said.holds == ("lease-1",))
        assert not lakeside.engine.started
        desk.pause(False)
        lakeside.platform.hears(Done)
        lakeside.platform.hears(Presence, that=lambda said: not said.paused)


def test_a_submission_waits_for_the_steward_who_approves_or_refuses_it(tmp_path: Path) -> None:
    lakeside = Lakeside(tmp_path, programs={IMAGE: detect, OTHER_IMAGE: detect})
    desk = Desk(lakeside.database)
    desk.require_approval(True)
    with lakeside:
        lakeside.send(lakeside.order(1), lakeside.order(2, image=OTHER_IMAGE))
        lakeside.platform.hears(Progress, that=lambda said: said.run == 1 and said.stage is Stage.APPROVAL)
        lakeside.platform.hears(Progress, that=lambda said: said.run == 2 and said.stage is Stage.APPROVAL)
        desk.approve("lease-1")
        desk.refuse("lease-2")
        done = lakeside.platform.hears(Done)
        failed = lakeside.platform.hears(Failed)
        lakeside.send(lakeside.order(3, image=OTHER_IMAGE))
        desk.approve("lease-3")
        again = lakeside.platform.hears(Failed, that=lambda said: said.run == 3)

    assert (done.run, failed.run) == (1, 2)
    assert {failed.failure, again.failure} == {FailureClass.HOSPITAL_REFUSED}
    assert "steward" in failed.reason
    assert states(lakeside) == [State.ENDED, State.REFUSED, State.REFUSED]


def test_a_run_that_the_steward_refuses_is_stopped(tmp_path: Path) -> None:
    with Lakeside(tmp_path, programs={IMAGE: hang}) as lakeside:
        lakeside.send(lakeside.order())
        wait_until(lambda: bool(lakeside.engine.containers))
        Desk(lakeside.database).refuse(IMAGE)
        failed = lakeside.platform.hears(Failed)

    assert failed.failure is FailureClass.HOSPITAL_REFUSED
    assert gone(lakeside)


# What the machine gives ----------------------------------------------------------------------------------------------
def test_each_run_gets_the_gpu_of_its_slot_and_tells_what_it_used(tmp_path: Path) -> None:
    programs = {IMAGE: lambda box: detect(box, lambda: box.sleep(0.3))}
    with Lakeside(tmp_path, programs=programs, cards=[card("2"), card("3")]) as lakeside:
        lakeside.send(*(lakeside.order(run, allowed={"gpus": 1}) for run in (1, 2)))
        first = lakeside.platform.hears(Done, that=lambda said: said.run == 1)
        second = lakeside.platform.hears(Done, that=lambda said: said.run == 2)
        said = lakeside.platform.hears(Presence)

    assert {spec.limits.devices for spec in lakeside.engine.started} == {("2",), ("3",)}
    assert {spec.limits.cpus for spec in lakeside.engine.started} == {1.0}
    for one in (first, second):
        assert one.gpu is not None
        assert (one.gpu.name, one.gpu.peak_memory_bytes) == ("NVIDIA Test", 3 * GIB)
        assert one.gpu.utilisation == pytest.approx(0.4)
    assert (said.slots, [gpu.memory_bytes for gpu in said.gpus]) == (2, [16 * GIB] * 2)


@pytest.mark.parametrize(
    ("allowed", "cards", "word"),
    [
        ({"gpus": 1}, [], "needs a GPU"),
        ({"gpus": 2}, [card()], "gives each run one"),
        ({"gpus": 1, "gpu_memory_bytes": 40 * GIB}, [card()], "40 GiB of GPU memory"),
        ({"memory_bytes": 999 * GIB}, [], "999 GiB of memory"),
    ],
)
def test_a_run_that_needs_more_than_there_is_is_refused_with_a_sentence(
    tmp_path: Path, allowed: dict[str, int], cards: list[Card], word: str
) -> None:
    with Lakeside(tmp_path, cards=cards) as lakeside:
        lakeside.send(lakeside.order(allowed=allowed))
        failed = lakeside.platform.hears(Failed)

    assert failed.failure is FailureClass.HOSPITAL_REFUSED
    assert word in failed.reason
    assert not lakeside.engine.started


def test_orders_wait_for_an_engine_that_the_doctor_passes(tmp_path: Path) -> None:
    mended = threading.Event()

    def check() -> None:
        if not mended.is_set():
            raise HospitalFault("It gets no held-out scans.", why="Of /var/lib/docker: its network is open.")

    lakeside = Lakeside(tmp_path)
    lakeside.hospital = lakeside.made(check_fit=check)
    with lakeside:
        lakeside.send(lakeside.order())
        said = lakeside.platform.hears(Presence, that=lambda said: bool(said.holds) and "network" in said.unfit_why)
        time.sleep(2 * LOOK_SECONDS)
        assert not lakeside.engine.started
        mended.set()
        lakeside.platform.hears(Done)

    assert not said.fit
    assert said.unfit_why == "It gets no held-out scans. Of … its network is open."
    assert not any(isinstance(message, Failed) for message in lakeside.platform.said)


def test_an_engine_that_is_away_costs_no_attempt_of_what_has_not_begun(tmp_path: Path) -> None:
    lakeside = Lakeside(tmp_path)

    def check() -> None:
        lakeside.engine.ask_facts()

    lakeside.hospital = lakeside.made(check_fit=check)
    with lakeside:
        lakeside.platform.hears(Presence, that=lambda said: said.fit)
        lakeside.engine.away = True
        for run in (1, 2, 3):
            lakeside.send(lakeside.order(run))
        lakeside.platform.hears(Presence, that=lambda said: len(said.holds) == 3 and not said.fit)
        time.sleep(2 * LOOK_SECONDS)
        lakeside.engine.away = False
        for run in (1, 2, 3):
            lakeside.platform.hears(Done, that=lambda said, run=run: said.run == run)  # type: ignore[misc]
    assert not lakeside.platform.all(Failed)


def test_what_is_ordered_again_after_it_ended_is_told_again_and_not_run_again(tmp_path: Path) -> None:
    """As by a platform that was restored from a backup, or whose database lost its last moments."""
    with Lakeside(tmp_path) as lakeside:
        orders = [lakeside.order(1), lakeside.order(12), lakeside.order(2, fingerprint="sha256:another")]
        lakeside.send(*orders)
        lakeside.platform.hears(Failed, that=lambda said: said.run == 2)
        wait_until(lambda: len(lakeside.platform.all(Done)) == 2)
        started = len(lakeside.engine.started)
        lakeside.send(*orders)
        wait_until(lambda: (len(lakeside.platform.all(Done)), len(lakeside.platform.all(Failed))) == (4, 2))
        time.sleep(2 * LOOK_SECONDS)
    said = list(zip(lakeside.platform.serials, lakeside.platform.said, strict=True))
    for order in orders:
        first, again = [one for one in said if isinstance(one[1], Done | Failed) and one[1].lease == order.lease]
        assert first == again
    assert len(lakeside.engine.started) == started


def test_a_full_disk_keeps_reports_back_and_loses_none(tmp_path: Path) -> None:
    """SQLite then fails at every write of the outbox, whichever thread it is that writes."""
    with Lakeside(tmp_path) as lakeside:
        desk = Desk(lakeside.database)
        desk.pause(True)
        lakeside.send(lakeside.order())
        lakeside.platform.hears(Presence, that=lambda said: said.paused and bool(said.holds))
        with lakeside.database.transaction() as connection:
            full = "CREATE TRIGGER full BEFORE UPDATE ON outbox BEGIN SELECT RAISE(FAIL, 'the disk is full'); END"
            connection.execute(full)
        desk.pause(False)
        time.sleep(3 * LOOK_SECONDS)
        assert not any(isinstance(message, Done) for message in lakeside.platform.said)
        with lakeside.database.transaction() as connection:
            connection.execute("DROP TRIGGER full")
        lakeside.platform.hears(Done)


def test_a_cancelled_run_has_ended_only_when_an_engine_that_was_away_has_removed_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Lakeside(tmp_path, programs={IMAGE: hang}) as lakeside:
        engine = lakeside.engine
        lakeside.send(lakeside.order())
        wait_until(lambda: bool(engine.containers))
        engine.away = True
        lakeside.send(CancelOrder(run=1, lease="lease-1", reason=""))
        time.sleep(2)
        assert not lakeside.platform.all(Ended)
        engine.away = False
        began = time.monotonic()
        lakeside.platform.hears(Ended)

    assert time.monotonic() - began < 15
    assert gone(lakeside)
