"""Which scan of a patient counts: the one the table names, else the default of the statistics.

Cancers: the latest scan up to the diagnosis. Others: the earliest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from evaluator.cohort.layout import TABLE_FILE
from evaluator.cohort.table import Row
from evaluator.errors import FaultLine


def choose_index_scans(rows: Sequence[Row]) -> tuple[frozenset[str], list[FaultLine]]:
    """The cases that are index scans, and the patients for whom none can be told."""
    patients = defaultdict[str, list[Row]](list)
    for row in rows:
        patients[row.patient].append(row)
    chosen, faults = set[str](), list[FaultLine]()
    for patient, scans in patients.items():
        where = f"{TABLE_FILE} row {', '.join(str(scan.line) for scan in scans)}"
        if len({scan.cancer for scan in scans}) > 1:
            faults.append(FaultLine(what=f"patient {patient} is both with and without cancer", where=where))
            continue
        found = _named(scans) if scans[0].index_scan is not None else _default(scans)
        if isinstance(found, Row):
            chosen.add(found.case)
        else:
            faults.append(FaultLine(what=f"patient {patient} {found}", where=where))
    return frozenset(chosen), faults


def _named(scans: Sequence[Row]) -> Row | str:
    named = [scan for scan in scans if scan.index_scan]
    if len(named) != 1:
        return f"has {len(named) or 'no'} index scans, exactly one is needed"
    if (named[0].lead_time_months or 0) < 0:
        return "has an index scan from after the diagnosis"
    return named[0]


def _default(scans: Sequence[Row]) -> Row | str:
    if not scans[0].cancer:
        return _one(scans, [scan.scan_day for scan in scans], "scan_day")
    before = [scan for scan in scans if (scan.lead_time_months or 0) >= 0]
    if not before:
        return "has only scans from after the diagnosis"
    return _one(before, [scan.lead_time_months for scan in before], "lead_time_months")


def _one(scans: Sequence[Row], order: Sequence[float | None], column: str) -> Row | str:
    """The scan with the smallest value; a single scan needs none."""
    if len(scans) == 1:
        return scans[0]
    known = [value for value in order if value is not None]
    if len(known) < len(scans) or known.count(min(known)) > 1:
        return f"has several scans, and {column} does not tell which is the index scan; add it, or a column index_scan"
    return scans[order.index(min(known))]
