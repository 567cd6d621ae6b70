"""A ranking frozen in a folder: where every number comes from, and the table that it can be computed from again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from evaluator import results as wire
from evaluator.errors import FaultLine, InputRefused, TableRefused, UsageError
from evaluator.learnt import learn
from evaluator.ranking.admission import DEFAULT_PANEL_MINIMUM, Admission, admit_entries
from evaluator.ranking.entries import Entry, entries_of
from evaluator.ranking.publishable import publishable
from evaluator.ranking.published import publish, to_csv
from evaluator.ranking.rank import DEFAULT_REPLICATES, rank_admitted
from evaluator.ranking.records import Ranking
from evaluator.ranking.totals import told_beside
from evaluator.ranking.versions import versions
from evaluator.results import Results

SCHEMA = "evaluator-ranking-snapshot/1"
RECORD, TABLE = "snapshot.json", "patients.csv"
DEFAULT_PUBLIC_MINIMUM = 10


@dataclass(frozen=True, kw_only=True)
class SnapshotModel:
    """A column of the table: everybody with an answer for every patient, ranked or not."""

    model: str
    trained_on: tuple[str, ...]
    submitted: str | None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What ``snapshot.json`` holds. ``id`` is the digest of all the rest."""

    schema: str
    id: str
    inputs: dict[str, str]  # results by name: sha256
    scorers: tuple[str, ...]
    hit_rules: tuple[str, ...]
    versions: dict[str, str]
    seed: int
    replicates: int
    weight: float
    panel_minimum: int
    public_minimum: int
    panel: dict[str, dict[str, int]]  # hospital: patients by truth
    models: tuple[SnapshotModel, ...]
    attributes: tuple[str, ...]  # columns of the table
    table_sha256: str
    ranking: dict[str, Any]  # as `rank --json` prints it


learn(Snapshot)


def make_snapshot(
    results: Sequence[Results],
    *,
    panel_minimum: int = DEFAULT_PANEL_MINIMUM,
    public_minimum: int = DEFAULT_PUBLIC_MINIMUM,
    weight: float = 1.0,
    replicates: int = DEFAULT_REPLICATES,
    seed: int = 1,
    inputs: Mapping[str, str] | None = None,
    rng: np.random.Generator | None = None,
) -> tuple[Snapshot, bytes]:
    """Rank results and freeze the ranking with the published per-patient table.

    Parameters
    ----------
    results : sequence of Results
        Of any number of submissions.
    panel_minimum, weight, replicates, seed
        As for `evaluator.ranking.rank_results`.
    public_minimum : int
        Attributes held by fewer patients are withheld in the table; 0 for synthetic data.
    inputs : mapping of str to str, optional
        Digests to store; None takes the sha256 of each results file as this program writes it.
    rng : numpy.random.Generator, optional
        Numbers the patients; None seeds it by chance and forgets the seed, as is right for real patients.

    Returns
    -------
    snapshot : Snapshot
        Its ``ranking`` is what `rank_results` gives for the same arguments, made `publishable`.
    table : bytes
        The CSV.

    Raises
    ------
    TableRefused, UsageError
        As `rank_results`; or there is nothing to publish, or what would be tells of a few patients.

    References
    ----------
    `evaluator.ranking.published.publish`.
    """
    entries, refused = entries_of(results)
    return freeze_entries(
        entries,
        panel_minimum=panel_minimum,
        public_minimum=public_minimum,
        weight=weight,
        replicates=replicates,
        seed=seed,
        inputs=inputs or digests(results),
        rng=rng,
        refused=refused,
    )


def freeze_entries(
    entries: Sequence[Entry],
    *,
    panel_minimum: int = DEFAULT_PANEL_MINIMUM,
    public_minimum: int = DEFAULT_PUBLIC_MINIMUM,
    weight: float = 1.0,
    replicates: int = DEFAULT_REPLICATES,
    seed: int = 1,
    inputs: Mapping[str, str],
    rng: np.random.Generator | None = None,
    refused: Sequence[FaultLine] = (),
) -> tuple[Snapshot, bytes]:
    """As `make_snapshot`, of submissions of which only that is kept which a ranking asks for.

    Parameters
    ----------
    entries : sequence of Entry
        Of different names.
    panel_minimum, public_minimum, weight, replicates, seed, inputs, rng
        As for `make_snapshot`.
    refused : sequence of FaultLine
        What was wrong with other submissions.

    Returns
    -------
    snapshot, table
        As `make_snapshot`.

    Raises
    ------
    UsageError
        As `make_snapshot`.

    References
    ----------
    As `make_snapshot`.
    """
    admission = admit_entries(entries, panel_minimum=panel_minimum, weight=weight, refused=refused)
    if not (admission.panel.hospitals and admission.panel.models):
        raise UsageError(
            "There is no panel hospital or no model with all its outcomes, so there is nothing to publish.",
            next_step="Rank again when there are results.",
        )
    least = min(cell.patients for cell in admission.panel.cells)
    if least < public_minimum:
        raise UsageError(
            f"A panel hospital has {least} patients of a truth; the table would show them.",
            why=f"What is published is of {public_minimum} patients at least.",
            next_step="Ask more of a panel hospital than of what is published.",
        )
    for cancer, words in ((True, "with"), (False, "without")):
        few = sum(case.cancer == cancer for case in admission.others)
        if 0 < few < public_minimum:
            raise UsageError(
                f"The hospitals off the panel have {few} patients {words} cancer; a report card less the table would "
                "tell their results.",
                why=f"What is published is of {public_minimum} patients at least.",
                next_step="Leave those hospitals out, or publish when they have more patients.",
            )
    ranking = publishable(rank_admitted(admission, replicates=replicates, seed=seed), minimum=public_minimum)
    table = publish(
        admission.panel,
        minimum=public_minimum,
        rng=rng or np.random.default_rng(),
        closed=told_beside(admission.others, minimum=public_minimum),
    )
    content = to_csv(table)
    return (
        sealed(
            Snapshot(
                schema=SCHEMA,
                id="",
                inputs=dict(inputs),
                scorers=tuple(sorted({one.scorer for one in entries})),
                hit_rules=tuple(sorted({one.hit_rule for one in entries})),
                versions=versions(),
                seed=seed,
                replicates=replicates,
                weight=weight,
                panel_minimum=panel_minimum,
                public_minimum=public_minimum,
                panel=_panel_counts(admission),
                models=_models(admission),
                attributes=tuple(name for name in table.columns if name in admission.panel.groups),
                table_sha256=sha256(content),
                ranking=_as_json(ranking),
            )
        ),
        content,
    )


def _panel_counts(admission: Admission) -> dict[str, dict[str, int]]:
    return {
        hospital: {cell.group: cell.patients for cell in admission.panel.at(hospital)}
        for hospital in admission.panel.hospitals
    }


def _models(admission: Admission) -> tuple[SnapshotModel, ...]:
    return tuple(
        SnapshotModel(
            model=model,
            trained_on=tuple(admission.trained_on.get(model, ())),
            submitted=admission.submitted.get(model),
        )
        for model in admission.panel.models
    )


def _as_json(ranking: Ranking) -> dict[str, Any]:
    found: dict[str, Any] = wire.to_builtins(ranking)
    return found


def digests(results: Sequence[Results]) -> dict[str, str]:
    """sha256 of each results file, by model and its place among the model's files."""
    found: dict[str, str] = {}
    for one in results:
        number = sum(key.rsplit(" ", 1)[0] == one.submission.model for key in found)
        found[f"{one.submission.model} {number + 1}"] = sha256(wire.dump(one))
    return found


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def identify(snapshot: Snapshot) -> str:
    """The ID: the digest of everything else in the record, however it is laid out."""
    rest = {item.name: getattr(snapshot, item.name) for item in fields(snapshot) if item.name != "id"}
    return sha256(msgspec.json.encode(wire.to_builtins(rest), order="sorted"))


def sealed(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, id=identify(snapshot))


def write_snapshot(folder: Path, snapshot: Snapshot, table: bytes) -> None:
    """Write both files into a folder that is made if need be; one that holds a snapshot is refused.

    Raises
    ------
    UsageError
        The folder holds a snapshot already: snapshots are frozen.
    """
    if (folder / RECORD).exists():
        raise UsageError(
            f"{folder} holds a snapshot already.", why="A snapshot is frozen.", next_step="Name another folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TABLE).write_bytes(table)
    scratch = folder / f".{RECORD}.part"
    scratch.write_bytes(wire.dump(snapshot))
    scratch.replace(folder / RECORD)


def read_snapshot(folder: Path) -> tuple[Snapshot, bytes]:
    """Read a snapshot's folder.

    Raises
    ------
    InputRefused
        A file is missing.
    TableRefused
        The record is no snapshot of this schema.
    """
    for name in (RECORD, TABLE):
        if not (folder / name).is_file():
            raise InputRefused(f"{folder / name} is not a file.", next_step="Give a snapshot's folder, unpacked.")
    try:
        snapshot = msgspec.json.decode((folder / RECORD).read_bytes(), type=Snapshot)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TableRefused(
            f"{folder / RECORD} is not a ranking's snapshot.", why=str(error), next_step="Download it again."
        ) from error
    if snapshot.schema != SCHEMA:
        raise TableRefused(
            f"The snapshot has schema {snapshot.schema!r}; this version reads {SCHEMA!r}.",
            next_step="Verify it with the version that wrote it.",
        )
    return snapshot, (folder / TABLE).read_bytes()
