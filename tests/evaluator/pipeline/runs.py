"""A program that detects, and a run of it through a cohort on the fake engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from evaluator.cohort import Cohort
from evaluator.container.fake_engine import FakeBox, FakeEngine, Program
from evaluator.container.limits import Limits
from evaluator.errors import (
    FailureClass,
)
from evaluator.pipeline import run_cohort
from evaluator.records import CohortResult, Volume
from evaluator.volumes import read_volume, write_nifti

IMAGE = "sha256:" + "1" * 64


def detector(before: Callable[[FakeBox, int], None] = lambda box, number: None) -> Program:
    """Finds every dark cube. ``before`` is called with the tiny cohort's case number and may spoil it."""

    def program(box: FakeBox) -> int:
        for case in json.loads((box.input / "cases.json").read_text())["cases"]:
            scan = read_volume(box.input / case["ct"])
            before(box, int(scan.data[0, 0, 0]) - 100 if scan.data[0, 0, 0] > 0 else 0)
            out = box.output / case["id"]
            out.mkdir()
            found = ((scan.data > -10) & (scan.data < 10)).astype(np.uint8)
            write_nifti(out / "lesions.nii.gz", Volume(found, scan.grid))
            (out / "prediction.json").write_text(json.dumps({"likelihood": float(found.any())}))
        return 0

    return program


def run(program: Program, cohort: Cohort, *, engine: FakeEngine | None = None, **options: Any) -> CohortResult:
    settings: dict[str, Any] = {"limits": Limits(), "rng": np.random.default_rng(5), "contract": "folder"}
    return run_cohort(
        engine=engine or FakeEngine({IMAGE: program}),
        image=IMAGE,
        cohort=cohort,
        state=cohort.path.parent / "state",
        **(settings | options),
    )


def failures(result: CohortResult) -> list[FailureClass | None]:
    return [case.failure for case in result.cases]
