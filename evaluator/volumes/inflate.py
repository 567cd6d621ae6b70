"""What a gzip or zlib file holds, inflated as far as asked and no further."""

from __future__ import annotations

from typing import BinaryIO

from zlib_ng import zlib_ng

GZIP, ZLIB = 31, 15  # zlib's window bits
INFLATE_ERROR = zlib_ng.error

_PACKED = 32 * 1024  # what is left of it is copied once a piece
_PIECE = 128 * 1024  # fits the second cache with the output it is copied to
_NOTHING = bytes(_PIECE)
_MOST_MEMBERS = 2**18  # blocked gzip has a member for each 64 kB: enough for 16 GB; empty ones must not go on forever


class Inflated:
    """Inflate into a buffer of zeros. Pieces of zeros are not copied: a mask's empty pages are then never touched.

    zlib-ng, because it inflates a mask five times as fast as ISA-L (runs of one byte); a CT takes it a fifth longer.
    The file's checksum and length are verified when its end is reached, so ask for one byte more than is wanted.
    """

    def __init__(self, file: BinaryIO, *, wbits: int) -> None:
        self._file, self._wbits = file, wbits
        self._inflater = zlib_ng.decompressobj(wbits)
        self._waiting = b""
        self._members = 1

    def readinto(self, zeros: memoryview, /) -> int:
        filled = 0
        while filled < len(zeros):
            if self._inflater.eof and not self._next_member():
                break
            packed = self._waiting or self._file.read(_PACKED)
            piece = self._inflater.decompress(packed, min(_PIECE, len(zeros) - filled))
            self._waiting = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
            if not (packed or piece or self._inflater.eof):
                raise EOFError("its compressed data are cut short")
            if piece != _NOTHING:
                zeros[filled : filled + len(piece)] = piece
            filled += len(piece)
        return filled

    def _next_member(self) -> bool:
        """Whether another gzip member follows, after padding of zeros if need be."""
        if self._wbits != GZIP:
            return False
        self._waiting = self._waiting.lstrip(b"\0") or self._file.read(_PACKED).lstrip(b"\0")
        if not self._waiting:
            return False
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise ValueError(f"it is made of more than {_MOST_MEMBERS} gzip members")
        self._inflater = zlib_ng.decompressobj(self._wbits)
        return True
