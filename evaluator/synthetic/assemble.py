"""Cohorts on disk: each patient's scans rendered by a process of its own, the same bytes for the same numbers."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from evaluator.cohort import CohortHeader, write_header, write_table
from evaluator.cohort.layout import TABLE_FILE, ct_path, lesions_path, organs_path
from evaluator.synthetic.anatomy import Anatomy, paint
from evaluator.synthetic.atlas import draw_anatomy
from evaluator.synthetic.hospitals import Hospital
from evaluator.synthetic.patients import PatientPlan, ScanPlan, plan_patients
from evaluator.synthetic.scanner import Shadow, expose, scan_axes, to_volume
from evaluator.synthetic.shapes import Axes, Ellipsoid
from evaluator.synthetic.tissue import ORGANS, PANCREAS, organ_numbers
from evaluator.synthetic.tumour import Tumour, cover, grow
from evaluator.volumes import write_nifti

MIMICRY = 0.5  # of a tumour's contrast


@dataclass(frozen=True, kw_only=True)
class CohortPlan:
    """One cohort to be made: ``number`` keeps its random numbers apart from other hospitals'."""

    path: Path
    hospital: Hospital
    number: int
    seed: int
    patients: tuple[PatientPlan, ...]

    def rng(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.number, *purpose])


def plan_cohort(path: Path, *, hospital: Hospital, number: int, seed: int, scans: int) -> CohortPlan:
    rng = np.random.default_rng([seed, number])
    return CohortPlan(
        path=path,
        hospital=hospital,
        number=number,
        seed=seed,
        patients=plan_patients(rng, hospital=hospital, scans=scans),
    )


def make_cohorts(plans: Sequence[CohortPlan], *, progress: Callable[[], object] | None, workers: int | None) -> None:
    """Render every scan that is not there yet, then the table and the header of each cohort."""
    work = [(plan, patient) for plan in plans for patient in plan.patients]
    for made in _each(work, workers=workers or os.cpu_count() or 1):
        for _ in range(made):
            if progress:
                progress()
    for plan in plans:
        write_table(plan.path / TABLE_FILE, sorted(_rows(plan), key=lambda row: str(row["case"])))
        organs = {str(number): name for number, name in ORGANS.items()}
        name = f"{plan.hospital.name} (synthetic)"
        header = CohortHeader(schema="cohort/1", hospital=plan.hospital.slug, name=name, version="1", organs=organs)
        write_header(plan.path, header)


def make_patient(plan: CohortPlan, patient: PatientPlan) -> int:
    """Render one patient's scans; returns how many there are."""
    missing = [scan for scan in patient.scans if not _complete(plan.path, scan.case)]
    if missing:
        anatomy = _anatomy(plan, patient)
        rng = plan.rng(patient.number, 2)
        seats = patient.seats or tuple(filter(None, [patient.mimic]))
        tumours = [grow(rng, anatomy=anatomy, course=seat.course, diameter=seat.diameter_mm) for seat in seats]
        for scan in missing:
            _make_scan(plan, patient, scan, anatomy, tumours)
    return len(patient.scans)


def _each(work: list[tuple[CohortPlan, PatientPlan]], *, workers: int) -> Iterator[int]:
    if workers == 1:
        yield from (make_patient(*item) for item in work)
        return
    # Spawned, because a forked copy of a threaded parent can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(work)), mp_context=context) as pool:
        futures = [pool.submit(make_patient, *item) for item in work]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _anatomy(plan: CohortPlan, patient: PatientPlan) -> Anatomy:
    rng = plan.rng(patient.number, 1)
    anatomy = draw_anatomy(rng, size=patient.size, fat=patient.fat_mm, age=patient.age or 60)
    curve = anatomy.pancreas.tube
    cysts = []
    for _ in range(patient.cysts):
        course = float(rng.uniform(0.1, 0.95))
        radius = float(rng.uniform(2.5, 6.5))
        if all(abs(course - seat.course) > 0.2 for seat in patient.seats):
            centre = curve.points[int(course * (len(curve.points) - 1))] + rng.normal(0, 3, 3)
            cysts.append(Ellipsoid(centre=(centre[0], centre[1], centre[2]), radii=(radius, radius, radius * 1.1)))
    for _ in range(int(rng.integers(0, 4))):
        place, radius = rng.uniform((70, -50, 0), (120, 50, 70)), float(rng.uniform(3, 12))
        cysts.append(Ellipsoid(centre=(place[0], place[1], place[2]), radii=(radius, radius, radius)))
    return replace(anatomy, cysts=tuple(cysts))


def _make_scan(
    plan: CohortPlan, patient: PatientPlan, scan: ScanPlan, anatomy: Anatomy, tumours: Sequence[Tumour]
) -> None:
    rng = plan.rng(patient.number, 3, scan.number)
    hospital = plan.hospital
    axes = scan_axes(rng, hospital=hospital, size=patient.size, fat=patient.fat_mm)
    tissue = paint(_diseased(anatomy, patient, scan), axes)
    diameters = (patient.mimic.diameter_mm,) if patient.mimic else scan.diameters_mm
    shadows = [
        _shadow(tumour, axes, tissue, diameter=diameter, strength=MIMICRY if patient.mimic else 1.0)
        for tumour, diameter in zip(tumours, diameters, strict=True)
        if diameter
    ]
    image = expose(rng, hospital=hospital, phase=scan.phase, tissue=tissue, axes=axes, shadows=shadows)
    organs = organ_numbers()[tissue]
    lesions = _lesions(shadows if patient.cancer else (), organs)
    shift = np.append(rng.uniform(-25, 25, 2), rng.uniform(-300, 300)).round(2)

    ct_path(plan.path, scan.case).parent.mkdir(parents=True, exist_ok=True)
    lesions_path(plan.path, scan.case).parent.mkdir(parents=True, exist_ok=True)
    written: list[tuple[Path, NDArray[Any]]] = [(organs_path(plan.path, scan.case), organs)]
    if scan.visible or not patient.cancer:
        written.append((lesions_path(plan.path, scan.case), lesions))
    written.append((ct_path(plan.path, scan.case), image))  # last: it marks the scan complete
    for path, voxels in written:
        write_nifti(path, to_volume(voxels, axes, flips=hospital.flips, shift=shift))


def _complete(path: Path, case: str) -> bool:
    return ct_path(path, case).is_file()


def _diseased(anatomy: Anatomy, patient: PatientPlan, scan: ScanPlan) -> Anatomy:
    """Upstream of a tumour of 12 mm and more the duct widens and the gland shrinks, in six patients of ten."""
    if not (patient.seats and patient.dilated_duct and scan.diameters_mm[0] >= 12 and patient.seats[0].course < 0.75):
        return anatomy
    duct, loss = 1.6 + 0.05 * min(scan.diameters_mm[0], 30), 0.2
    pancreas = replace(anatomy.pancreas, duct=duct, blocked=patient.seats[0].course, atrophy=loss)
    return replace(anatomy, pancreas=pancreas)


def _shadow(tumour: Tumour, axes: Axes, tissue: NDArray[np.uint8], *, diameter: float, strength: float) -> Shadow:
    share, box = cover(tumour, diameter=diameter, axes=axes, tissue=tissue)
    return Shadow(share=share, box=box, diameter_mm=diameter, strength=strength)


def _lesions(shadows: Sequence[Shadow], organs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Number the lesions, and give what a tumour has pushed out of the gland to the nearest part of the pancreas."""
    lesions = np.zeros(organs.shape, dtype=np.uint8)
    for number, shadow in enumerate(shadows, start=1):
        here, inside = organs[shadow.box], shadow.share >= 0.5
        gland = (here >= 1) & (here <= len(PANCREAS))
        nearest = ndimage.distance_transform_edt(~gland, return_distances=False, return_indices=True)
        here[inside] = here[tuple(nearest)][inside]
        lesions[shadow.box][inside] = number
    return lesions


def _rows(plan: CohortPlan) -> Iterator[dict[str, object]]:
    for patient in plan.patients:
        for scan in patient.scans:
            yield {
                "case": scan.case,
                "patient": patient.patient,
                "cancer": patient.cancer,
                "index_scan": scan.index_scan,
                "reference": "mask" if scan.visible or not patient.cancer else "diagnosis",
                "scan_day": scan.day,
                "sex": patient.sex,
                "age": patient.age,
                "race": patient.race,
                "phase": scan.phase,
                "scanner": scan.scanner,
                "slice_thickness_mm": plan.hospital.slice_mm,
                "lead_time_months": scan.lead_time_months,
            }
