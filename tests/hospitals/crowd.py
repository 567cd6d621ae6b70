"""Many hospitals on one machine: all that a hospital's worker does, over a fake engine in place of containers.

``python -m tests.hospitals.crowd FILE`` reads who they are and runs them until a SIGTERM. A process for each, with two
more that read its outputs, would be too much for one machine: they are threads of a few processes. Only what takes
orders is not Celery's, which is one worker a process: it is a consumer of the same queue, as the same user. What a
fake container runs waits a little for every scan, and computes next to nothing. In truth hospitals have machines of
their own: here what the platform does comes first.
"""

from __future__ import annotations

import faulthandler
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from kombu import Connection, Consumer, Message
from kombu.mixins import ConsumerMixin

from evaluator.container.fake_engine import FakeBox, FakeEngine, Program
from evaluator.records import Volume
from evaluator.volumes import read_volume, write_nifti
from evaluator.wire import kept_key
from evaluator.worker.app import HEARTBEAT_SECONDS, Intake
from evaluator.worker.broker import BrokerCarrier, work_queue
from evaluator.worker.hospital import Hospital
from evaluator.worker.service import set_up_logging
from evaluator.worker.settings import KEY_FILE, Settings

PROCESSES, NICE = 4, 10
IMAGES = tuple(f"sha256:{number:064x}" for number in range(1, 200))
CASE_SECONDS, DARK = 0.2, 50
STAMPS = "stamps.jsonl"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One hospital, as it was told to start."""

    settings: Settings
    code: str
    state: str


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """When a message about a run was given to the broker."""

    kind: str
    run: int
    at: float


def read_stamps(state: Path) -> list[Stamp]:
    path = state / STAMPS
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [msgspec.json.decode(line, type=Stamp) for line in lines]


class StampingCarrier(BrokerCarrier):
    """Writes down when what left: to the hospital's own outbox a second is near enough."""

    def __init__(self, settings: Settings, stamps: Path) -> None:
        super().__init__(settings.broker, slug=settings.hospital, security=None)
        self._stamps = stamps

    def carry(self, body: bytes) -> None:
        at = time.time()
        super().carry(body)
        said: dict[str, Any] = msgspec.json.decode(msgspec.json.decode(body)["body"])
        if run := said.get("run"):
            with self._stamps.open("ab") as file:
                file.write(msgspec.json.encode(Stamp(kind=said["kind"], run=run, at=at)) + b"\n")


class Orders(ConsumerMixin):
    """Takes orders as `evaluator.worker.app` does: one at a time, acknowledged once it is journaled."""

    def __init__(self, settings: Settings, intake: Intake) -> None:
        self.connection = Connection(settings.broker, heartbeat=HEARTBEAT_SECONDS)
        self._queue, self._intake = work_queue(settings.hospital), intake

    def get_consumers(self, consumer_class: Any, channel: Any) -> list[Consumer]:
        return [consumer_class([self._queue], on_message=self.take, prefetch_count=1, accept=["json"])]

    def take(self, message: Message) -> None:
        arguments, _, _ = message.decode()
        self._intake(*arguments)
        message.ack()


def detector(number: int) -> Program:
    """Dark voxels are a finding; each number is wrong of other scans."""

    def run(box: FakeBox) -> int:
        for case in json.loads((box.input / "cases.json").read_text())["cases"]:
            box.sleep(CASE_SECONDS)
            scan = read_volume(box.input / case["ct"])
            wrong = zlib.crc32(scan.data.tobytes(), number) % 5 == 0
            found = ((np.abs(scan.data) < DARK) & (not wrong)).astype(np.uint8)
            out = box.output / case["id"]
            out.mkdir()
            write_nifti(out / "lesions.nii.gz", Volume(found, scan.grid))
            (out / "prediction.json").write_text(json.dumps({"likelihood": 0.9 if found.any() else 0.1}))
        return 0

    return run


def start(member: Member) -> tuple[Hospital, Orders]:
    settings, state = member.settings, Path(member.state)
    state.mkdir(parents=True, exist_ok=True)
    hospital = Hospital(
        settings,
        state=state,
        key=kept_key(state / KEY_FILE),
        engine=FakeEngine({image: detector(number) for number, image in enumerate(IMAGES)}),
        check_fit=lambda: None,
        cards=(),
        carrier=StampingCarrier(settings, state / STAMPS),
    )
    hospital.join(member.code)
    hospital.start()
    orders = Orders(settings, hospital.intake.take)
    threading.Thread(target=orders.run, name=f"orders of {settings.hospital}", daemon=True).start()
    return hospital, orders


def serve(members: Sequence[Member]) -> None:
    """Until a SIGTERM; then all stop at once, and each sends what it has to say."""
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    started = [start(member) for member in members]
    over.wait()
    for hospital, orders in started:
        orders.should_stop = True
        hospital.stopping.set()
    stopped = [hospital.stop() for hospital, _ in started]
    sys.exit(not all(stopped))


def main() -> None:
    os.nice(NICE)
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # what each thread does, should they ever stand still
    set_up_logging()
    told = Path(sys.argv[1])
    members = msgspec.json.decode(told.read_bytes(), type=list[Member])
    tempfile.tempdir = str(told.parent)  # what fake engines keep goes with the rest
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=serve, args=(members[number::PROCESSES],)) for number in range(PROCESSES)]
    for process in processes:
        process.start()

    def stop(*_: object) -> None:
        for process in processes:
            process.terminate()

    signal.signal(signal.SIGTERM, stop)
    wait([process.sentinel for process in processes])  # one that ends alone takes the others with it: it is missed
    stop()
    for process in processes:
        process.join()
    sys.exit(any(process.exitcode for process in processes))


if __name__ == "__main__":
    main()
