"""Bringing in what radiologists said of a benchmark's own cases."""

from __future__ import annotations

import csv
import hashlib
import io

from django.db import transaction

from leaderboard.audit.services import record
from leaderboard.awards.models import ReaderStudy
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Case
from leaderboard.lib.errors import Fault, Refusal

COLUMNS = ["hospital", "patient", "reader", "flagged"]
YES_NO = {"1": 1, "0": 0}
NAMED_AT_MOST = 20


@transaction.atomic
def readers_import(*, benchmark: Benchmark, table: str, source: str) -> ReaderStudy:
    """A CSV with a row for each reader and patient; it takes the place of an earlier one.

    Parameters
    ----------
    benchmark : Benchmark
        Whose held-out patients were read.
    table : str
        Columns hospital (its name), patient, reader, flagged (1 or 0).
    source : str
        Who read, how, and where it is described.

    Raises
    ------
    Refusal
        Columns, values, patients or readers that do not fit; each is named.
    """
    rows = list(csv.reader(io.StringIO(table.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))))
    if not rows or [head.strip() for head in rows[0]] != COLUMNS:
        raise Refusal("This is no table of readings.", why=f"Its columns must be {', '.join(COLUMNS)}.")
    panel = Case.objects.filter(cohort__benchmarks=benchmark, index_scan=True)
    known = set(panel.values_list("cohort__hospital__name", "patient"))
    said: dict[tuple[str, str], dict[str, int]] = {}
    faults = []
    for number, row in enumerate(rows[1:], start=2):
        where = f"line {number}"
        if len(row) != len(COLUMNS) or row[3].strip() not in YES_NO:
            faults.append(Fault(where=where, what="It takes four values, the last of them 1 or 0."))
            continue
        hospital, patient, reader, flagged = (value.strip() for value in row)
        one = said.setdefault((hospital, patient), {})
        if (hospital, patient) not in known:
            faults.append(Fault(where=where, what=f"{patient} of {hospital} is no held-out patient of this benchmark."))
        elif reader in one:
            faults.append(Fault(where=where, what=f"{reader} has read {patient} before."))
        one[reader] = YES_NO[flagged]
    readers = sorted({reader for one in said.values() for reader in one})
    if len(readers) < 2:
        faults.append(Fault(what="It takes two readers or more: the variation of one is unknown."))
    faults += [
        Fault(what=f"{patient} of {hospital} was not read by {', '.join(sorted(set(readers) - set(one)))}.")
        for (hospital, patient), one in said.items()
        if len(one) < len(readers)
    ]
    if faults:
        raise Refusal(
            "The readings are not taken in.",
            why="Every reader must have read every patient, once.",
            faults=faults[:NAMED_AT_MOST],
        )
    given = {
        "source": source,
        "readers": readers,
        "calls": [[*place, [one[reader] for reader in readers]] for place, one in sorted(said.items())],
        "sha256": hashlib.sha256(table.encode()).hexdigest(),
    }
    study, _ = ReaderStudy.objects.update_or_create(benchmark=benchmark, defaults=given)
    record(
        "readers.imported", f"benchmark {benchmark.slug}", sha256=study.sha256, readers=len(readers), patients=len(said)
    )
    return study
