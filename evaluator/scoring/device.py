"""Where the two heaviest steps run: the joint histogram of two label maps, and searches between far surfaces."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from evaluator.scoring.label_map import LabelMap
from evaluator.scoring.voxels import values_at

Points = NDArray[np.float64]  # (n, 3), mm

_HOLLOW = 2**26  # queries × targets from which a tree needs tight boxes


class Device(Protocol):
    """What a device does for the scorer; every one gives the same results to 1e-5."""

    def agreement(self, reference: LabelMap, prediction: LabelMap) -> dict[int, int]:
        """Of two label maps, on how many voxels both hold a label: the diagonal of their joint histogram."""

    def search(self, queries: Points, targets: Points, *, upto: float = math.inf) -> NDArray[np.float64]:
        """Distance from each query to the nearest target, mm, shape (n,); beyond ``upto`` it may be infinite."""


class Cpu:
    def agreement(self, reference: LabelMap, prediction: LabelMap) -> dict[int, int]:
        same = reference.labels[reference.labels == values_at(reference.flat, prediction.volume)]
        labels, counts = np.unique(same, return_counts=True)
        return {int(label): int(count) for label, count in zip(labels, counts, strict=True)}

    def search(self, queries: Points, targets: Points, *, upto: float = math.inf) -> NDArray[np.float64]:
        if len(queries) * len(targets) < _HOLLOW or upto < math.inf:
            tree = KDTree(targets, balanced_tree=False, compact_nodes=False)
            return np.asarray(tree.query(queries, distance_upper_bound=upto * (1 + 1e-9))[0])
        # scipy's boxes are not tight: from inside a hollow surface it looks at nearly all of it (8 ms a query).
        from sklearn.neighbors import KDTree as TightTree  # noqa: PLC0415 - takes a second, and is needed for giants

        return np.asarray(TightTree(targets, leaf_size=40).query(queries)[0][:, 0])


CPU = Cpu()
