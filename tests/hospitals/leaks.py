"""Whether bytes of a file are among the bytes that were sent: as they are, inflated, or in base64 or hexadecimal."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable, Mapping

BLOCK = 24  # every piece of 47 bytes of a file holds a whole block of it


def leaked(sent: bytes, files: Mapping[str, bytes]) -> set[str]:
    """Names of files of which 47 bytes on end, or more, were sent. Pieces of one byte over and over prove nothing."""
    windows = {sent[at : at + BLOCK] for at in range(len(sent) - BLOCK + 1)}
    return {
        name
        for name, data in files.items()
        if any(block in windows and len(set(block)) > 1 for form in _forms(data) for block in _blocks(form))
    }


def _forms(data: bytes) -> Iterable[bytes]:
    raw = [data]
    if data[:2] == b"\x1f\x8b":
        raw.append(gzip.decompress(data))
    for one in raw:
        yield one
        yield one.hex().encode()
        yield from (base64.b64encode(one[offset:]) for offset in range(3))


def _blocks(data: bytes) -> Iterable[bytes]:
    for at in range(0, len(data) - BLOCK + 1, BLOCK):
        yield data[at : at + BLOCK]
