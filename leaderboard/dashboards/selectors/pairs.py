"""Two models' answers on the same patients, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.ranking import Entry as Answers
from evaluator.statistics.strata import SIZE_STRATA


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Patients whom both models answered; of each array but the first two the last axis is theirs."""

    hospital: NDArray[np.int_]  # number of the hospital
    names: Sequence[str]  # of the hospitals
    cancer: NDArray[np.bool_]
    size_mm: NDArray[np.float64]  # NaN without a lesion reference
    correct: NDArray[np.bool_]  # (2, patients)
    likelihood: NDArray[np.float64]  # (2, patients)

    def only(self, mine: NDArray[np.bool_]) -> Pairs:
        return replace(
            self,
            hospital=self.hospital[mine],
            cancer=self.cancer[mine],
            size_mm=self.size_mm[mine],
            correct=self.correct[:, mine],
            likelihood=self.likelihood[:, mine],
        )

    def at(self, name: str) -> Pairs:
        return self.only(self.hospital == (self.names.index(name) if name in self.names else -1))

    def in_stratum(self, name: str) -> Pairs:
        """Those whose largest tumour is of a size stratum; nobody, where there is none of the name."""
        stratum = next((stratum for stratum in SIZE_STRATA if stratum.name == name), None)
        sizes = (None if np.isnan(size) else float(size) for size in self.size_mm)
        return self.only(np.array([stratum is not None and stratum.has(size) for size in sizes], dtype=bool))


def paired(first: Answers, second: Answers) -> Pairs:
    """The same patients' answers, hospital by hospital."""
    mine, theirs = first.hospitals, second.hospitals
    names = [name for name in mine if name in theirs]
    parts = []
    for number, name in enumerate(names):
        one, two = mine[name], theirs[name]
        place = {case.patient: at for at, case in enumerate(two.patients)}
        a = [at for at, case in enumerate(one.patients) if case.patient in place]
        b = [place[one.patients[at].patient] for at in a]
        parts.append(
            Pairs(
                hospital=np.full(len(a), number),
                names=names,
                cancer=np.array([one.patients[at].cancer for at in a], dtype=bool),
                size_mm=one.size_mm[a],
                correct=np.stack([one.correct[a], two.correct[b]]),
                likelihood=np.stack([one.likelihood[a], two.likelihood[b]]),
            )
        )

    def joined(name: str, empty: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts], axis=-1) if parts else empty

    return Pairs(
        hospital=joined("hospital", np.empty(0, dtype=int)),
        names=names,
        cancer=joined("cancer", np.empty(0, dtype=bool)),
        size_mm=joined("size_mm", np.empty(0)),
        correct=joined("correct", np.empty((2, 0), dtype=bool)),
        likelihood=joined("likelihood", np.empty((2, 0))),
    )
