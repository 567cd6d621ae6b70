"""A sound cohort of three scans of two patients, 12 × 12 × 6 voxels each; a test then spoils it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from evaluator.cohort import CohortHeader, write_header
from evaluator.records import Volume
from evaluator.volumes import write_nifti
from tests.phantoms import Box, make_grid, make_volume

GRID = make_grid((12, 12, 6), (2.0, 2.0, 3.0))
LESION = Box((4, 4, 2), (5, 3, 2))  # 8 mm between its outermost voxel centres along i
ROWS = """\
case,patient,cancer,index_scan,sex,age,phase,scanner,slice_thickness_mm,lead_time_months
A1,P1,1,1,F,66,venous,Boreal 64,3,0.5
A2,P1,1,0,F,65,venous,Boreal 64,3,14
B1,P2,0,1,M,58,arterial,Aurora 16,3,
"""


def write_ct(path: Path, *, dtype: DTypeLike = np.int16, fill: float = 40, air: float = -1000) -> None:
    data = np.full(GRID.shape, fill, dtype=dtype)
    data[0] = air
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(path, Volume(data, GRID))


def write_mask(path: Path, *boxes: Box) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(path, make_volume(*boxes, grid=GRID))


def write_cohort(root: Path, table: str = ROWS) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    write_header(
        root,
        CohortHeader(
            schema="cohort/1", hospital="lakeside", name="Lakeside", version="1", organs={"1": "pancreas_head"}
        ),
    )
    (root / "cases.csv").write_text(table, encoding="utf-8")
    for number, case in enumerate(("A1", "A2", "B1")):
        write_ct(root / "images" / case / "ct.nii.gz", fill=40 + number)
    write_mask(root / "references" / "A1" / "lesions.nii.gz", LESION)
    write_mask(root / "references" / "A1" / "organs.nii.gz", Box((2, 2, 1), (9, 9, 4)))
    write_mask(root / "references" / "A2" / "lesions.nii.gz", Box((4, 4, 2), (2, 2, 1)))
    write_mask(root / "references" / "B1" / "lesions.nii.gz")
    return root
