"""The leaderboard as a typed table: Parquet, with what it is of in the file's own metadata."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from leaderboard.dashboards.selectors.board import Board
from leaderboard.dashboards.selectors.download import SCHEMA, counted, ranks, reason, remark
from leaderboard.dashboards.selectors.rows import Row

WORDS: dict[str, Callable[[Row], str]] = {
    "model": lambda row: row.name,
    "team": lambda row: row.team,
    "submission": lambda row: row.submission,
    "unranked_reason": reason,
    "behind_it": lambda row: row.version,
}


def board_parquet(board: Board) -> bytes:
    """One row per entry, as the CSV has them; numbers are numbers, and what is not there is null."""
    import polars  # noqa: PLC0415, half a second and 40 MB, for who asks for this file only

    rows = [*board.ranked, *board.unranked, *board.nulls]
    bands = [ranks(row) for row in rows]
    table: dict[str, Any] = {
        "rank_low": polars.Series([_whole(low) for low, _ in bands], dtype=polars.Int32),
        "rank_high": polars.Series([_whole(high) for _, high in bands], dtype=polars.Int32),
    }
    for name, take in WORDS.items():
        table[name] = polars.Series([take(row) or None for row in rows], dtype=polars.String)
    for at, column in enumerate(board.columns):
        cells = [row.cells[at] for row in rows]
        for part, name in (("", "value"), (" low", "low"), (" high", "high")):
            values = [getattr(cell, name) for cell in cells]
            table[f"{column.measure}{part}"] = polars.Series(values, dtype=polars.Float64)
        table[f"{column.measure} n"] = polars.Series([counted(cell) for cell in cells], dtype=polars.Int64)
        notes = [remark(cell) or None for cell in cells]
        table[f"{column.measure} note"] = polars.Series(notes, dtype=polars.String)
    file = io.BytesIO()
    polars.DataFrame(table).write_parquet(file, metadata=about(board))
    return file.getvalue()


def _whole(text: str) -> int | None:
    return int(text) if text else None


def about(board: Board) -> dict[str, str]:
    """What the file is of, for who finds it without its page."""
    snapshot = board.snapshot
    known = {"schema": SCHEMA, "benchmark": board.benchmark.slug, "title": board.benchmark.title}
    if board.benchmark.demonstration:
        known["demonstration"] = "synthetic scans: no number says anything about a patient"
    if snapshot is not None:
        known |= {
            "snapshot": str(snapshot.number),
            "snapshot_sha256": snapshot.sha256,
            "created": snapshot.created.isoformat(),
        }
    return known
