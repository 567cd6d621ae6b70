"""The header of a MetaImage. Its voxels are read here too, because ITK accepts corrupt ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import SimpleITK as sitk  # noqa: N813 - its own documentation's name

from evaluator.volumes.header import LARGEST_PREAMBLE, LPS, Opened, make_grid, refused, require_numbers
from evaluator.volumes.inflate import ZLIB, Inflated


@contextmanager
def open_metaimage(path: Path) -> Iterator[Opened]:
    with path.open("rb") as stream:
        header = _read_lines(path, stream)
        local = header["ElementDataFile"] == "LOCAL"
        beside = path.with_name(header["ElementDataFile"])
        if not local and (path.suffix == ".mha" or beside.parent != path.parent or not beside.is_file()):
            raise refused(path, "its voxels are neither in it nor in one file beside it")
        if header.get("BinaryData", "True") != "True" or header.get("HeaderSize", "0") != "0":
            raise refused(path, "its voxels are stored as text or after a foreign header")
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(path))
        try:
            reader.ReadImageInformation()
        except RuntimeError as error:
            raise refused(path, "its header is not a MetaImage header") from error
        if reader.GetNumberOfComponents() != 1:
            raise refused(path, "a voxel holds more than one number")
        sample = sitk.GetArrayViewFromImage(sitk.Image([1, 1, 1], reader.GetPixelID()))
        big = "True" in (header.get("BinaryDataByteOrderMSB"), header.get("ElementByteOrderMSB"))
        affine = np.eye(4)
        if reader.GetDimension() == 3:
            affine[:3, :3] = np.reshape(reader.GetDirection(), (3, 3)) * reader.GetSpacing()
            affine[:3, 3] = reader.GetOrigin()
        with path.open("rb") if local else beside.open("rb") as source:
            source.seek(stream.tell() if local else 0)
            yield Opened(
                grid=make_grid(path, reader.GetSize(), LPS @ affine),
                dtype=require_numbers(path, sample.dtype).newbyteorder(">" if big else "<"),
                stream=Inflated(source, wbits=ZLIB) if header.get("CompressedData") == "True" else source,
            )


def _read_lines(path: Path, stream: BinaryIO) -> dict[str, str]:
    header: dict[str, str] = {}
    while "ElementDataFile" not in header:
        line = stream.readline(4096)
        key, equals, value = line.decode("latin-1").partition("=")
        if not equals or stream.tell() > LARGEST_PREAMBLE:
            raise refused(path, "it is not a MetaImage")
        header[key.strip()] = value.strip()
    return header
