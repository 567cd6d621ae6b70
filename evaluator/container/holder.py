"""The platform's own image: one static program that waits, so that a hospital needs nothing but the engine.

A container of it keeps an output volume mounted from before a submission starts until its output is read.
"""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile

BASE = 0x400000
# x86-64: wait: mov eax, 34 (pause) ; syscall ; jmp wait
PROGRAM = bytes.fromhex("b8220000000f05ebf7")
ELF_HEADER, PROGRAM_HEADER = "<16sHHIQQQIHHHHHH", "<IIQQQQQQ"


def pause_program() -> bytes:
    """A static x86-64 ELF file of one read-only, executable segment that pauses for ever."""
    start = struct.calcsize(ELF_HEADER) + struct.calcsize(PROGRAM_HEADER)
    length = start + len(PROGRAM)
    identity = b"\x7fELF" + bytes([2, 1, 1])  # 64 bits, little endian, version 1
    # type 2: executable; machine 62: x86-64; the program header follows at 64; one of 56 bytes; no sections
    header = struct.pack(ELF_HEADER, identity, 2, 62, 1, BASE + start, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack(PROGRAM_HEADER, 1, 5, 0, BASE, BASE, length, length, 0x1000)  # loaded, read and execute
    return header + segment + PROGRAM


def root_file_system() -> bytes:
    """The image's only layer, the same bytes every time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        folder = tarfile.TarInfo("output")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
        program = tarfile.TarInfo("pause")
        program.size, program.mode = len(pause_program()), 0o755
        archive.addfile(program, io.BytesIO(pause_program()))
    return buffer.getvalue()


LAYER = "sha256:" + hashlib.sha256(root_file_system()).hexdigest()
REPOSITORY = "cancer-imaging-leaderboard/holder"
TAG = LAYER[7:19]
