"""Case results as rows by COPY beside documents by digest: to load, to read for a ranking, and on the disk.

``DATABASE_URL=postgresql://… python -m tests.benchmarks.storage`` measures 200 submissions on 36,390 cases of 145
hospitals, 7.3 million case results, in a database of which it uses one table that it drops; ``--small`` some seconds'
worth. Rows hold eight numbers of a case, what a ranking and a comparison need. Documents hold the same as columns
(`evaluator.ranking.packed`); beside them stands what a hospital sent, the whole of it, which rows of eight numbers
would need still: as a document, and as PostgreSQL's JSON.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import psycopg
import typer
import zstandard

from evaluator import results as wire
from evaluator.ranking import Entry, entry_of, pack, read_patients, unpack
from evaluator.records import CaseRecord, SubmissionRecord
from evaluator.results import Results
from evaluator.synthetic.answers import Patients, answer, make_patients

ROWS, COLUMNS = "rows by COPY", "columns by digest"
SENT_JSONB, SENT_DOCUMENT = "what was sent, JSONB", "what was sent, document"
TABLE = """CREATE TABLE benchmark_case_result (
    submission int NOT NULL, hospital int NOT NULL, patient int NOT NULL, cancer bool NOT NULL, correct bool NOT NULL,
    failed bool NOT NULL, likelihood float8 NOT NULL, size_mm float8)"""
DROP = "DROP TABLE IF EXISTS benchmark_case_result, benchmark_sent"


@dataclass(frozen=True, kw_only=True)
class Size:
    hospitals: int = 145
    cases: int = 36_390
    submissions: int = 200


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Seconds to load and to read everything, bytes on the disk, and a sum that proves that it was read."""

    name: str
    case_results: int
    load: float
    read: float
    disk: int
    right: int


def patients_of(size: Size) -> list[Patients]:
    rng = np.random.default_rng(1)
    cases = size.cases // size.hospitals
    return [make_patients(f"hospital {number:03d}", cases, rng=rng) for number in range(size.hospitals)]


def submissions(patients: list[Patients], *, distinct: int = 4) -> list[Results]:
    """A few that differ, of which many are made: to make them up is no part of what is measured."""
    made = []
    for number in range(distinct):
        rng = np.random.default_rng([2, number])
        cohorts = tuple(answer(one, skill=1.0, failing=0.002, rng=rng) for one in patients)
        submission = SubmissionRecord(model=str(number), image="sha256:0")
        found = Results(schema=wire.SCHEMA, scorer="", hit_rule="", submission=submission, cohorts=cohorts)
        made.append(found)
    return made


def timed(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


class Files:
    """Documents by digest in a folder, as `leaderboard.lib.documents` keeps them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept = 0

    def keep(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self.folder / digest
        if not path.exists():
            path.write_bytes(zstandard.compress(content, 3))
        return digest

    def read(self, digest: str) -> bytes:
        return zstandard.decompress((self.folder / digest).read_bytes())

    @property
    def size(self) -> int:
        return sum(path.stat().st_blocks * 512 for path in self.folder.iterdir())


def columns(size: Size, entries: list[Entry], folder: Path) -> Measured:
    files, names = Files(folder), []

    def load() -> None:
        for number in range(size.submissions):
            entry = entries[number % len(entries)]
            # Another likelihood makes another document, as other submissions do.
            for one in entry.hospitals.values():
                one.likelihood[0] = number / size.submissions
            names.append(pack(entry, keep=files.keep))

    right = 0

    def read() -> None:
        nonlocal right

        @cache
        def patients(digest: str) -> tuple[CaseRecord, ...]:
            return read_patients(files.read(digest))

        for name in names:
            found = unpack(files.read(name), patients=patients)
            right += sum(int(one.correct.sum()) for one in found.hospitals.values())

    seconds = timed(load), timed(read)
    return Measured(
        name=COLUMNS, case_results=counted(size), load=seconds[0], read=seconds[1], disk=files.size, right=right
    )


def rows(size: Size, entries: list[Entry], database: str) -> Measured:
    right = 0
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(DROP)
        connection.execute(TABLE)

        def load() -> None:
            types = ["int4", "int4", "int4", "bool", "bool", "bool", "float8", "float8"]
            with connection.cursor().copy("COPY benchmark_case_result FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(types)
                for number in range(size.submissions):
                    for hospital, one in enumerate(entries[number % len(entries)].hospitals.values()):
                        answers = (one.correct.tolist(), one.likelihood.tolist(), one.size_mm.tolist())
                        for at, (case, correct, said, mm) in enumerate(zip(one.patients, *answers, strict=True)):
                            copy.write_row((number, hospital, at, case.cancer, correct, False, said, mm))
            connection.execute("CREATE INDEX ON benchmark_case_result (submission, hospital)")
            connection.execute("ANALYZE benchmark_case_result")

        def read() -> None:
            nonlocal right
            # Put together by the database: row by row it took seven times as long.
            asked = """SELECT submission, hospital, string_agg(CASE WHEN correct THEN '1' ELSE '0' END, ''
                    ORDER BY patient)
                FROM benchmark_case_result GROUP BY submission, hospital"""
            for _, _, answers in connection.execute(asked):
                right += int((np.frombuffer(answers.encode(), dtype=np.uint8) == ord("1")).sum())

        seconds = timed(load), timed(read)
        disk = connection.execute("SELECT pg_total_relation_size('benchmark_case_result')").fetchone()
        connection.execute(DROP)
    assert disk is not None
    return Measured(
        name=ROWS, case_results=counted(size), load=seconds[0], read=seconds[1], disk=int(disk[0]), right=right
    )


def sent_document(found: Results, folder: Path) -> Measured:
    """One submission's, hospital by hospital."""
    files, right = Files(folder), 0
    names: list[str] = []
    parts = [msgspec.json.encode(cohort, order="sorted") for cohort in found.cohorts]

    def load() -> None:
        names.extend(files.keep(part) for part in parts)

    def read() -> None:
        nonlocal right
        cases = (case for name in names for case in msgspec.json.decode(files.read(name))["cases"])
        right = sum(case["likelihood"] is not None for case in cases)

    seconds = timed(load), timed(read)
    total = sum(len(cohort.cases) for cohort in found.cohorts)
    return Measured(
        name=SENT_DOCUMENT, case_results=total, load=seconds[0], read=seconds[1], disk=files.size, right=right
    )


def sent_jsonb(found: Results, database: str) -> Measured:
    parts = [msgspec.json.encode(cohort, order="sorted").decode() for cohort in found.cohorts]
    right = 0
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(DROP)
        connection.execute("CREATE TABLE benchmark_sent (id int PRIMARY KEY, payload jsonb NOT NULL)")

        def load() -> None:
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO benchmark_sent VALUES (%s, %s)", list(enumerate(parts)))

        def read() -> None:
            nonlocal right
            for (payload,) in connection.execute("SELECT payload FROM benchmark_sent"):
                right += sum(case["likelihood"] is not None for case in payload["cases"])

        seconds = timed(load), timed(read)
        disk = connection.execute("SELECT pg_total_relation_size('benchmark_sent')").fetchone()
        connection.execute(DROP)
    assert disk is not None
    total = sum(len(cohort.cases) for cohort in found.cohorts)
    return Measured(
        name=SENT_JSONB, case_results=total, load=seconds[0], read=seconds[1], disk=int(disk[0]), right=right
    )


def counted(size: Size) -> int:
    return size.submissions * (size.cases // size.hospitals) * size.hospitals


def measure(size: Size, *, database: str | None) -> list[Measured]:
    """Without a PostgreSQL, the documents alone."""
    patients = patients_of(size)
    found = submissions(patients)
    entries = [entry_of([one]) for one in found]
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("columns", "sent"):
            (Path(folder) / name).mkdir()
        if database:
            measured.append(rows(size, entries, database))
        measured.append(columns(size, entries, Path(folder) / "columns"))
        if database:
            measured.append(sent_jsonb(found[0], database))
        measured.append(sent_document(found[0], Path(folder) / "sent"))
    return measured


def table(measured: list[Measured]) -> str:
    """Times and bytes, and how many times as much the rows, and the JSONB, take."""
    lines = [f"{'':26}{'case results':>14}{'load':>10}{'read':>10}{'disk':>10}"]
    for one in measured:
        numbers = f"{one.load:8.1f} s{one.read:8.2f} s{one.disk / 1e6:7.0f} MB"
        lines.append(f"{one.name:26}{one.case_results:14,}{numbers}")
    by_name = {one.name: one for one in measured}
    for more, less in ((ROWS, COLUMNS), (SENT_JSONB, SENT_DOCUMENT)):
        if more in by_name and less in by_name:
            a, b = by_name[more], by_name[less]
            ratios = {"load": a.load / b.load, "read": a.read / b.read, "disk": a.disk / b.disk}
            lines.append(f"{more} / {less}: " + ", ".join(f"{name} {ratio:.1f}×" for name, ratio in ratios.items()))
    return "\n".join(lines)


def main(
    small: Annotated[bool, typer.Option("--small", help="Seconds' worth, to see that all of it works.")] = False,
) -> None:
    """Print the table."""
    url = os.environ.get("DATABASE_URL", "")
    size = Size(hospitals=4, cases=400, submissions=6) if small else Size()
    typer.echo(table(measure(size, database=url if url.startswith("postgres") else None)))


if __name__ == "__main__":
    typer.run(main)
