"""A submission's answers as columns: small enough that a ranking of hundreds reads them all, patients kept once."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from evaluator import results as wire
from evaluator.learnt import learn
from evaluator.ranking.entries import Entry, HospitalAnswers, Version
from evaluator.records import CaseRecord

SCHEMA = "evaluator-answers/1"

Patients = tuple[CaseRecord, ...]


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A hospital's place in the columns; patients by name of the list that has them."""

    hospital: str
    version: Version
    patients: str
    waiting: str
    rows: int
    failed: int
    bare: bool


@dataclass(frozen=True, kw_only=True)
class _Head:
    schema: str
    model: str
    trained_on: tuple[str, ...]
    submitted: str | None
    scorer: str
    hit_rule: str
    parts: tuple[_Part, ...]


learn(_Head, Patients)


def pack(entry: Entry, *, keep: Callable[[bytes], str]) -> str:
    """Keep an entry's columns and its lists of patients.

    Parameters
    ----------
    entry : Entry
        Of any number of hospitals.
    keep : callable
        Takes a document and gives its name. Submissions on one cohort have the same patients, so a store that names
        documents by their digest keeps each list once.

    Returns
    -------
    str
        The name of the columns: a numpy archive, likelihoods and sizes as they were, one bit an answer.
    """

    def listed(cases: Patients) -> str:
        return keep(msgspec.json.encode(cases)) if cases else ""

    found = list(entry.hospitals.values())
    head = _Head(
        schema=SCHEMA,
        model=entry.model,
        trained_on=tuple(entry.trained_on),
        submitted=entry.submitted,
        scorer=entry.scorer,
        hit_rule=entry.hit_rule,
        parts=tuple(
            _Part(
                hospital=one.hospital,
                version=one.version,
                patients=listed(one.patients),
                waiting=listed(one.waiting),
                rows=len(one.patients),
                failed=one.failed,
                bare=one.bare,
            )
            for one in found
        ),
    )
    columns: dict[str, Any] = {
        "head": np.frombuffer(msgspec.json.encode(wire.to_builtins(head)), dtype=np.uint8),
        "correct": np.packbits(np.concatenate([np.empty(0, bool), *(one.correct for one in found)])),
        "likelihood": np.concatenate([np.empty(0), *(one.likelihood for one in found)]),
        "size_mm": np.concatenate([np.empty(0), *(one.size_mm for one in found)]),
    }
    stream = io.BytesIO()
    np.savez(stream, **columns)
    return keep(stream.getvalue())


def unpack(content: bytes, *, patients: Callable[[str], Patients]) -> Entry:
    """The entry that was packed.

    Parameters
    ----------
    content : bytes
        The columns.
    patients : callable
        Gives a list of patients by its name (`read_patients`); one that remembers them spares memory and time.

    Returns
    -------
    Entry
        Equal, number for number, to the one that was packed.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as columns:
        head = msgspec.json.decode(columns["head"].tobytes(), type=_Head)
        rows = sum(part.rows for part in head.parts)
        correct = np.unpackbits(columns["correct"], count=rows).astype(bool)
        likelihood, size = columns["likelihood"], columns["size_mm"]
    hospitals, start = {}, 0
    for part in head.parts:
        mine = slice(start, start + part.rows)
        start += part.rows
        hospitals[part.hospital] = HospitalAnswers(
            hospital=part.hospital,
            version=part.version,
            patients=patients(part.patients) if part.patients else (),
            correct=correct[mine],
            likelihood=likelihood[mine],
            size_mm=size[mine],
            failed=part.failed,
            bare=part.bare,
            waiting=patients(part.waiting) if part.waiting else (),
        )
    return Entry(
        model=head.model,
        hospitals=hospitals,
        trained_on=head.trained_on,
        submitted=head.submitted,
        scorer=head.scorer,
        hit_rule=head.hit_rule,
    )


def read_patients(content: bytes) -> Patients:
    """A list of patients as `pack` wrote it."""
    return msgspec.json.decode(content, type=Patients)
