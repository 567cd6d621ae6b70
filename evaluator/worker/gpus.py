"""The hospital's GPUs, as NVIDIA's management library (NVML) tells, and what a run uses of one."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from evaluator.errors import HospitalFault
from evaluator.wire import Gpu

SAMPLE_SECONDS = 1.0
LIBRARY = "pynvml"


@dataclass(frozen=True, kw_only=True)
class Card:
    """One GPU. ``id`` is what the container engine and ``nvidia-smi`` call it: its number, or its UUID."""

    id: str
    name: str
    memory_bytes: int
    nvml: Any = field(repr=False)
    handle: Any = field(repr=False)

    @property
    def facts(self) -> Gpu:
        return Gpu(name=self.name, memory_bytes=self.memory_bytes)

    def used_bytes(self) -> int:
        return int(self.nvml.nvmlDeviceGetMemoryInfo(self.handle).used)

    def busy(self) -> float:
        """The share of the last moments in which something ran on it."""
        return float(self.nvml.nvmlDeviceGetUtilizationRates(self.handle).gpu) / 100


class Usage:
    """What was seen of a card, sample by sample."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._peak: int | None = None
        self._busy: list[float] = []

    def look(self) -> None:
        try:
            used, busy = self._card.used_bytes(), self._card.busy()
        except self._card.nvml.NVMLError:
            return  # a moment that could not be measured
        self._peak = max(used, self._peak or 0)
        self._busy.append(busy)

    def gpu(self) -> Gpu:
        return Gpu(
            name=self._card.name,
            memory_bytes=self._card.memory_bytes,
            peak_memory_bytes=self._peak,
            utilisation=sum(self._busy) / len(self._busy) if self._busy else None,
        )


@contextmanager
def sampled(card: Card, *, seconds: float = SAMPLE_SECONDS) -> Iterator[Usage]:
    """Look at the card as long as this lasts, at least once."""
    usage, over = Usage(card), threading.Event()

    def sample() -> None:
        usage.look()
        while not over.wait(seconds):
            usage.look()

    thread = threading.Thread(target=sample, name=f"gpu-{card.id}", daemon=True)
    thread.start()
    try:
        yield usage
    finally:
        over.set()
        thread.join()


def find_cards(ids: Sequence[str]) -> tuple[Card, ...]:
    """The GPUs of these numbers or UUIDs.

    Raises
    ------
    HospitalFault
        There is no driver here, or no such GPU.
    """
    if not ids:
        return ()
    library = _library()
    return tuple(_card(library, id_) for id_ in ids)


def _library() -> Any:
    try:
        library = import_module(LIBRARY)
    except ImportError as error:
        raise HospitalFault(
            "This machine's GPUs cannot be looked at.",
            why="The package nvidia-ml-py is not installed.",
            next_step="Install the extra `worker`, or start the worker without --gpus.",
        ) from error
    try:
        library.nvmlInit()
    except library.NVMLError as error:
        raise HospitalFault(
            "This machine shows no GPU.",
            why=f"NVIDIA's driver does not answer: {error}.",
            next_step="Install the driver (`nvidia-smi` must list the GPUs), or start the worker without --gpus.",
        ) from error
    return library


def _card(library: Any, id_: str) -> Card:
    try:
        by_number = id_.isdecimal()
        find = library.nvmlDeviceGetHandleByIndex if by_number else library.nvmlDeviceGetHandleByUUID
        handle = find(int(id_) if by_number else id_)
        name = library.nvmlDeviceGetName(handle)
        memory = int(library.nvmlDeviceGetMemoryInfo(handle).total)
    except library.NVMLError as error:
        raise HospitalFault(
            f"This machine has no GPU {id_}.",
            why=f"NVIDIA's driver says: {error}.",
            next_step="Give --gpus the numbers that `nvidia-smi` shows.",
        ) from error
    name = name.decode() if isinstance(name, bytes) else str(name)
    return Card(id=id_, name=name, memory_bytes=memory, nvml=library, handle=handle)
