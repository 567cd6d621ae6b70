"""Good bytes made bad: bytes changed, cut out, doubled, or cut short, as hypothesis shrinks them."""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

LONG_SECONDS = float(os.environ.get("FUZZ_SECONDS", "300"))
ROUND = 200
MOST_GROWTH = 48 * 1024**2  # of memory, once the first tenth of the time is over
NUMBERS = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xff\xff\x7f",
    b"\x00\x00\xc0\x7f",
    b"\x00\x00\x80\x7f",
    b"\xff" * 8,
)

Bad = Callable[[bytes], bytes]


def _changed(place: float, new: bytes, *, instead: int) -> Bad:
    def act(data: bytes) -> bytes:
        at = int(place * len(data))
        return data[:at] + new + data[at + instead :]

    return act


places = st.floats(0, 1, exclude_max=True)
pieces = st.sampled_from(NUMBERS) | st.binary(max_size=16)
changes = st.builds(lambda place, new: _changed(place, new, instead=len(new)), places, pieces)
insertions = st.builds(lambda place, new: _changed(place, new, instead=0), places, pieces)
cuts = st.builds(lambda place, length: _changed(place, b"", instead=length), places, st.integers(1, 600))
bad = st.lists(changes | insertions | cuts, min_size=1, max_size=6)


def spoil(data: bytes, acts: list[Bad]) -> bytes:
    for act in acts:
        data = act(data)
    return data


def few(examples: int) -> settings:
    """The same examples every time: the test command does not fail by chance."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@dataclass(frozen=True, kw_only=True)
class Tried:
    """How many examples there were, by how much this process grew after the first tenth of them, what they left."""

    examples: int
    seconds: float
    grown_bytes: int
    left: tuple[str, ...]

    def holds(self, what: str, note: Callable[[str, object], None]) -> None:
        """Nothing was kept, neither in memory nor on disk; the figures are for the reader."""
        grown = self.grown_bytes / 2**20
        note(
            "shown",
            f"Fuzz of {what}: {self.examples:,} in {self.seconds:.0f} s; memory {grown:+.1f} MiB, nothing left.",
        )
        assert self.examples > ROUND
        assert self.left == ()
        assert self.grown_bytes < MOST_GROWTH


def for_long(check: Callable[..., None], **strategies: st.SearchStrategy[object]) -> Tried:
    """Ever new examples for ``FUZZ_SECONDS``, in a folder for temporary files of their own."""
    examples, first, began = 0, 0, time.monotonic()

    def counted(**drawn: object) -> None:
        nonlocal examples
        examples += 1
        check(**drawn)

    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", place)
        while (spent := time.monotonic() - began) < LONG_SECONDS:
            with_seed = seed(int.from_bytes(os.urandom(4)))
            with_seed(settings(few(ROUND), derandomize=False)(given(**strategies)(counted)))()
            if not first and spent > LONG_SECONDS / 10:
                first = memory()
        return Tried(
            examples=examples,
            seconds=time.monotonic() - began,
            grown_bytes=memory() - first,
            left=tuple(sorted(path.name for path in Path(place).iterdir())),
        )


def memory() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
