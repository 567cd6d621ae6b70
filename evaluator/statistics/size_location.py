"""T-Sen by the lesion's own size and location together: where small tumours are missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluator.statistics.intervals import ClusteredRate, clustered
from evaluator.statistics.outcomes import LesionOutcome, Outcome
from evaluator.statistics.strata import SIZE_STRATA, SIZE_SUMS, UNKNOWN, SizeStratum

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
    lesions = [one.lesion.location for outcome in localisable for one in outcome.lesions]
    places = sorted({place for place in lesions if place is not None})
    return {
        place: {stratum.name: _rate(localisable, place, stratum) for stratum in SIZE_STRATA}
        for place in (ANYWHERE, *places)
    }


def _rate(outcomes: Sequence[Outcome], place: str, stratum: SizeStratum) -> ClusteredRate:
    def belongs(one: LesionOutcome) -> bool:
        return place in (ANYWHERE, one.lesion.location) and stratum.has(one.lesion.diameter_mm)

    mine = [[one.hit for one in outcome.lesions if belongs(one)] for outcome in outcomes]
    return clustered([sum(hits) for hits in mine], [len(hits) for hits in mine])


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
