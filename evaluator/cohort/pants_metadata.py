"""The PanTS table: columns under many spellings, values with stray marks; what is not understood is noted."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl

from evaluator.errors import FaultLine, InputRefused

CASE = re.compile(r"PanTS_\d{8}")
ID, TUMOUR = "pants id", "tumor"
AGE, SEX, PHASE, MAKER, MODEL = "age", "sex", "ct phase", "manufacturer", "manufacturer model"
READ = (ID, TUMOUR, AGE, SEX, PHASE, MAKER, MODEL)
IGNORED = (
    "spacing",
    "shape",
    "study type",
    "study year",
    "site",
    "site detail",
    "site nationality",
    "tumor centroid",
    "structured report",
)
# "portal venous" must be found before "venous", "late arterial" before "arterial".
_PHASES = (
    ("non", "non-contrast"),
    ("plain", "non-contrast"),
    ("without", "non-contrast"),
    ("pancreatic", "pancreatic"),
    ("late arterial", "pancreatic"),
    ("delay", "delayed"),
    ("portal", "venous"),
    ("venous", "venous"),
    ("arterial", "arterial"),
)
_MAKERS = ("siemens", "ge", "philips", "toshiba", "canon", "hitachi", "united imaging")


@dataclass
class Notes:
    """What was not understood, and where."""

    lines: list[FaultLine] = field(default_factory=list)

    def add(self, where: str, what: str, why: str = "") -> None:
        self.lines.append(FaultLine(what=what, where=where, why=why))


def attributes(metadata: Mapping[str, str], notes: Notes, case: str) -> dict[str, object]:
    """Our columns of what a patient and a scan are like; what cannot be read is blank and noted."""
    sex, age, phase = (metadata.get(key, "") for key in (SEX, AGE, PHASE))
    years, kind = number(age), _phase(phase)
    if sex and sex[0].lower() not in "mf":
        notes.add(case, f"sex {sex!r} is not understood; left blank")
    if age and (years is None or not 0 <= years <= 125):
        notes.add(case, f"age {age!r} is not understood; left blank")
        years = None
    if phase and kind is None:
        notes.add(case, f"phase {phase!r} is not understood; left blank")
    return {
        "sex": sex[0].upper() if sex and sex[0].lower() in "mf" else None,
        "age": None if years is None else int(years),
        "phase": kind,
        "scanner": _scanner(metadata.get(MAKER, ""), metadata.get(MODEL, "")),
    }


def _phase(text: str) -> str | None:
    return next((kind for word, kind in _PHASES if word in text.lower()), None)


def _scanner(maker: str, model: str) -> str | None:
    """One spelling a maker: "GE MEDICAL SYSTEMS" and "GE" are one."""
    known = next((name for name in _MAKERS if maker.lower() == name or maker.lower().startswith(name + " ")), None)
    tidy = {"ge": "GE"}.get(known, known.title()) if known else maker
    return f"{tidy} {model}".strip()[:80] or None


def number(text: str) -> float | None:
    """One number, also written "061Y"; nothing for a list such as "61, 62"."""
    found = re.fullmatch(r"0*(\d+(?:\.\d+)?)\s*[Yy]?", text)
    return float(found[1]) if found else None


def read_metadata(source: Path, notes: Notes) -> dict[str, dict[str, str]]:
    """Cells by case and normalised column; the spreadsheet where both it and a CSV copy are there."""
    found = [*sorted(source.glob("*metadata*.xlsx")), *sorted(source.glob("*metadata*.csv"))]
    if not found:
        notes.add(str(source), "has no metadata.xlsx or metadata.csv; attributes are blank and the masks decide")
        return {}
    path = found[0]
    lines = [line for line in (_sheet(path) if path.suffix == ".xlsx" else _csv(path)) if any(line)]
    header = [_column(cell) for cell in lines[0]] if lines else []
    if ID not in header:
        raise InputRefused(f"{path} has no column 'PanTS ID'.", why=f"It has {', '.join(filter(None, header))}.")
    for column in header:
        if column not in READ + IGNORED:
            notes.add(path.name, f"column {column!r} is not known and is not read")
    metadata: dict[str, dict[str, str]] = {}
    for position, line in enumerate(lines[1:], start=2):
        row = {column: cell for column, cell in zip(header, line, strict=False) if column}
        case = row.get(ID, "")
        if not CASE.fullmatch(case):
            notes.add(f"{path.name} row {position}", f"{case!r} is not a PanTS case; left out")
        elif case in metadata:
            notes.add(f"{path.name} row {position}", f"{case} is there already; the first row is read")
        else:
            metadata[case] = row
    return metadata


def _column(cell: str) -> str:
    return re.sub(r"[\s_]+", " ", cell.strip("﻿ ?").lower()).removesuffix("?").strip()


def _csv(path: Path) -> Iterable[list[str]]:
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    return [[_cell(cell) for cell in line] for line in csv.reader(io.StringIO(text, newline=""))]


def _sheet(path: Path) -> Iterable[list[str]]:
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # its readers raise whatever they meet in a broken file
        raise InputRefused(f"{path} cannot be read as a spreadsheet.", why=str(error)) from error
    try:
        return [[_cell(cell) for cell in line] for line in book.worksheets[0].iter_rows(values_only=True)]
    finally:
        book.close()


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "" if value is None else str(value).strip("﻿ \t\r\n")
    return "" if text.lower() in ("nan", "none", "n/a", "na", "unknown") else text
