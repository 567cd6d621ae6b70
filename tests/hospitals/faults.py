"""What goes wrong: each strikes, waits a little, and mends what it broke as a supervisor would."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.engines import SecondEngine
from tests.hospitals.services import Services
from tests.hospitals.shuffle import shuffled
from tests.hospitals.spawned import Spawned
from tests.hospitals.world import World

FILLED = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Chaos:
    """What may be broken. ``small`` is a full disk to be: the state of the last hospital; ``clock``, the first's."""

    world: World
    services: Services
    engine: SecondEngine
    small: Path
    clock: Path
    rng: np.random.Generator

    def faults(self) -> dict[str, Callable[[], None]]:
        platform = self.world.platform
        return {
            "hospital's worker killed": self.kill_hospital,
            "platform's worker killed": lambda: self.kill(platform.worker),
            "intake killed": lambda: self.kill(platform.intake),
            "broker killed": lambda: self.kill(self.services.rabbitmq, self.services.broker_answers),
            "database killed": lambda: self.kill(self.services.postgresql, self.services.database_answers),
            "container engine killed": self.kill_engine,
            "hospital cut off": self.cut_off,
            "disk full": self.fill_disk,
            "clock jumps": self.jump,
            "messages twice and in disorder": self.shuffle,
        }

    def pause(self, longest: float = 3.0) -> None:
        time.sleep(self.rng.uniform(0.2, longest))

    def kill(self, one: Spawned, answers: Callable[[], bool] | None = None) -> None:
        one.kill()
        self.pause(1.5)
        one.start()
        if answers is not None:
            one.wait_until(answers, seconds=120)

    def kill_hospital(self) -> None:
        hospital = self.world.hospitals[self.rng.integers(len(self.world.hospitals))]
        hospital.kill()
        self.pause(1.5)
        hospital.start()

    def kill_engine(self) -> None:
        self.engine.kill()
        self.pause(2.0)
        self.engine.start()

    def cut_off(self) -> None:
        cable = self.world.hospitals[self.rng.integers(len(self.world.hospitals))].cable
        cable.cut()
        time.sleep(self.rng.uniform(2.0, 12.0))  # shorter and longer than the lease
        cable.mend()

    def fill_disk(self) -> None:
        path = self.small / "filler"
        with path.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(FILLED)) == FILLED:
                    pass
            except OSError:
                pass  # it is full
        self.pause()
        path.unlink()

    def jump(self) -> None:
        """By two hours there or back, and after a while on time again."""
        self.clock.write_text(str(self.rng.choice(["+7200", "-7200"])))
        self.pause()
        self.clock.write_text("+0")

    def shuffle(self) -> None:
        hospital = self.world.hospitals[self.rng.integers(len(self.world.hospitals))]
        way = str(self.rng.choice(["work", "results"]))
        with shuffled(self.services, f"{way}.{hospital.slug}", rng=self.rng):
            self.pause(5.0)
