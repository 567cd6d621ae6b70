"""GPUs as NVIDIA's library tells of them. No GPU is at hand: the library below is a stand-in for its C calls."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import pytest

from evaluator.container.limits import GIB
from evaluator.errors import HospitalFault
from evaluator.worker.gpus import Card, find_cards, sampled


class StandIn(ModuleType):
    """Two cards; what they show of themselves goes up and down as ``seen`` says."""

    class NVMLError(Exception):
        pass

    def __init__(self) -> None:
        super().__init__("pynvml")
        self.driver = True
        self.seen: Iterator[tuple[int, int]] = iter(())
        self.last = (1 * GIB, 0)
        self.looked = threading.Event()

    def nvmlInit(self) -> None:
        if not self.driver:
            raise self.NVMLError("Driver Not Loaded")

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:
        if index > 1:
            raise self.NVMLError("Invalid Argument")
        return f"handle {index}"

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:
        return f"handle of {uuid}"

    def nvmlDeviceGetName(self, handle: str) -> str:
        return f"NVIDIA of {handle}"

    def nvmlDeviceGetMemoryInfo(self, handle: str) -> SimpleNamespace:
        return SimpleNamespace(total=80 * GIB, used=self.last[0])

    def nvmlDeviceGetUtilizationRates(self, handle: str) -> SimpleNamespace:
        found = SimpleNamespace(gpu=self.last[1])
        following = next(self.seen, None)
        if following is None:
            self.looked.set()
        self.last = following or self.last
        if self.last[1] < 0:
            self.last = (self.last[0], 0)
            raise self.NVMLError("GPU is lost")
        return found


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn()
    monkeypatch.setitem(sys.modules, "pynvml", stand_in)
    return stand_in


def test_cards_are_found_by_number_or_uuid(library: StandIn) -> None:
    first, second = find_cards(["1", "GPU-7c1"])

    assert (first.id, first.name, first.memory_bytes) == ("1", "NVIDIA of handle 1", 80 * GIB)
    assert second.name == "NVIDIA of handle of GPU-7c1"
    assert first.facts.utilisation is None


def test_without_a_driver_a_sentence_says_what_is_missing(library: StandIn) -> None:
    library.driver = False

    with pytest.raises(HospitalFault, match="driver does not answer: Driver Not Loaded"):
        find_cards(["0"])


def test_without_the_library_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)

    with pytest.raises(HospitalFault, match="extra `worker`"):
        find_cards(["0"])


def test_the_real_library_says_in_a_sentence_that_there_is_no_driver() -> None:
    pytest.importorskip("pynvml")
    try:
        assert all(isinstance(card, Card) for card in find_cards(["0"]))  # a machine with a GPU
    except HospitalFault as fault:
        assert "driver does not answer" in fault.why  # noqa: PT017 - either may be


def test_a_number_that_no_card_has_is_named(library: StandIn) -> None:
    with pytest.raises(HospitalFault, match="no GPU 7"):
        find_cards(["7"])


def test_no_gpus_need_no_driver(library: StandIn) -> None:
    library.driver = False

    assert find_cards([]) == ()


def test_peak_memory_and_mean_utilisation_are_those_of_the_samples(library: StandIn) -> None:
    (card,) = find_cards(["0"])
    library.seen = iter([(3 * GIB, 100), (2 * GIB, 20)])

    with sampled(card, seconds=0.01) as usage:
        assert library.looked.wait(10)
    gpu = usage.gpu()

    assert gpu.peak_memory_bytes == 3 * GIB
    assert gpu.utilisation is not None
    assert 0 < gpu.utilisation < 1


def test_a_moment_that_cannot_be_measured_is_no_end_of_the_run(library: StandIn) -> None:
    (card,) = find_cards(["0"])
    library.seen = iter([(5 * GIB, -1), (4 * GIB, 50)])

    with sampled(card, seconds=0.01) as usage:
        assert library.looked.wait(10)

    assert usage.gpu().peak_memory_bytes in (4 * GIB, 5 * GIB)


def test_a_short_run_is_looked_at_once(library: StandIn) -> None:
    (card,) = find_cards(["0"])

    with sampled(card, seconds=60) as usage:
        pass

    assert usage.gpu().peak_memory_bytes == 1 * GIB
