from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluator.errors import VolumeRefused
from evaluator.records import Volume
from evaluator.volumes import read_volume, write_nifti
from tests.evaluator.volumes.files import write_raw
from tests.phantoms import make_grid

CT_SHAPE = (512, 512, 300)
READ_IN_LITTLE_MEMORY = """
import json, resource, sys, time
from collections.abc import Callable
from pathlib import Path
from evaluator.errors import VolumeRefused
from evaluator.volumes import read_volume
from tests.phantoms import make_grid

used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 150 * 1024**2,) * 2)  # the volume has 75 MiB
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
try:
    read_volume(Path(sys.argv[1]), expect=make_grid((512, 512, 300)))
    refused = ""
except VolumeRefused as error:
    refused = str(error)
seconds, grown = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
try:
    bytearray(200 * 1024**2)
    limited = False
except MemoryError:
    limited = True
print(json.dumps({"refused": refused, "seconds": seconds, "grown": grown * 1024, "limited": limited}))
"""


def endless_member(path: Path, head: bytes) -> None:
    """One gzip stream: the head, then 50 GB of zeros from one compressed piece that is repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(bytes(2**24)) + packer.flush(zlib.Z_FULL_FLUSH)
    path.write_bytes(b"\x1f\x8b\x08" + bytes(6) + b"\xff" + first + piece * 3_000)


def many_members(path: Path, head: bytes) -> None:
    """Whole gzip members one after another, each with its checksum: the head, then 50 GB of zeros."""
    path.write_bytes(gzip.compress(head) + gzip.compress(bytes(2**24)) * 3_000)


@pytest.mark.parametrize("write", [endless_member, many_members])
def test_a_gzip_that_inflates_to_fifty_gigabytes_costs_no_more_than_its_grid(
    tmp_path: Path, write: Callable[[Path, bytes], None]
) -> None:
    empty = Volume(np.zeros(CT_SHAPE, dtype=np.uint8), make_grid(CT_SHAPE))
    write_nifti(tmp_path / "a.nii", empty)
    path = tmp_path / "a.nii.gz"
    write(path, (tmp_path / "a.nii").read_bytes()[:352])
    assert path.stat().st_size < 60e6
    run = subprocess.run(
        [sys.executable, "-c", READ_IN_LITTLE_MEMORY, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    found = json.loads(run.stdout)
    assert "longer than its header says" in found["refused"]
    assert found["limited"]  # or the test would prove nothing
    assert found["grown"] < 32 * 1024**2  # zeros are not even written
    assert found["seconds"] < 5  # 20 ms of work


def test_more_members_than_a_volume_can_need_are_refused(tmp_path: Path, scan: Volume) -> None:
    write_nifti(tmp_path / "a.nii", scan)
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress((tmp_path / "a.nii").read_bytes()) + gzip.compress(b"") * 2**18)
    with pytest.raises(VolumeRefused, match="more than 262144 gzip members"):
        read_volume(path)


@pytest.mark.parametrize("members", [2, 3, 40])
def test_members_may_be_longer_than_what_is_read_at_once(tmp_path: Path, members: int) -> None:
    """400 kB that do not compress, so that members begin in the middle of a piece that was read."""
    data = np.random.default_rng(5).integers(0, 256, (100, 80, 50), dtype=np.uint8)
    write_nifti(tmp_path / "a.nii", Volume(data, make_grid((100, 80, 50))))
    whole = (tmp_path / "a.nii").read_bytes()
    size = -(-len(whole) // members)
    path = tmp_path / "a.nii.gz"
    path.write_bytes(b"".join(gzip.compress(whole[start : start + size]) for start in range(0, len(whole), size)))
    np.testing.assert_array_equal(read_volume(path).data, data)


def test_zeros_that_are_not_copied_are_still_zeros(tmp_path: Path) -> None:
    """Pieces of 128 KiB: one that is all zeros, one that only begins with them, one that only ends with them."""
    data = np.zeros((1024, 1024, 2), dtype=np.uint8, order="F")
    for position in (3 * 2**17 - 353, 5 * 2**17 - 352, 2**21 - 1):
        data.reshape(-1, order="F")[position] = 7
    write_nifti(tmp_path / "a.nii.gz", Volume(data, make_grid(data.shape)))
    np.testing.assert_array_equal(read_volume(tmp_path / "a.nii.gz").data, data)


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.98])
def test_a_gzip_cut_anywhere_is_refused(tmp_path: Path, kept: float) -> None:
    data = np.random.default_rng(5).integers(0, 256, (100, 80, 50), dtype=np.uint8)
    path = tmp_path / "a.nii.gz"
    write_nifti(path, Volume(data, make_grid((100, 80, 50))))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(VolumeRefused, match="cut short"):
        read_volume(path)


@pytest.mark.parametrize("byte", [-8, -1], ids=["checksum", "length"])
def test_a_wrong_checksum_or_length_is_refused(tmp_path: Path, scan: Volume, byte: int) -> None:
    path = tmp_path / "a.nii.gz"
    write_nifti(path, scan)
    content = bytearray(path.read_bytes())
    content[byte] ^= 1
    path.write_bytes(content)
    with pytest.raises(VolumeRefused, match=r"incorrect (data|length) check"):
        read_volume(path)


def test_a_trailing_axis_of_one_is_dropped_and_gzip_members_may_follow_each_other(tmp_path: Path, scan: Volume) -> None:
    path = write_raw(tmp_path / "a.nii.gz", scan, dim=(4, 7, 8, 9, 1, 1, 1, 1))
    whole = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(whole[:300]) + gzip.compress(whole[300:]) + bytes(512))
    np.testing.assert_array_equal(read_volume(path).data, scan.data)
