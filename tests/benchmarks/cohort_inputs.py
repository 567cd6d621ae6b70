"""Cohorts and panels of a stated size, written once, so that every program reads the same numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluator.ranking.panel import NEGATIVE, POSITIVE, Cell, Panel
from evaluator.ranking.significance import draw_counts

SEED = 20261126
PREVALENCE = 0.3
Truth = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Size:
    """Patients in all, those of them at each hospital a share."""

    models: int
    hospitals: int
    patients: int
    replicates: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Cohort:
    """Likelihoods (patients, models) with few ties, and how often each patient is drawn in each replicate."""

    truth: Truth
    hospital: NDArray[np.int_]
    likelihood: NDArray[np.float64]
    times: NDArray[np.int64]


def write_cohort(path: Path, size: Size) -> Path:
    rng = np.random.default_rng(SEED)
    truth = np.arange(size.patients) % 10 < 10 * PREVALENCE
    skill = np.linspace(1.0, 2.0, size.models)
    signal = rng.normal(size=(size.patients, 1)) / 2 + rng.normal(size=(size.patients, size.models))
    likelihood = 1 / (1 + np.exp(-(signal + (truth[:, None] - 0.5) * skill)))
    # Every hospital has every truth: ten patients in a row are three with cancer and seven without.
    hospital = np.arange(size.patients) // 10 % size.hospitals
    times = draw_counts(size.patients, size.replicates, rng)
    np.savez(path, truth=truth, hospital=hospital, likelihood=likelihood.round(3), times=times)
    return path


def read_cohort(path: Path) -> Cohort:
    with np.load(path) as found:
        return Cohort(**{name: found[name] for name in ("truth", "hospital", "likelihood", "times")})


def panel_of(cohort: Cohort) -> Panel:
    """Answers at one half, a cell for each hospital and truth."""
    models = cohort.likelihood.shape[1]
    hospitals = [f"hospital {number:03d}" for number in range(cohort.hospital.max() + 1)]
    correct = ((cohort.likelihood > 0.5) == cohort.truth[:, None]).astype(np.float64)
    cells = tuple(
        Cell(hospital=name, group=group, weight=1.0, answers=correct[(cohort.hospital == at) & (cohort.truth == truth)])
        for at, name in enumerate(hospitals)
        for group, truth in ((POSITIVE, True), (NEGATIVE, False))
    )
    return Panel(
        models=tuple(f"model {number:03d}" for number in range(models)),
        hospitals=tuple(hospitals),
        cells=cells,
        offset=-1.0,
        pooled_weights={POSITIVE: 1.0, NEGATIVE: 1.0},
        cases={name: int((cohort.hospital == at).sum()) for at, name in enumerate(hospitals)},
        statistic="Se − (1 − Sp)",
    )


def write_table(path: Path, cohort: Cohort) -> Path:
    """The long table of `rank --table`: a row for each model and patient, with attributes of the patient."""
    patients, models = cohort.likelihood.shape
    rng = np.random.default_rng(SEED + 1)
    sex, race = rng.choice(["F", "M"], patients), rng.choice(["A", "B", "C", "D"], patients)
    age, phase = rng.integers(30, 90, patients), rng.choice(["venous", "arterial"], patients)
    names = np.array([f"patient {number:06d}" for number in range(patients)])
    for model in range(models):
        rows = pd.DataFrame(
            {
                "model": f"model {model:03d}",
                "hospital": [f"hospital {at:03d}" for at in cohort.hospital],
                "case": names,
                "patient": names,
                "truth": cohort.truth.astype(int),
                "correct": ((cohort.likelihood[:, model] > 0.5) == cohort.truth).astype(int),
                "sex": sex,
                "race": race,
                "age": age,
                "phase": phase,
            }
        )
        rows.to_csv(path, mode="a" if model else "w", header=not model, index=False)
    return path
