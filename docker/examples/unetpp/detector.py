"""A small 3-D UNet++: the weights are loaded once, then every case of the batch goes through it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from common.folder import main
from common.scan import Finding, Scan
from unetpp.network import LESION, UNetPlusPlus, choose_device, load_network
from unetpp.region import Region, take
from unetpp.score import Calibration, candidates
from unetpp.windows import slide

HERE = Path(__file__).parent
WEIGHTS, RECORD = HERE / "weights.npz", HERE / "training.json"
DEVICE = "auto"  # or cpu, or cuda


def make_detector(device: torch.device) -> Callable[[Scan], list[Finding]]:
    network = load_network(WEIGHTS, device)
    calibration = Calibration(**json.loads(RECORD.read_text())["calibration"])
    return lambda scan: detect(scan, network, calibration, device)


def detect(scan: Scan, network: UNetPlusPlus, calibration: Calibration, device: torch.device) -> list[Finding]:
    region = take(scan)
    found = slide(network.probabilities, region.image(), device=device)
    return [
        Finding(
            mask=outline(candidate.mask * found[LESION], region, scan), confidence=calibration.confidence(candidate)
        )
        for candidate in candidates(found, region.hu)
    ]


def outline(lesion: np.ndarray, region: Region, scan: Scan) -> np.ndarray:
    """On the scan's grid: where the probability is half of its peak or more."""
    whole = region.to_scan(lesion, scan)
    return (whole > 0) & (whole >= whole.max() / 2)


if __name__ == "__main__":
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    device = choose_device(DEVICE)
    print(f"on {device}, {torch.get_num_threads()} threads", flush=True)
    main(make_detector(device))
