"""A hospital by the lake: four tiny cases, a fake engine, and a platform that reads what is carried to it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from evaluator.cohort import Cohort
from evaluator.container.fake_engine import FakeBox, FakeEngine, Program
from evaluator.container.limits import MIB
from evaluator.records import SubmissionRecord, Volume
from evaluator.volumes import read_volume, write_nifti
from evaluator.wire import Allowed, CancelOrder, NullsOrder, PrivateKey, Report, RunOrder, open_report, seal
from evaluator.worker.database import Database
from evaluator.worker.gpus import Card
from evaluator.worker.hospital import Hospital
from evaluator.worker.settings import Settings
from tests.tiny_cohorts import write_tiny_cohort

IMAGE = "sha256:" + "1" * 64
OTHER_IMAGE = "sha256:" + "2" * 64
SLUG = "lakeside"
PLATFORM = PrivateKey.new()
PATIENCE = 20.0

Kind = TypeVar("Kind")


def detect(box: FakeBox, before: Callable[[], None] = lambda: None) -> int:
    """Finds every dark cube."""
    for case in json.loads((box.input / "cases.json").read_text())["cases"]:
        before()
        scan = read_volume(box.input / case["ct"])
        out = box.output / case["id"]
        out.mkdir()
        found = ((scan.data > -10) & (scan.data < 10)).astype(np.uint8)
        write_nifti(out / "lesions.nii.gz", Volume(found, scan.grid))
        (out / "prediction.json").write_text(json.dumps({"likelihood": float(found.any())}))
    return 0


def hang(box: FakeBox) -> int:
    box.sleep(9999)
    return 0


def sealed(order: RunOrder | CancelOrder | NullsOrder, *, key: PrivateKey = PLATFORM) -> str:
    return seal(order, hospital=SLUG, serial=1, key=key).decode()


@dataclass
class Platform:
    """The other end: opens what arrives with the hospital's key."""

    key: PrivateKey = field(default_factory=PrivateKey.new)
    said: list[Report] = field(default_factory=list)
    serials: list[int] = field(default_factory=list)

    def carry(self, body: bytes) -> None:
        opened = open_report(body, hospital=SLUG, key=self.key.public)
        self.said.append(opened.message)
        self.serials.append(opened.serial)

    def close(self) -> None:
        pass

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [message for message in self.said if isinstance(message, kind)]

    def hears(self, kind: type[Kind], *, that: Callable[[Kind], bool] = lambda _: True) -> Kind:
        """The first message of this kind, waited for."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for message in self.all(kind):
                if that(message):
                    return message
            time.sleep(0.02)
        raise AssertionError(f"No such {kind.__name__} came; there were {self.said}")


class Lakeside:
    """The hospital; its threads run between ``start`` and ``stop``."""

    def __init__(
        self, folder: Path, *, programs: dict[str, Program] | None = None, cards: Sequence[Card] = (), **options: Any
    ) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.cohort: Cohort = write_tiny_cohort(folder / "cohort", cases=4)
        self.engine = FakeEngine({IMAGE: detect} if programs is None else programs, gpus=bool(cards))
        self.platform = Platform()
        self.database = Database(self.state)
        self._cards, self._options = cards, options
        self.hospital = self.made()

    def made(self, *, check_fit: Callable[[], None] = lambda: None) -> Hospital:
        settings = Settings(
            hospital=SLUG,
            broker="amqp://nowhere",
            platform_key=PLATFORM.public.text,
            cohorts=(str(self.folder / "cohort"),),
            beat=0.2,
            **self._options,
        )
        return Hospital(
            settings,
            state=self.state,
            key=self.platform.key,
            engine=self.engine,
            check_fit=check_fit,
            cards=self._cards,
            carrier=self.platform,
            database=self.database,
        )

    def order(self, run: int = 1, **options: Any) -> RunOrder:
        allowed = options.pop("allowed", {})
        image = options.pop("image", IMAGE)
        return RunOrder(
            run=run,
            attempt=1,
            lease=options.pop("lease", f"lease-{run}"),
            submission=SubmissionRecord(model="detector", image=image),
            reference=options.pop("reference", ""),
            fingerprint=options.pop("fingerprint", self.cohort.fingerprint),
            allowed=Allowed(**({"memory_bytes": 256 * MIB, "case_seconds": 60.0} | allowed)),
        )

    def send(self, *orders: RunOrder | CancelOrder | NullsOrder) -> None:
        for order in orders:
            self.hospital.intake.take(sealed(order))

    def __enter__(self) -> Lakeside:
        self.hospital.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.hospital.stop()
