"""How many of what a cohort holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evaluator.records import CaseRecord, Lesion
from evaluator.statistics.strata import SIZE_STRATA

SIZES = tuple(stratum for stratum in SIZE_STRATA if stratum.name not in ("all", "le20"))  # a partition


@dataclass(frozen=True, kw_only=True)
class CohortCounts:
    """``lesions`` are those of index scans, by stratum of their longest axial diameter."""

    patients: int
    positive: int
    negative: int
    scans: int
    before_diagnosis: int  # scans at least three months before
    lesions: dict[str, int]
    phases: dict[str, int]
    scanners: dict[str, int]
    sexes: dict[str, int]


def count(records: Sequence[CaseRecord], lesions: Sequence[tuple[Lesion, ...]]) -> CohortCounts:
    patients = [record for record in records if record.index_scan]
    found = [
        lesion.diameter_mm
        for record, drawn in zip(records, lesions, strict=True)
        if record.index_scan
        for lesion in drawn
    ]
    positive = sum(record.cancer for record in patients)
    return CohortCounts(
        patients=len(patients),
        positive=positive,
        negative=len(patients) - positive,
        scans=len(records),
        before_diagnosis=sum((record.lead_time_months or 0) >= 3 for record in records),
        lesions={size.name: sum(map(size.has, found)) for size in SIZES},
        phases=_tally(record.phase for record in records),
        scanners=_tally(record.scanner for record in records),
        sexes=_tally(record.sex for record in patients),
    )


def _tally(values: Iterable[str | None]) -> dict[str, int]:
    return dict(sorted(Counter(value or "unknown" for value in values).items()))
