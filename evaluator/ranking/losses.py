"""The ranking's own statistic as a loss of each patient: what the Ladder climbs on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import TableRefused
from evaluator.ranking.admission import FEWEST_PATIENTS
from evaluator.ranking.names import same_name
from evaluator.results import Results
from evaluator.statistics.outcomes import Outcome, answers


@dataclass(frozen=True, kw_only=True, eq=False)
class PanelLosses:
    """One submission's losses, hospital by hospital and patient by patient, in the order of their names."""

    losses: NDArray[np.float64]  # shape (patients,)
    hospitals: tuple[str, ...]
    trained_here: tuple[str, ...]  # the panel's hospitals that it was trained on

    @property
    def mean(self) -> float:
        return float(self.losses.mean())


def panel_losses(results: Sequence[Results], *, panel_minimum: int) -> PanelLosses:
    """What each patient of the panel adds to a submission's mean loss, so that θ = 1 − 2 × the mean.

    Parameters
    ----------
    results : sequence of Results
        Of one submission.
    panel_minimum : int
        Positive patients, and as many negative, that a hospital needs to be on the panel.

    Returns
    -------
    PanelLosses
        Right is 0; wrong is N / (2 H n) for N patients on the panel, H hospitals, and n patients of this hospital and
        truth: each hospital has one vote, and in it those with cancer as much as those without.

    Raises
    ------
    TableRefused
        The results cannot be counted, a patient has no answer yet, or no hospital is on the panel.

    References
    ----------
    θ = Se − (1 − Sp), Youden WJ. Cancer 1950;3:32–35; Blum A, Hardt M. The Ladder. ICML 2015.
    """
    fewest = max(panel_minimum, FEWEST_PATIENTS)
    submission = results[0].submission
    found = answers(results, threshold=submission.threshold)
    panel = {name: cells for name in sorted(found) if (cells := _cells(found[name].patients, fewest))}
    if not panel:
        raise TableRefused(
            f"No hospital is on the panel: it takes {fewest} positive and {fewest} negative patients.",
            next_step="Add cohorts, or lower the panel minimum.",
        )
    if waiting := sum(case.index_scan for name in panel for case in found[name].unanswered):
        raise TableRefused(f"{waiting} patients have no answer yet.", next_step="Wait for the runs to end.")
    everyone = sum(len(cell) for cells in panel.values() for cell in cells)
    losses = [
        0.0 if outcome.correct else everyone / (2 * len(panel) * len(cell))
        for cells in panel.values()
        for cell in cells
        for outcome in cell
    ]
    declared = {same_name(hospital) for hospital in submission.trained_on}
    return PanelLosses(
        losses=np.array(losses),
        hospitals=tuple(panel),
        trained_here=tuple(name for name in panel if same_name(name) in declared),
    )


def _cells(patients: Sequence[Outcome], fewest: int) -> tuple[list[Outcome], list[Outcome]] | None:
    """Patients with and without cancer by name; None where there are too few of either."""
    ordered = sorted(patients, key=lambda outcome: outcome.case.patient)
    positive = [outcome for outcome in ordered if outcome.case.cancer]
    negative = [outcome for outcome in ordered if not outcome.case.cancer]
    return (positive, negative) if min(len(positive), len(negative)) >= fewest else None
