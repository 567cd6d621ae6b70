"""What is known of the patients: groups by attribute, where an unknown is missing and never a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluator.errors import FaultLine, UsageError
from evaluator.ranking.names import collisions, same_name
from evaluator.ranking.panel import Codes
from evaluator.records import CaseRecord

HOSPITAL = "hospital"
CROSSED = "sex × race"
# In the order in which they are examined; "age" is put in bands.
KNOWN = ("scanner", "phase", "sex", "age", "age_band", "race")
UNKNOWN = frozenset(
    ("", "-", "–", "?", "unknown", "unk", "n/a", "na", "nan", "none", "null", "missing", "not available", "not known")
)
AGE_EDGES = (50, 65, 80)
AGE_BANDS = ("under 50", "50–64", "65–79", "80 and over")


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """Of each attribute the groups in alphabetical order and each patient's group (−1: unknown), shape (patients,)."""

    codes: Mapping[str, Codes] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refused: tuple[FaultLine, ...] = ()
    notes: tuple[str, ...] = ()


def age_band(text: str) -> str:
    """The band of an age in years; what is no number stays as it is."""
    try:
        years = float(text)
    except ValueError:
        return text
    return AGE_BANDS[int(np.searchsorted(AGE_EDGES, years, side="right"))] if np.isfinite(years) else ""


def columns_for(header: Sequence[str], by: Sequence[str] | None) -> tuple[str, ...]:
    """Which columns of a table hold the attributes: those asked for, else those that are known by name.

    Raises
    ------
    UsageError
        An attribute was asked for that the table does not have.
    """
    if by is None:
        return tuple(name for name in KNOWN if name in header)
    wanted = [part for name in by for part in (("sex", "race") if name == CROSSED else (name,)) if part != HOSPITAL]
    lacking = [name for name in dict.fromkeys(wanted) if name not in header]
    if lacking:
        raise UsageError(
            f"The table has no column {', '.join(map(repr, lacking))} to look at the ranking by.",
            why=f"Its columns are {', '.join(header)}.",
            next_step="Name a column of the table.",
        )
    return tuple(dict.fromkeys(wanted))


def examined(found: Mapping[str, tuple[str, ...]], by: Sequence[str] | None) -> tuple[str, ...]:
    """The attributes to examine, hospital first, in a fixed order: those asked for, else all that are there."""
    return (HOSPITAL, *found) if by is None else tuple(dict.fromkeys(by))


def encode(values: Mapping[str, tuple[Sequence[str], Codes]]) -> Attributes:
    """Groups from names as they were written.

    Parameters
    ----------
    values : mapping of str to (names, codes)
        By attribute: the names that occur and of each patient which one it is; −1 is unknown.

    Returns
    -------
    Attributes
        An attribute whose groups differ only by case or spaces is refused. Where sex and race are both there, so is
        their combination.
    """
    codes: dict[str, Codes] = {}
    groups: dict[str, tuple[str, ...]] = {}
    refused = []
    for attribute, (names, at) in values.items():
        written = [age_band(name) if attribute == "age" else " ".join(name.split()) for name in names]
        known = [name if same_name(name) not in UNKNOWN else "" for name in written]
        twins = collisions(name for name in dict.fromkeys(known) if name)
        if twins:
            spellings = ", ".join(map(repr, sorted({name for twin in twins.values() for name in twin})))
            fault = FaultLine(
                what=f"groups of {attribute} that differ only by case: {spellings}",
                where=f"column {attribute}",
                why="they may be one group under two names",
                next="give each group one spelling",
            )
            refused.append(fault)
            continue
        groups[attribute] = tuple(sorted({name for name in known if name}, key=_in_bands))
        place = {name: number for number, name in enumerate(groups[attribute])}
        codes[attribute] = np.array([*(place.get(name, -1) for name in known), -1], dtype=np.int64)[at]
    if {"sex", "race"} <= codes.keys():
        codes[CROSSED], groups[CROSSED] = _crossed(codes, groups)
    return Attributes(codes=codes, groups=groups, refused=tuple(refused))


def _in_bands(name: str) -> tuple[int, str]:
    return (AGE_BANDS.index(name) if name in AGE_BANDS else len(AGE_BANDS), name)


def case_attributes(cases: Sequence[CaseRecord]) -> Attributes:
    """The attributes of index scans, one a patient; an attribute that no scan has is left out."""
    values = {}
    for attribute in ("scanner", "phase", "sex", "age", "race"):
        texts = ["" if (value := getattr(case, attribute)) is None else str(value) for case in cases]
        if any(texts):
            names, at = np.unique(np.array(texts), return_inverse=True)
            values[attribute] = ([str(name) for name in names], at.astype(np.int64))
    return encode(values)


def _crossed(codes: Mapping[str, Codes], groups: Mapping[str, tuple[str, ...]]) -> tuple[Codes, tuple[str, ...]]:
    """Sex and race together; unknown where either is."""
    races = len(groups["race"])
    pair = np.where((codes["sex"] < 0) | (codes["race"] < 0), -1, codes["sex"] * races + codes["race"])
    found = np.unique(pair[pair >= 0])
    place = np.full(len(groups["sex"]) * races + 1, -1, dtype=np.int64)
    place[found] = np.arange(len(found))
    names = tuple(f"{groups['sex'][one // races]} × {groups['race'][one % races]}" for one in found.tolist())
    return place[pair], names
