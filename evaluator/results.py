"""The wire format: one versioned JSON for hospital, file and website. A number or null, never NaN."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from evaluator.errors import FaultLine, InputRefused, TableRefused
from evaluator.learnt import learn
from evaluator.records import CohortResult, SubmissionRecord

SCHEMA = "evaluator-results/1"
LARGEST_FILE = 2 * 1024**3


@dataclass(frozen=True, kw_only=True)
class Results:
    """One submission's case results at one or more hospitals."""

    schema: str
    scorer: str
    hit_rule: str
    submission: SubmissionRecord
    cohorts: tuple[CohortResult, ...]


learn(Results)


def to_builtins(value: Any) -> Any:
    """Dataclasses, numpy scalars and enums as what JSON knows; a float that is not finite becomes null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_builtins(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, dict):
        return {str(key): to_builtins(item) for key, item in value.items()}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Iterable):
        return [to_builtins(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def dump(value: Any) -> bytes:
    """Indented UTF-8 JSON of a record, a dict or a list of them."""
    return msgspec.json.format(msgspec.json.encode(to_builtins(value)), indent=1) + b"\n"


def write(path: Path, document: Any) -> None:
    """Write as JSON so that a reader sees the old file or the new one, never half of it."""
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_bytes(dump(document))
    scratch.replace(path)


def loads(data: bytes, *, source: str = "results") -> Results:
    """Read a results file's bytes; refuse by name what does not fit the schema."""
    try:
        results = msgspec.json.decode(data, type=Results)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TableRefused(
            f"{source} is not a results file of this platform.",
            why=str(error),
            faults=[FaultLine(what="not a results file", where=source, why=str(error))],
            next_step="Give a file that `python -m evaluator run` wrote.",
        ) from error
    if results.schema != SCHEMA:
        raise TableRefused(
            f"{source} has schema {results.schema!r}; this version reads {SCHEMA!r}.",
            next_step="Run the submission again with this version, or read the file with the version that wrote it.",
        )
    return results


def read(path: Path) -> Results:
    """Read a results file.

    Raises
    ------
    InputRefused
        The file is missing or too large.
    TableRefused
        It is not JSON of schema ``SCHEMA``.
    """
    if not path.is_file():
        raise InputRefused(f"{path} is not a file.", next_step="Check the path.")
    if path.stat().st_size > LARGEST_FILE:
        raise InputRefused(
            f"{path} is larger than {LARGEST_FILE // 1024**3} GiB.", next_step="Check that it is a results file."
        )
    return loads(path.read_bytes(), source=str(path))
