"""T-Sen by the lesion's own size and location together: where small tumours are missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evaluator.statistics.intervals import ClusteredRate, clustered
from evaluator.statistics.outcomes import LesionOutcome, Outcome
from evaluator.statistics.strata import SIZE_STRATA, SIZE_SUMS, SizeStratum

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


def cells_and_sums(
    tables: Mapping[str, Mapping[str, Mapping[str, ClusteredRate]]], *, whole: str
) -> tuple[dict[Cell, int], list[tuple[Cell, ...]]]:
    """Patients behind each cell of hospitals × locations × sizes, and which cells add up to which.

    ``whole`` is the name of the column that the hospitals add up to.
    """
    counts = {
        (at, place, size): rate.patients or 0
        for at, places in tables.items()
        for place, sizes in places.items()
        for size, rate in sizes.items()
    }
    sums: list[tuple[Cell, ...]] = []
    for at, places in tables.items():
        sums += [tuple((at, place, size) for size in group) for place in places for group in SIZE_SUMS]
        sums += [tuple((at, place, stratum.name) for place in places) for stratum in SIZE_STRATA]
    for place, sizes in tables[whole].items():
        sums += [tuple((at, place, size) for at in tables if place in tables[at]) for size in sizes]
    return counts, sums
