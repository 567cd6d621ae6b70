"""A hostile output folder as a tar stream: what is copied, what is left, and where reading stops."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path, PurePosixPath

from evaluator.container.engine import OutputCopy
from evaluator.container.tar_copy import copy_wanted


def member(name: str, kind: bytes = tarfile.REGTYPE, *, data: bytes = b"", size: int | None = None) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, len(data) if size is None else size, "elsewhere"
    return info.tobuf(tarfile.PAX_FORMAT) + data + bytes(-len(data) % 512)


def copied(tmp_path: Path, *members: bytes, volume_bytes: int = 10_000, file_bytes: int = 5_000) -> OutputCopy:
    stream = io.BytesIO(b"".join(members) + bytes(1024))
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        return copy_wanted(
            archive,
            tmp_path / "into",
            wanted=lambda path: path.name != "unasked" and path != PurePosixPath(),
            file_bytes=file_bytes,
            volume_bytes=volume_bytes,
            root="output",
        )


def test_regular_files_are_copied(tmp_path: Path) -> None:
    done = copied(tmp_path, member("output/a/x", data=b"1"), member("output/unasked", data=b"2"))

    assert done.copied == ("a/x",)
    assert (tmp_path / "into" / "a" / "x").read_bytes() == b"1"
    assert not (tmp_path / "into" / "unasked").exists()
    assert (done.entries, done.used_bytes) == (2, 8192)


def test_links_devices_and_pipes_are_named_and_left(tmp_path: Path) -> None:
    kinds = {"s": tarfile.SYMTYPE, "h": tarfile.LNKTYPE, "c": tarfile.CHRTYPE, "p": tarfile.FIFOTYPE}

    done = copied(tmp_path, *(member(f"output/{name}", kind) for name, kind in kinds.items()))

    assert done.copied == ()
    assert set(done.refused) == set(kinds)
    assert not (tmp_path / "into").exists()


def test_no_path_leaves_the_folder(tmp_path: Path) -> None:
    done = copied(tmp_path, member("output/../../evil", data=b"x"), member("/etc/passwd", data=b"x"))

    assert done.copied == ()
    assert not (tmp_path / "into").exists()
    assert not (tmp_path.parent / "evil").exists()


def test_reading_stops_at_a_header_above_the_file_limit(tmp_path: Path) -> None:
    done = copied(tmp_path, member("output/a", data=b"1"), member("output/giant", size=2**40))

    assert done.copied == ("a",)
    assert set(done.refused) == {"giant"}
    assert done.truncated


def test_reading_stops_where_headers_claim_more_than_the_volume_holds(tmp_path: Path) -> None:
    sparse = [member(f"output/unasked{number}", data=bytes(4_000)) for number in range(3)]

    done = copied(tmp_path, *sparse)

    assert done.truncated
    assert set(done.refused) == {"unasked2"}
