"""T-Sen by the lesion's own size and location together: where small tumours are missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluator.statistics.intervals import ClusteredRate, clustered
from evaluator.statistics.outcomes import Outcome
from evaluator.statistics.strata import SIZE_STRATA, SIZE_SUMS, UNKNOWN

ANYWHERE = ""
Cell = tuple[str, str, str]  # hospital, location, size


def lesion_rates(localisable: Sequence[Outcome]) -> dict[str, dict[str, ClusteredRate]]:
    """T-Sen by location and size, clustered by patient.

    Parameters
    ----------
    localisable : sequence of Outcome
        Index scans with a lesion reference.

    Returns
    -------
    dict of dict of ClusteredRate
        By location ("" is all of them and the unknown too), then by size stratum.

    References
    ----------
    `evaluator.statistics.intervals.clustered`.
    """
    lesions = [(patient, one) for patient, outcome in enumerate(localisable) for one in outcome.lesions]
    patient = np.array([number for number, _ in lesions], dtype=np.int64)
    hit = np.array([one.hit for _, one in lesions], dtype=bool)
    sizes = {
        stratum.name: np.array([stratum.has(one.lesion.diameter_mm) for _, one in lesions], dtype=bool)
        for stratum in SIZE_STRATA
    }
    where = np.array([one.lesion.location or UNKNOWN for _, one in lesions], dtype=object)
    places = sorted({one.lesion.location for _, one in lesions if one.lesion.location is not None})

    def rate(mine: NDArray[np.bool_]) -> ClusteredRate:
        units = np.bincount(patient[mine], minlength=len(localisable))
        return clustered(np.bincount(patient[mine & hit], minlength=len(localisable)), units)

    anywhere = np.ones(len(lesions), dtype=bool)
    return {
        place: {
            name: rate(belongs & (anywhere if place == ANYWHERE else where == place)) for name, belongs in sizes.items()
        }
        for place in (ANYWHERE, *places)
    }


def unplaced(localisable: Sequence[Outcome]) -> dict[str, int]:
    """Patients with a lesion of unknown location, by its size: on no page, but a subtraction away.

    Parameters
    ----------
    localisable : sequence of Outcome
        Index scans with a lesion reference, one a patient.

    Returns
    -------
    dict of str to int
        Without the sizes of nobody.
    """
    lost = [
        [one.lesion.diameter_mm for one in outcome.lesions if one.lesion.location is None] for outcome in localisable
    ]
    patients = {size.name: sum(any(size.has(mm) for mm in mine) for mine in lost) for size in SIZE_STRATA}
    return {size: count for size, count in patients.items() if count}


def cells_and_sums(
    tables: Mapping[str, Mapping[str, Mapping[str, ClusteredRate]]],
    *,
    lost: Mapping[str, Mapping[str, int]],
    whole: str,
) -> tuple[dict[Cell, int], list[list[Cell]]]:
    """Patients behind each cell of hospitals × locations × sizes, and which cells add up to which.

    ``whole`` is the name of the column that the hospitals add up to; ``lost`` has `unplaced` of each.
    """
    counts = {
        (at, place, size): rate.patients or 0
        for at, places in tables.items()
        for place, sizes in places.items()
        for size, rate in sizes.items()
    }
    counts |= {(at, UNKNOWN, size): patients for at, sizes in lost.items() for size, patients in sizes.items()}
    columns = [whole, *(at for at in tables if at != whole)]
    places = [*tables[whole], UNKNOWN]
    sizes = [stratum.name for stratum in SIZE_STRATA]
    sums: list[list[Cell]] = []
    for at in columns:
        sums += [[(at, place, size) for size in group] for place in places for group in SIZE_SUMS]
        sums += [[(at, place, size) for place in places] for size in sizes]
    sums += [[(at, place, size) for at in columns] for place in places for size in sizes]
    return counts, sums
