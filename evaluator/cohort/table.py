"""``cases.csv``: one row a scan, read cell by cell so that every fault is named with its row and column."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from evaluator.cohort.layout import CASE_NAME, TABLE_FILE
from evaluator.errors import FaultLine
from evaluator.records import TruthSource

REQUIRED = ("case", "patient", "cancer")
DESCRIBED = {
    "case": "Name of the scan, as its folders are called: letters, digits, dot, hyphen, underscore.",
    "patient": "Name of the patient within the cohort, the same for all scans of one; no real identifier.",
    "cancer": "1 if the patient has cancer, else 0.",
    "index_scan": "1 for the one scan of a patient that counts. Without this column: of a cancer the latest scan "
    "up to the diagnosis, else the earliest.",
    "reference": "mask or diagnosis: whether lesions.nii.gz is the truth, or the diagnosis alone. Blank: mask if it is "
    "there.",
    "scan_day": "Days since any day of the patient's, to tell the order of scans.",
    "sex": "F, M or O.",
    "age": "In years, at the scan.",
    "race": "As the hospital records it.",
    "phase": "Of the contrast agent: venous, arterial, …",
    "scanner": "Its model.",
    "slice_thickness_mm": "As reconstructed, in millimetres.",
    "lead_time_months": "From this scan to the diagnosis, in months; negative after it.",
}
COLUMNS = tuple(DESCRIBED)
T = TypeVar("T")
LARGEST_TABLE = 64 * 1024**2
_YES, _NO = ("1", "true", "yes", "y"), ("0", "false", "no", "n")
_SEXES = {"f": "F", "female": "F", "m": "M", "male": "M", "o": "O", "other": "O"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row as typed: blanks are None."""

    line: int
    case: str
    patient: str
    cancer: bool
    index_scan: bool | None
    reference: TruthSource | None
    scan_day: float | None
    sex: str | None
    age: int | None
    race: str | None
    phase: str | None
    scanner: str | None
    slice_thickness_mm: float | None
    lead_time_months: float | None

    @property
    def where(self) -> str:
        return f"{TABLE_FILE} row {self.line}"


@dataclass(frozen=True, kw_only=True)
class Table:
    rows: tuple[Row, ...] = ()
    faults: list[FaultLine] = field(default_factory=list)
    warnings: list[FaultLine] = field(default_factory=list)
    names: frozenset[str] = frozenset()  # of all cases, also of rows that have faults


def write_table(path: Path, rows: Iterable[dict[str, object]]) -> None:
    """Write known columns in their order; None becomes a blank, a truth value 1 or 0."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: int(value) if isinstance(value, bool) else value for key, value in row.items()})


def read_table(path: Path) -> Table:
    """Every row whose patient and files are clear, and every fault."""
    if not path.is_file():
        return Table(faults=[_fault("is missing", next_step=f"Write it with the columns {', '.join(REQUIRED)}.")])
    if path.stat().st_size > LARGEST_TABLE:
        return Table(faults=[_fault("is larger than 64 MiB")])
    try:
        text = path.read_bytes().decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except UnicodeDecodeError as error:
        return Table(faults=[_fault("is not UTF-8", why=str(error), next_step="Save it as CSV UTF-8.")])
    except csv.Error as error:
        return Table(faults=[_fault("is not CSV", why=str(error))])
    header = [name.strip().lower() for name in lines[0]] if lines else []
    faults, warnings = _header(header)
    if faults:
        return Table(faults=faults, warnings=warnings)
    return _rows(lines[1:], header, warnings)


def _header(header: list[str]) -> tuple[list[FaultLine], list[FaultLine]]:
    missing = [name for name in REQUIRED if name not in header]
    if len(header) == 1 and ";" in header[0]:
        return [_fault("has one column", why="It was saved with semicolons.", next_step="Save it with commas.")], []
    faults = [_fault(f"has no column {name!r}") for name in missing]
    faults += [_fault(f"has the column {name!r} twice") for name in sorted({n for n in header if header.count(n) > 1})]
    unknown = [name for name in header if name not in COLUMNS]
    return faults, [_fault(f"column {name!r} is not known and is not read") for name in unknown]


def _rows(lines: list[list[str]], header: list[str], warnings: list[FaultLine]) -> Table:
    rows, faults, first = [], [], dict[str, tuple[int, str]]()
    for line, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        reader = _Reader(line, dict(zip(header, cells, strict=False)))
        if len(cells) != len(header):
            reader.complain(f"has {len(cells)} cells, the header has {len(header)}")
        row = reader.row()
        if earlier := first.get(row.case.casefold()):
            same = "is there already" if earlier[1] == row.case else f"differs from {earlier[1]!r} only in case"
            reader.complain(f"case {row.case!r} {same}, in row {earlier[0]}", column="case")
        first.setdefault(row.case.casefold(), (line, row.case))
        faults += reader.faults
        if reader.usable:
            rows.append(row)
    if not first:
        faults.append(_fault("has no rows"))
    return Table(
        rows=tuple(rows), faults=faults, warnings=warnings, names=frozenset(name for _, name in first.values())
    )


class _Reader:
    """Cells of one row to values; a cell that cannot be read adds a fault and reads as blank."""

    def __init__(self, line: int, cells: dict[str, str]) -> None:
        self.line = line
        self.cells = {name: cell.strip() for name, cell in cells.items()}
        self.faults: list[FaultLine] = []
        self.usable = True  # its patient and its files can be checked all the same

    def complain(self, what: str, *, column: str = "") -> None:
        self.usable &= column not in ("", *REQUIRED, "index_scan")
        where = f"{TABLE_FILE} row {self.line}" + (f", column {column}" if column else "")
        self.faults.append(FaultLine(what=what, where=where))

    def row(self) -> Row:
        cancer = self._truth("cancer")
        if cancer is None and not self.faults:
            self.complain("is blank; write 1 or 0", column="cancer")
        lead = self._number("lead_time_months", -240, 600)
        if lead is not None and cancer is False:
            self.complain("is given for a patient without cancer", column="lead_time_months")
        age = self._number("age", 0, 125)
        return Row(
            line=self.line,
            case=self._name("case"),
            patient=self._name("patient"),
            cancer=bool(cancer),
            index_scan=bool(self._truth("index_scan")) if "index_scan" in self.cells else None,
            reference=self._choice("reference", {source.value: source for source in TruthSource}),
            scan_day=self._number("scan_day", -1e6, 1e6),
            sex=self._choice("sex", _SEXES),
            age=None if age is None else int(age),
            race=self._text("race"),
            phase=self._text("phase", str.lower),
            scanner=self._text("scanner"),
            slice_thickness_mm=self._number("slice_thickness_mm", 0.05, 50),
            lead_time_months=lead,
        )

    def _name(self, column: str) -> str:
        value = self.cells.get(column, "")
        if not CASE_NAME.fullmatch(value) or ".." in value:
            self.complain(
                f"{value!r} is not a name: letters, digits, dot, hyphen and underscore, at most 64", column=column
            )
        return value

    def _truth(self, column: str) -> bool | None:
        value = self.cells.get(column, "")
        if value and value.lower() not in _YES + _NO:
            self.complain(f"{value!r} is neither 1 nor 0", column=column)
        return value.lower() in _YES if value.lower() in _YES + _NO else None

    def _choice(self, column: str, choices: Mapping[str, T]) -> T | None:
        value = self.cells.get(column, "")
        if value and value.lower() not in choices:
            self.complain(f"{value!r} is not one of {', '.join(choices)}", column=column)
        return choices.get(value.lower())

    def _text(self, column: str, fold: Callable[[str], str] = str) -> str | None:
        value = self.cells.get(column, "")
        if len(value) > 80 or not value.isprintable():
            self.complain("is longer than 80 characters or not printable", column=column)
        return fold(value) or None

    def _number(self, column: str, least: float, most: float) -> float | None:
        value = self.cells.get(column, "")
        if not value:
            return None
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            self.complain(f"{value!r} is not a number from {least:g} to {most:g}", column=column)
            return None
        return number


def _fault(what: str, *, why: str = "", next_step: str = "") -> FaultLine:
    return FaultLine(what=what, where=TABLE_FILE, why=why, next=next_step)
