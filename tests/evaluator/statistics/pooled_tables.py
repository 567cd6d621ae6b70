"""The tables of tests/oracles/pooling.R: hospital, positives, detected, negatives, false positives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluator.statistics.pooled import HospitalCounts

Arrays = tuple[NDArray[np.int_], NDArray[np.int_]]  # events and totals, (hospitals, 2)


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split()]


TABLES: dict[str, tuple[list[int], list[int], list[int], list[int]]] = {
    "seven": (
        [40, 25, 60, 33, 12, 80, 51],
        [37, 20, 58, 27, 12, 71, 50],
        [100, 60, 150, 90, 44, 210, 130],
        [4, 9, 3, 6, 0, 25, 2],
    ),
    "gaps": (
        [40, 0, 60, 33, 12, 80, 51, 45],
        [37, 0, 52, 21, 12, 71, 50, 33],
        [100, 60, 150, 0, 44, 210, 130, 77],
        [4, 12, 3, 0, 0, 40, 2, 11],
    ),
    "alike": ([40] * 6, [36, 36, 37, 36, 35, 36], [100] * 6, [4, 19, 3, 11, 1, 25]),
    "same": ([40, 80, 20, 60, 40], [35, 73, 18, 55, 36], [100, 50, 200, 150, 100], [5, 2, 7, 6, 3]),
    "opposed": ([60] * 6, [40, 45, 50, 54, 57, 59], [90] * 6, [1, 3, 7, 14, 23, 38]),
    "huge": (
        [4000, 200, 250, 210, 190, 200],
        [3800, 170, 240, 180, 185, 160],
        [40000, 2000, 2500, 2100, 1900, 2000],
        [400, 90, 10, 75, 30, 120],
    ),
    "kearon": (  # metadat's dat.kearon1998, complete rows
        _numbers("333 25 28 25 77 46 34 29 40 41 97 50 34 23 121 25 25 24 14 23 32 61 49 26 42 27 22 31 28 55"),
        _numbers("325 20 25 22 70 40 27 25 40 39 75 49 33 20 94 22 10 15 10 13 10 16 12 13 24 17 5 18 24 26"),
        _numbers("505 29 23 25 143 19 41 35 37 36 60 50 75 64 353 47 53 32 47 123 56 186 138 74 57 91 46 245 104 89"),
        _numbers("22 0 0 1 1 1 5 7 10 7 1 0 0 0 7 2 6 3 3 0 1 2 1 8 2 6 1 5 0 8"),
    ),
}


def arrays(name: str) -> Arrays:
    positives, detected, negatives, false_positives = (np.array(column) for column in TABLES[name])
    return np.column_stack([detected, negatives - false_positives]), np.column_stack([positives, negatives])


def hospitals(name: str) -> list[HospitalCounts]:
    return [
        HospitalCounts(
            hospital=f"H{number}", positives=positives, detected=detected, negatives=negatives, false_positives=alarms
        )
        for number, (positives, detected, negatives, alarms) in enumerate(zip(*TABLES[name], strict=True))
    ]
