"""A log of any length is counted in full and kept in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

from evaluator.container.docker_calls import log_payloads
from evaluator.container.fake_engine import FakeEngine
from evaluator.container.followers import HEAD_BYTES, TAIL_BYTES, LogFollower


class Talker(FakeEngine):
    def __init__(self, chunks: list[bytes]) -> None:
        super().__init__()
        self.chunks = chunks

    def follow_log(self, name: str) -> Iterator[bytes]:
        yield from self.chunks


def followed(chunks: list[bytes]) -> LogFollower:
    log = LogFollower(Talker(chunks), "any")
    log.finish()
    return log


def test_a_short_log_is_kept_whole() -> None:
    assert followed([b"one\n", b"two\n"]).text() == b"one\ntwo\n"


def test_of_a_long_log_the_ends_are_kept_and_the_gap_is_counted() -> None:
    chunks = [bytes([number % 256]) * 100_000 for number in range(30)]
    whole = b"".join(chunks)

    log = followed(chunks)

    text, gap = log.text(), f"\n[… {len(whole) - HEAD_BYTES - TAIL_BYTES:,} bytes left out …]\n".encode()
    assert log.count == len(whole)
    assert text == whole[:HEAD_BYTES] + gap + whole[-TAIL_BYTES:]


def test_frames_are_unpacked_however_the_engine_cuts_them() -> None:
    frames = b"".join(
        bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text
        for stream, text in [(1, b"out\n"), (2, b"err\n"), (1, b""), (1, b"x" * 300)]
    )
    for size in (1, 7, 8, 100, len(frames)):
        cut = [frames[start : start + size] for start in range(0, len(frames), size)]
        assert b"".join(log_payloads(cut)) == b"out\nerr\n" + b"x" * 300
