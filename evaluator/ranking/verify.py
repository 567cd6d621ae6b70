"""Compute a snapshot's ranking again from its published table, and name everything that differs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluator import results as wire
from evaluator.ranking.admission import Admission, youden_panel
from evaluator.ranking.attribute_records import AttributeResult
from evaluator.ranking.attributes import CROSSED, HOSPITAL, Attributes, encode
from evaluator.ranking.panel import NEGATIVE, POSITIVE, Cell, Panel
from evaluator.ranking.publishable import without_groups
from evaluator.ranking.published import ANSWER, PATIENT, TRUTH, WITHHELD, from_cells
from evaluator.ranking.rank import rank_admitted
from evaluator.ranking.robustness import adjusted, attribute_rng, examine
from evaluator.ranking.snapshot import Snapshot, identify, read_snapshot, sha256
from evaluator.ranking.versions import RANKING, STATISTICS

TOLERANCE = 1e-9  # what two processors may make of one sum
# What follows from more than the table: taken as it is declared, and covered by the ID alone.
DECLARED = ("off_panel", "refused", "notes")
NAMED_AT_MOST = 200


@dataclass(frozen=True, kw_only=True)
class Difference:
    where: str
    published: Any
    recomputed: Any


@dataclass(frozen=True, kw_only=True)
class Verification:
    """``not_verified`` are attributes with withheld values, and what does not follow from the table."""

    identical: bool
    id: str
    differences: tuple[Difference, ...]
    not_verified: tuple[str, ...]


def verify_snapshot(folder: Path) -> Verification:
    """Compute every number of a snapshot again.

    Parameters
    ----------
    folder : Path
        With ``snapshot.json`` and ``patients.csv``.

    Returns
    -------
    Verification
        The digests of the table and of the record, then every number of the ranking; at most 200 differences.

    Raises
    ------
    InputRefused, TableRefused
        It is no snapshot of this version's schema.

    References
    ----------
    None: it is the same computation.
    """
    snapshot, content = read_snapshot(folder)
    differences = list(_digests(snapshot, content))
    table = _read(content)
    faults = list(_table_faults(snapshot, table))
    not_verified: tuple[str, ...] = DECLARED
    if not faults:
        withheld = _withheld(snapshot, table)
        not_verified = (*DECLARED, *(f"attributes.{name}" for name in withheld))
        recomputed = recompute(snapshot, table, withheld=withheld)
        published = {key: value for key, value in snapshot.ranking.items() if key not in DECLARED}
        published["attributes"] = {
            name: value for name, value in published.get("attributes", {}).items() if name not in withheld
        }
        faults = list(compare(published, recomputed, "ranking"))
    differences += faults
    return Verification(
        identical=not differences,
        id=snapshot.id,
        differences=tuple(differences[:NAMED_AT_MOST]),
        not_verified=not_verified,
    )


def _digests(snapshot: Snapshot, content: bytes) -> Iterator[Difference]:
    for where, published, found in (
        ("id", snapshot.id, identify(snapshot)),
        ("table_sha256", snapshot.table_sha256, sha256(content)),
        ("versions.ranking", snapshot.versions.get("ranking"), RANKING),
        ("versions.statistics", snapshot.versions.get("statistics"), STATISTICS),
    ):
        if published != found:
            yield Difference(where=where, published=published, recomputed=found)


def _read(content: bytes) -> pd.DataFrame:
    try:
        return from_cells(pd.read_csv(BytesIO(content), dtype=str, keep_default_na=False))
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        return pd.DataFrame()


def _table_faults(snapshot: Snapshot, table: pd.DataFrame) -> Iterator[Difference]:
    """What keeps the table from being counted, or makes it another panel."""
    answers = [f"{ANSWER}{model.model}" for model in snapshot.models]
    columns = [PATIENT, HOSPITAL, TRUTH, *snapshot.attributes, *answers]
    if list(table.columns) != columns:
        yield Difference(where="patients.csv, columns", published=columns, recomputed=list(table.columns))
        return
    wrong = [name for name in (TRUTH, *answers) if not table[name].isin(["0", "1"]).all()]
    for name in wrong:
        yield Difference(where=f"patients.csv, {name}", published="0 or 1", recomputed="something else")
    if table[PATIENT].duplicated().any():
        yield Difference(where="patients.csv, patient", published="each once", recomputed="a number appears twice")
    if wrong:
        return
    counts = {
        hospital: {POSITIVE: int((truth == "1").sum()), NEGATIVE: int((truth == "0").sum())}
        for hospital, truth in table.groupby(HOSPITAL)[TRUTH]
    }
    yield from compare(snapshot.panel, counts, "panel")


def _withheld(snapshot: Snapshot, table: pd.DataFrame) -> list[str]:
    found = [name for name in snapshot.attributes if (table[name] == WITHHELD).any()]
    return [*found, CROSSED] if {"sex", "race"} & set(found) else found


def recompute(snapshot: Snapshot, table: pd.DataFrame, *, withheld: list[str]) -> dict[str, Any]:
    """The ranking of the published table, as JSON has it; without the attributes that have withheld values."""
    panel = table_panel(snapshot, table, [name for name in snapshot.attributes if name not in withheld])
    columns = [model.model for model in snapshot.models]
    left_out = snapshot.ranking.get("unranked", [])
    admission = Admission(
        panel=panel,
        trained_on={model.model: model.trained_on for model in snapshot.models},
        submitted={model.model: model.submitted for model in snapshot.models},
    )
    ranking = rank_admitted(admission, by=(), replicates=snapshot.replicates, seed=snapshot.seed)
    found: dict[str, Any] = wire.to_builtins(ranking)
    found["unranked"] = [*(one for one in left_out if one["model"] not in columns), *found["unranked"]]
    ranked = panel.only([model.model for model in ranking.models if model.model in columns])
    found["attributes"] = _attributes(snapshot, panel, ranked, withheld)
    return {key: value for key, value in found.items() if key not in DECLARED}


def _attributes(snapshot: Snapshot, panel: Panel, ranked: Panel, withheld: list[str]) -> dict[str, Any]:
    """Attributes that can be examined again; Holm's family takes the p of the others as published.

    Counts are hidden in the ranking only where few patients are alike, which the table withholds as well.
    """
    in_order = ranked.only([model for model in panel.models if model in ranked.models]).in_order()
    published = snapshot.ranking.get("attributes", {})
    results = {}
    for name, result in published.items():
        if name in withheld:
            results[name] = AttributeResult(verdict=result["verdict"], why="", p=result["p"])
        elif name in panel.groups or name == HOSPITAL:
            rng = attribute_rng(snapshot.seed, name)
            results[name] = examine(in_order, name, replicates=snapshot.replicates, rng=rng)
    shown = {name: without_groups(one, minimum=snapshot.public_minimum) for name, one in adjusted(results).items()}
    found: dict[str, Any] = wire.to_builtins(shown)
    return {name: value for name, value in found.items() if name not in withheld}


def table_panel(snapshot: Snapshot, table: pd.DataFrame, attributes: list[str]) -> Panel:
    """The published table as a panel."""
    known = _encoded(table, attributes)
    answers = table[[f"{ANSWER}{model.model}" for model in snapshot.models]].to_numpy() == "1"
    hospital, truth = table[HOSPITAL].to_numpy(), table[TRUTH].to_numpy()
    cells = []
    for name in snapshot.panel:
        for group, written, weight in ((POSITIVE, "1", 1.0), (NEGATIVE, "0", snapshot.weight)):
            mine = (hospital == name) & (truth == written)
            labels = {attribute: codes[mine] for attribute, codes in known.codes.items()}
            cells.append(
                Cell(hospital=name, group=group, weight=weight, answers=answers[mine].astype(float), labels=labels)
            )
    return youden_panel(
        models=[model.model for model in snapshot.models],
        cells=cells,
        weight=snapshot.weight,
        cases={name: sum(counts.values()) for name, counts in snapshot.panel.items()},
        groups=known.groups,
    )


def _encoded(table: pd.DataFrame, attributes: list[str]) -> Attributes:
    values = {}
    for attribute in attributes:
        names, at = np.unique(table[attribute].to_numpy(dtype=str), return_inverse=True)
        values[attribute] = ([str(name) for name in names], at.astype(np.int64))
    return encode(values)


def compare(published: Any, recomputed: Any, where: str) -> Iterator[Difference]:
    """Walk two JSON values side by side; numbers may differ by rounding."""
    if isinstance(published, dict) and isinstance(recomputed, dict):
        for key in dict.fromkeys((*published, *recomputed)):
            if key in published and key in recomputed:
                yield from compare(published[key], recomputed[key], f"{where}.{key}")
            else:
                yield Difference(where=f"{where}.{key}", published=published.get(key), recomputed=recomputed.get(key))
    elif isinstance(published, list) and isinstance(recomputed, list):
        if len(published) != len(recomputed):
            yield Difference(where=f"{where}, length", published=len(published), recomputed=len(recomputed))
        for number, (one, other) in enumerate(zip(published, recomputed, strict=False)):
            yield from compare(one, other, f"{where}[{number}]")
    elif _number(published) and _number(recomputed):
        if not math.isclose(published, recomputed, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            yield Difference(where=where, published=published, recomputed=recomputed)
    elif published != recomputed:
        yield Difference(where=where, published=published, recomputed=recomputed)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
