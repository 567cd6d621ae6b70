"""Files of a small oblique scan, whole or with a header broken on purpose."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np

from evaluator.records import Grid, Volume
from evaluator.volumes import write_nifti

OBLIQUE = np.array([[-0.7, 0.0, 0.0, 12.5], [0.0, 0.0, -1.5, 5.25], [0.0, 0.7, 0.0, -7.0], [0.0, 0.0, 0.0, 1.0]])


def make_scan() -> Volume:
    return Volume(np.arange(7 * 8 * 9, dtype=np.int16).reshape(7, 8, 9) - 250, Grid((7, 8, 9), OBLIQUE))


def write_raw(path: Path, scan: Volume, **fields: object) -> Path:
    """A NIfTI with header fields as asked, whatever they break; gzip is the standard library's."""
    plain = path.with_name("plain.nii")
    write_nifti(plain, scan)
    content = plain.read_bytes()
    header = nib.Nifti1Header(content[:348])
    for name, value in fields.items():
        header[name] = value
    whole = header.binaryblock + content[348:]
    path.write_bytes(gzip.compress(whole) if path.suffix == ".gz" else whole)
    return path
