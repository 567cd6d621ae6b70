"""Files to arrays: a header first, its grid compared, then exactly as many bytes as the grid needs.

NIfTI (.nii, .nii.gz), MetaImage (.mha, .mhd) and DICOM segmentations (.dcm). Files may be hostile: nothing is allocated
or decompressed beyond what the accepted header accounts for. Nothing is resampled or padded.

::

    read.py        path → grid or volume, by suffix
    nifti.py  metaimage.py  dicom_header.py  dicom_lattice.py  dicom_seg.py      one format each
    header.py      what a format hands to the reader, and the limits    inflate.py   bounded decompression
    grids.py       two grids compared       values.py   values checked  write.py     volume → file
    balls.py       what stands for an object of which only place and volume are known
"""

from evaluator.volumes.balls import Ball, ball_voxels, draw_balls
from evaluator.volumes.grids import TOLERANCE_MM, require_same_grid
from evaluator.volumes.header import LARGEST_PREAMBLE, LARGEST_VOXELS, SUFFIXES
from evaluator.volumes.read import read_grid, read_volume
from evaluator.volumes.values import as_detection_map, require_within
from evaluator.volumes.write import write_mha, write_nifti

__all__ = [
    "LARGEST_PREAMBLE",
    "LARGEST_VOXELS",
    "SUFFIXES",
    "TOLERANCE_MM",
    "Ball",
    "as_detection_map",
    "ball_voxels",
    "draw_balls",
    "read_grid",
    "read_volume",
    "require_same_grid",
    "require_within",
    "write_mha",
    "write_nifti",
]
