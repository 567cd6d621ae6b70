"""Cohorts for demonstrations and tests: drawn, not photographed, and different at every hospital."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec

from evaluator.cohort import check_cohort, write_manifest
from evaluator.errors import CohortRefused, UsageError
from evaluator.learnt import learn
from evaluator.results import dump
from evaluator.synthetic.assemble import CohortPlan, make_cohorts, plan_cohort
from evaluator.synthetic.hospitals import CALIBRATION, SAMPLE, Hospital, choose_hospitals

GENERATOR = "synthetic/1"
MARK = "synthesis.json"  # in the folder: what was asked for, and whether it is done
SAMPLE_CASES = 4
SAMPLE_NUMBER, CALIBRATION_NUMBER = 1000, 1001  # no hospital has these numbers


@dataclass(frozen=True, kw_only=True)
class Order:
    """What was asked for. The same order gives the same bytes with the same versions of the libraries."""

    hospitals: int
    cases: int
    seed: int
    coarseness: float = 1.0
    calibration: int = 0
    generator: str = GENERATOR
    complete: bool = False


learn(Order)


def synthesize(
    out: Path,
    *,
    hospitals: int,
    cases: int,
    seed: int,
    progress: Callable[[], object] | None = None,
    workers: int | None = None,
    coarseness: float = 1.0,
    calibration: int = 0,
) -> list[Path]:
    """Write a cohort folder a hospital and a small public sample; finish an interrupted one; leave a finished one.

    ``cases`` counts scans per hospital, ``calibration`` those of one more cohort, mostly without cancer, to freeze
    operating points on (0: none); ``coarseness`` multiplies voxel sizes, for quick tests. Returns the cohort folders:
    the hospitals', the calibration cohort's, and the sample last. Raises UsageError where ``out`` holds anything else.
    """
    order = Order(hospitals=hospitals, cases=cases, seed=seed, coarseness=coarseness, calibration=calibration)
    if not (0 < hospitals <= 100 and seed >= 0 and 1 <= coarseness <= 8):
        raise UsageError("Between 1 and 100 hospitals can be made, with a seed of 0 or more.")
    plans = [
        _plan(out, hospital, number=number, order=order, cases=cases)
        for number, hospital in enumerate(choose_hospitals(hospitals, seed=seed))
    ]
    if calibration:
        plans.append(_plan(out, CALIBRATION, number=CALIBRATION_NUMBER, order=order, cases=calibration))
    plans.append(_plan(out, SAMPLE, number=SAMPLE_NUMBER, order=order, cases=SAMPLE_CASES))
    paths = [plan.path for plan in plans]
    if is_finished(out, order):
        return paths
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).write_bytes(dump(asdict(order)))
    make_cohorts(plans, progress=progress, workers=workers)
    for path in paths:
        check = check_cohort(path)
        if check.cohort is None:
            raise CohortRefused(f"The cohort made in {path} has faults; this is our error.", faults=check.faults)
        write_manifest(check.cohort)
    (out / MARK).write_bytes(dump(asdict(replace(order, complete=True))))
    return paths


def is_finished(out: Path, order: Order) -> bool:
    """Whether exactly this was made here before; False where it was begun, or nothing is there yet.

    Raises UsageError where the folder holds something else.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return False
    try:
        found = msgspec.json.decode((out / MARK).read_bytes(), type=Order)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        found = None
    if found is None or replace(found, complete=False) != order:
        raise UsageError(
            f"{out} is not empty" + (", it holds cohorts of other numbers." if found else "."),
            why=f"It was made with {found.hospitals} hospitals, {found.cases} cases, seed {found.seed}."
            if found
            else "",
            next_step="Name a new folder, or delete this one.",
        )
    return found.complete


def _plan(out: Path, hospital: Hospital, *, number: int, order: Order, cases: int) -> CohortPlan:
    across, along = hospital.spacing_mm
    coarse = replace(
        hospital,
        spacing_mm=(across * order.coarseness, along * order.coarseness),
        slice_mm=hospital.slice_mm * order.coarseness,
    )
    return plan_cohort(out / hospital.slug, hospital=coarse, number=number, seed=order.seed, scans=cases)
