"""The heavy steps in torch. Small searches stay on the CPU, where they take less than a copy to a GPU."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from evaluator.errors import UsageError
from evaluator.records import Volume
from evaluator.scoring.device import CPU, Points
from evaluator.scoring.label_map import LabelMap

_LARGE = 2**24  # queries × targets worth the way to the device
_PAIRS = 2**26  # distances in memory at a time: 256 MiB


class TorchDevice:
    """A `Device` on which torch computes."""

    def __init__(self, name: str) -> None:
        self._device = torch.device(name)

    @classmethod
    def gpu(cls) -> TorchDevice:
        """The GPU that torch sees first.

        Raises
        ------
        UsageError
            It sees none.
        """
        if not torch.cuda.is_available():
            raise UsageError(
                "torch sees no GPU here.",
                why="There is none, its driver is missing, or this torch was built for the CPU only.",
                next_step="Leave --device out, or install a driver and a torch for CUDA.",
            )
        return cls("cuda")

    def agreement(self, reference: LabelMap, prediction: LabelMap) -> dict[int, int]:
        ours, theirs = (self._line(label_map.volume) for label_map in (reference, prediction))
        same, counts = torch.unique(ours[(ours == theirs) & (ours != 0)], return_counts=True)
        return {int(label): int(count) for label, count in zip(same.tolist(), counts.tolist(), strict=True)}

    def search(self, queries: Points, targets: Points, *, upto: float = math.inf) -> NDArray[np.float64]:
        """By brute force: float32 finds the nearest, float64 says how far it is."""
        if len(queries) * len(targets) < _LARGE:
            return CPU.search(queries, targets, upto=upto)
        centre = targets.mean(axis=0)
        goals = self._points(targets - centre)
        nearest = np.empty(len(queries), dtype=np.int64)
        step = max(1, _PAIRS // len(targets))
        for start in range(0, len(queries), step):
            some = self._points(queries[start : start + step] - centre)
            distances = torch.cdist(some, goals, compute_mode="donot_use_mm_for_euclid_dist")
            nearest[start : start + step] = distances.argmin(dim=1).cpu().numpy()
        return np.asarray(np.linalg.norm(queries - targets[nearest], axis=1))

    def _points(self, points: Points) -> torch.Tensor:
        return torch.from_numpy(points.astype(np.float32)).to(self._device)

    def _line(self, volume: Volume) -> torch.Tensor:
        line = np.ascontiguousarray(volume.data.T.reshape(-1))
        if line.dtype.kind == "u" and line.dtype.itemsize > 1:  # torch knows few operations on these
            line = line.astype(np.int64)
        return torch.from_numpy(line).to(self._device)
