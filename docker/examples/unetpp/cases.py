"""Cohorts as a training set: every case's region and what is known of its voxels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

from common.scan import prepare
from evaluator.cohort import Cohort, CohortCase, read_cohort
from unetpp.network import GLAND, LESION
from unetpp.region import Region, take, to_grid

GLAND_NAME = "pancreas"  # what the organs' names in a cohort's header begin with


@dataclass(frozen=True)
class Case:
    hospital: str
    name: str
    cancer: bool
    index_scan: bool
    hu: np.ndarray  # float32, on the region's grid
    prior: np.ndarray
    classes: np.ndarray  # uint8


def read_cases(folders: Sequence[Path], *, workers: int) -> list[Case]:
    """Every case with a mask, or without cancer; what nobody can see yet (a diagnosis only) teaches nothing."""
    work = [(case, cohort) for folder in folders for cohort, case in usable(read_cohort(folder))]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(read_case, *zip(*work, strict=True), chunksize=4))


def usable(cohort: Cohort) -> Iterator[tuple[Cohort, CohortCase]]:
    for case in cohort.cases:
        if case.organs and (case.reference or not case.record.cancer):
            yield cohort, case


def read_case(case: CohortCase, cohort: Cohort) -> Case:
    image = nib.load(case.ct)
    scan = prepare(np.asanyarray(image.dataobj), image.affine)
    region = take(scan)
    organs = np.asanyarray(nib.load(case.organs).dataobj)
    glands = [number for number, name in cohort.organ_names.items() if name.startswith(GLAND_NAME)]
    classes = on_grid(np.isin(organs, glands), image.affine, region) * np.uint8(GLAND)
    if case.record.cancer and case.reference:
        lesions = np.asanyarray(nib.load(case.reference).dataobj) > 0
        classes[on_grid(lesions, image.affine, region)] = LESION
    return Case(
        hospital=cohort.hospital,
        name=case.record.case,
        cancer=case.record.cancer,
        index_scan=case.record.index_scan,
        hu=region.hu,
        prior=region.prior,
        classes=classes,
    )


def on_grid(mask: np.ndarray, affine: np.ndarray, region: Region) -> np.ndarray:
    """Where a mask fills half of a voxel or more; where it nowhere does, the voxel it fills most."""
    share = to_grid(prepare(mask, affine).hu[region.zone.box], region.zone)
    return share >= min(0.5, float(share.max()) or 1.0)
