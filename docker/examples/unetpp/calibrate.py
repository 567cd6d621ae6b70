"""Hold the weights against hospitals that were not trained on, and fit how sure to be of what they find.

In docker/examples/, with the project installed: python -m unetpp.calibrate DIR… [--device auto] [--out unetpp]
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from unetpp.cases import Case, read_cases
from unetpp.network import LESION, UNetPlusPlus, choose_device, load_network
from unetpp.record import add_calibration
from unetpp.region import inputs
from unetpp.score import Calibration, candidates
from unetpp.windows import slide


@dataclass(frozen=True)
class Judged:
    """What the network makes of a validation case."""

    case: Case
    features: list[tuple[float, ...]]  # by candidate, most suspicious first
    dice: float | None  # of the lesion voxels at 0.5; None without a lesion


def judge(network: UNetPlusPlus, cases: Sequence[Case], device: torch.device) -> list[Judged]:
    judged = []
    for case in cases:
        found = slide(network.probabilities, inputs(case.hu, case.prior), device=device)
        wanted, lesion = case.classes == LESION, found[LESION] >= 0.5
        dice = 2 * (wanted & lesion).sum() / (wanted.sum() + lesion.sum()) if wanted.any() else None
        judged.append(Judged(case, [candidate.features() for candidate in candidates(found, case.hu)], dice))
    return judged


def summary(judged: Sequence[Judged]) -> dict[str, float]:
    ill = [one.case.cancer for one in judged]
    dices = [one.dice for one in judged if one.dice is not None]
    peaks = [one.features[0][0] for one in judged]
    return {
        "validation_auc": round(float(roc_auc_score(ill, peaks)), 4),
        "validation_lesion_dice": round(float(np.mean(dices)), 4),
    }


def calibrate(judged: Sequence[Judged]) -> Calibration:
    """On each patient's most suspicious candidate; both truths weigh the same."""
    model = LogisticRegression(class_weight="balanced", C=10.0, max_iter=1000)
    model.fit([one.features[0] for one in judged], [one.case.cancer for one in judged])
    bias, peak, size, contrast = (round(float(weight), 4) for weight in (*model.intercept_, *model.coef_[0]))
    return Calibration(bias=bias, peak=peak, size=size, contrast=contrast)


def main() -> None:
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="cohort folders of hospitals that were not trained on")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    told = parser.parse_args()
    cases = [case for case in read_cases(told.folders, workers=cores) if case.index_scan]
    device = choose_device(told.device)
    judged = judge(load_network(told.out / "weights.npz", device), cases, device)
    add_calibration(
        told.out / "training.json",
        folders=told.folders,
        cases=cases,
        calibration=calibrate(judged),
        validation=summary(judged),
    )


if __name__ == "__main__":
    main()
