"""How often all rank sets of a panel hold the true ranks at once, with models that are equal or nearly so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from evaluator.ranking import rank_table
from tests.benchmarks.simulations.coverage import Coverage

ALIKE = 0.5  # correlation of the models' answers to one patient: some patients are hard for all


@dataclass(frozen=True, kw_only=True)
class Field:
    """Models by their sensitivity and specificity, and hospitals of so many positive and negative patients."""

    name: str
    models: Sequence[tuple[float, float]]
    hospitals: int
    patients: int

    @property
    def scores(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.round([se + sp - 1 for se, sp in self.models], 12)


FIELDS = (
    Field(name="5 equal models, 4 hospitals × 30", models=[(0.9, 0.9)] * 5, hospitals=4, patients=30),
    Field(
        name="ties and near-ties, 4 hospitals × 30",
        models=[(0.9, 0.9), (0.85, 0.95), (0.89, 0.9), (0.85, 0.85), (0.7, 0.8)],
        hospitals=4,
        patients=30,
    ),
    Field(
        name="nearly perfect, 3 hospitals × 50",
        models=[(1.0, 0.99), (0.99, 1.0), (0.98, 0.99), (0.95, 0.97)],
        hospitals=3,
        patients=50,
    ),
)


def simulate(field: Field, *, replicates: int, draws: int, seed: int) -> tuple[Coverage, Coverage]:
    """Coverage of all rank sets at once, and how often the best model is placed above the worst."""
    rng = np.random.default_rng(seed)
    scores = field.scores
    least = 1 + (scores[None, :] > scores[:, None]).sum(axis=1)
    most = len(scores) - (scores[None, :] < scores[:, None]).sum(axis=1)
    held = apart = 0
    for replicate in range(replicates):
        ranking = rank_table(_answers(field, rng), value="correct", replicates=draws, seed=replicate)
        found = {int(model.model): model.rank_set for model in ranking.models}
        held += all(low <= least[m] and high >= most[m] for m, (low, high) in found.items())
        best, worst = int(scores.argmax()), int(scores.argmin())
        apart += found[best][1] < found[worst][0]
    return (
        Coverage(what=f"rank sets: {field.name}", held=held, replicates=replicates),
        Coverage(what=f"best above worst: {field.name}", held=apart, replicates=replicates),
    )


def _answers(field: Field, rng: np.random.Generator) -> pd.DataFrame:
    """A long table of right and wrong answers; a patient's difficulty is the same for every model."""
    parts = []
    for hospital in range(field.hospitals):
        for truth in (1, 0):
            hard = rng.standard_normal((field.patients, 1)) * np.sqrt(ALIKE)
            own = rng.standard_normal((field.patients, len(field.models))) * np.sqrt(1 - ALIKE)
            right = hard + own <= ndtri([rates[1 - truth] for rates in field.models])
            patient, model = np.meshgrid(np.arange(field.patients), np.arange(len(field.models)), indexing="ij")
            names = [f"{hospital}-{truth}-{number}" for number in patient.ravel()]
            parts.append(
                pd.DataFrame(
                    {
                        "model": model.ravel().astype(str),
                        "hospital": f"hospital {hospital}",
                        "case": names,
                        "patient": names,
                        "truth": truth,
                        "correct": right.ravel().astype(int),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)
