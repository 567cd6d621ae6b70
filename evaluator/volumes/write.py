"""Volumes to files: the same volume gives the same bytes, and a file holds no more than voxels, grid and type."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK as sitk  # noqa: N813 - its own documentation's name
from isal import igzip

from evaluator.records import Volume
from evaluator.volumes.header import LPS


def write_nifti(path: Path, volume: Volume) -> None:
    """Write .nii or .nii.gz: same volume, same bytes; nothing but voxels, grid and type is in the file."""
    data = volume.data.astype(np.uint8) if volume.data.dtype == bool else volume.data
    header = nib.Nifti1Header()
    header.set_data_dtype(data.dtype)
    header.set_data_shape(data.shape)
    header.set_qform(volume.grid.affine, code=1)
    header.set_sform(volume.grid.affine, code=1)
    header.set_xyzt_units("mm")
    header["magic"] = b"n+1"
    header.set_data_offset(352)
    header.set_slope_inter(1.0, 0.0)
    preamble = header.binaryblock + bytes(4)
    voxels = np.ascontiguousarray(data.T)
    scratch = path.with_name(f".{path.name}.part")
    with scratch.open("wb") as file:
        if path.name.endswith(".gz"):
            with igzip.IGzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
                packed.write(preamble)
                packed.write(voxels.data)
        else:
            file.write(preamble)
            file.write(voxels.data)
    scratch.replace(path)


def write_mha(path: Path, volume: Volume) -> None:
    """Write a compressed MetaImage, its grid turned from RAS to ITK's LPS."""
    data = volume.data.astype(np.uint8) if volume.data.dtype == bool else volume.data
    image = sitk.GetImageFromArray(np.ascontiguousarray(data.T))
    affine = LPS @ volume.grid.affine
    image.SetSpacing(volume.grid.spacing)
    image.SetDirection((affine[:3, :3] / volume.grid.spacing).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    sitk.WriteImage(image, str(path), useCompression=True)
