"""Cohorts small enough to count by hand: 24 × 24 × 12 voxels of 2 mm, air on one side, a dark cube in even cases."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from evaluator.cohort import Cohort, CohortHeader, read_cohort, write_header, write_manifest, write_table
from evaluator.records import Grid, Volume
from evaluator.volumes import write_nifti

GRID = Grid((24, 24, 12), np.diag([2.0, 2.0, 2.0, 1.0]))
TISSUE, TUMOUR, AIR = 100, 0, -1000
TABLE = "cases.csv"


def write_tiny_cohort(path: Path, *, cases: int, hospital: str = "lakeside", first: int = 0) -> Cohort:
    """Case number i (from 0) has 100 + first + i in its first voxel, so that a submission can tell scans apart; another
    voxel tells hospitals apart."""
    rows: list[dict[str, object]] = []
    for number in range(cases):
        name, positive = f"case{number:02}", number % 2 == 0
        ct = np.full(GRID.shape, TISSUE, dtype=np.int16, order="F")
        ct[-1] = AIR
        ct[0, 0, 0] += first + number
        ct[0, 1, 0] += zlib.crc32(hospital.encode()) % 500
        (path / "images" / name).mkdir(parents=True)
        if positive:
            cube = (slice(8, 12), slice(8, 12), slice(4, 8))
            ct[cube] = TUMOUR
            lesions = np.zeros(GRID.shape, dtype=np.uint8, order="F")
            lesions[cube] = 1
            (path / "references" / name).mkdir(parents=True)
            write_nifti(path / "references" / name / "lesions.nii.gz", Volume(lesions, GRID))
        write_nifti(path / "images" / name / "ct.nii.gz", Volume(ct, GRID))
        described = {"index_scan": True, "sex": "F", "age": 60, "phase": "venous"}
        rows.append({"case": name, "patient": f"patient{number:02}", "cancer": positive, **described})
    write_header(path, CohortHeader(schema="cohort/1", hospital=hospital, name="tiny", version="1"))
    write_table(path / TABLE, rows)
    cohort = read_cohort(path)
    write_manifest(cohort)
    return cohort
