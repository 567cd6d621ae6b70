"""The header of a single-file NIfTI-1 or NIfTI-2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nibabel as nib

from evaluator.volumes.header import LARGEST_PREAMBLE, Opened, Stream, make_grid, refused, require_numbers, take
from evaluator.volumes.inflate import GZIP, Inflated


@contextmanager
def open_nifti(path: Path) -> Iterator[Opened]:
    with path.open("rb") as file:
        stream: Stream = Inflated(file, wbits=GZIP) if path.name.lower().endswith(".gz") else file
        block = take(stream, 348)
        if 540 in (int.from_bytes(block[:4], "little"), int.from_bytes(block[:4], "big")):
            header: nib.Nifti1Header = nib.Nifti2Header(block := block + take(stream, 540 - 348))
        else:
            header = nib.Nifti1Header(block)
        if not bytes(header["magic"]).startswith(b"n+"):
            raise refused(path, "it is not a single-file NIfTI")
        offset = int(header.get_data_offset())
        if not len(block) <= offset <= LARGEST_PREAMBLE:
            raise refused(path, f"its voxels are said to start at byte {offset}")
        slope, inter = header.get_slope_inter()
        grid = make_grid(path, header.get_data_shape(), header.get_best_affine())
        dtype = require_numbers(path, header.get_data_dtype())
        take(stream, offset - len(block))
        yield Opened(grid=grid, dtype=dtype, stream=stream, slope=1.0 if slope is None else slope, inter=inter or 0.0)
