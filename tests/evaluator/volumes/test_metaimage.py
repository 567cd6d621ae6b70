from __future__ import annotations

from pathlib import Path

import pytest
import SimpleITK as sitk  # noqa: N813

from evaluator.errors import VolumeRefused
from evaluator.records import Volume
from evaluator.volumes import read_volume, write_mha


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ElementDataFile = LOCAL", b"ElementDataFile = /etc/hostname"),
        (b"ElementDataFile = LOCAL", b"ElementDataFile = LIST"),
        (b"BinaryData = True", b"BinaryData = False"),
        (b"MET_SHORT", b"MET_STRING"),
        (b"NDims = 3", b"NDims = 2"),
        (b"ObjectType", b"ObjectType\n"),
        (b"ElementSpacing = 0.69999999999999996", b"ElementSpacing = nan"),
    ],
)
def test_metaimages_that_point_elsewhere_or_make_no_sense_are_refused(
    tmp_path: Path, scan: Volume, old: bytes, new: bytes
) -> None:
    path = tmp_path / "a.mha"
    write_mha(path, scan)
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(VolumeRefused):
        read_volume(path)


def test_a_metaimage_with_damaged_voxels_is_refused(tmp_path: Path, scan: Volume) -> None:
    path = tmp_path / "a.mha"
    write_mha(path, scan)
    content = path.read_bytes()
    for damaged in (content[:-20], content[:-40] + b"abcd" + content[-36:]):
        path.write_bytes(damaged)
        with pytest.raises(VolumeRefused):
            read_volume(path)


def test_a_detached_header_may_only_name_a_file_beside_it(tmp_path: Path, scan: Volume) -> None:
    (tmp_path / "inner").mkdir()
    image = sitk.GetImageFromArray(scan.data)
    sitk.WriteImage(image, str(tmp_path / "inner" / "a.mhd"))
    header = (tmp_path / "inner" / "a.mhd").read_text()
    (tmp_path / "inner" / "a.raw").rename(tmp_path / "a.raw")
    (tmp_path / "inner" / "a.mhd").write_text(header.replace("a.raw", "../a.raw"))
    with pytest.raises(VolumeRefused):
        read_volume(tmp_path / "inner" / "a.mhd")
