"""Good bytes made bad: bytes changed, cut out, doubled, or cut short, as hypothesis shrinks them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

LONG_SECONDS = float(os.environ.get("FUZZ_SECONDS", "300"))
ROUND = 200
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


def for_long(check: Callable[..., None], **strategies: st.SearchStrategy[object]) -> int:
    """Ever new examples for ``FUZZ_SECONDS``; how many rounds of them there were."""
    until, rounds = time.monotonic() + LONG_SECONDS, 0
    while time.monotonic() < until:
        rounds += 1
        with_seed = seed(int.from_bytes(os.urandom(4)))
        with_seed(settings(few(ROUND), derandomize=False)(given(**strategies)(check)))()
    return rounds
