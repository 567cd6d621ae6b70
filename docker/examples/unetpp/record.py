"""What is kept of a training: enough to do it again, and to see whether the weights are those it made."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from evaluator.synthetic import MARK
from unetpp.cases import Case
from unetpp.network import CHANNELS, UNetPlusPlus
from unetpp.patches import PATCH
from unetpp.region import VOXEL_MM
from unetpp.score import Calibration


@dataclass(frozen=True)
class Settings:
    steps: int = 2000
    seed: int = 1
    batch: int = 4
    rate: float = 1.5e-3  # at its highest
    warm: int = 50  # steps; before the rate rises, afterwards it falls as the root of the steps does
    memory: float = 0.99  # of the running mean of the weights, which is what is kept
    decay: float = 1e-2
    clip: float = 5.0  # of the gradient's length
    bfloat16: bool = True  # convolutions while training; answers are given in float32


def write_record(
    path: Path,
    *,
    settings: Settings,
    cohorts: Mapping[str, Sequence[Path]],
    cases: Mapping[str, Sequence[Case]],
    curve: Sequence[Mapping[str, float]],
    weights: Path,
    network: UNetPlusPlus,
    device: torch.device,
    seconds: float,
    before: Path | None = None,
) -> None:
    """``before``: the record of the training whose weights this one began with, kept whole."""
    record = {
        "schema": "training/1",
        "weights": {"file": weights.name, "sha256": sha256(weights), "bytes": weights.stat().st_size},
        "network": {
            "channels": list(CHANNELS),
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "patch": list(PATCH),
            "voxel_mm": VOXEL_MM.tolist(),
        },
        "settings": asdict(settings),
        "data": {purpose: describe(cohorts[purpose], cases[purpose]) for purpose in cohorts},
        "curve": [dict(point) for point in curve],
        "hardware": {
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else processor(),
            "threads": torch.get_num_threads(),
        },
        "wall_seconds": round(seconds),
        "before": json.loads(before.read_text()) if before else None,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "numpy", "scipy", "nibabel", "scikit-learn")},
        },
    }
    path.write_text(json.dumps(record, indent=1) + "\n")


def add_calibration(
    path: Path,
    *,
    folders: Sequence[Path],
    cases: Sequence[Case],
    calibration: Calibration,
    validation: Mapping[str, float],
) -> None:
    record = json.loads(path.read_text())
    record["data"]["validation"] = describe(folders, cases)
    record |= {"calibration": asdict(calibration), "validation": dict(validation)}
    path.write_text(json.dumps(record, indent=1) + "\n")


def describe(folders: Sequence[Path], cases: Sequence[Case]) -> dict[str, Any]:
    """How much, and of which hospitals: their folders beside the order by which `evaluator synthesize` makes them."""
    places = sorted({folder.resolve().parent for folder in folders})
    return {
        "scans": len(cases),
        "scans_with_cancer": sum(case.cancer for case in cases),
        "cohorts": [
            {
                "order": json.loads((place / MARK).read_text()) if (place / MARK).is_file() else None,
                "hospitals": [folder.name for folder in folders if folder.resolve().parent == place],
            }
            for place in places
        ],
    }


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
