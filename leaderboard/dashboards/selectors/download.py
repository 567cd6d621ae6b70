"""The leaderboard for other programs: CSV of what the page shows, JSON of what stands behind it."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from leaderboard.dashboards.formatting import Shown
from leaderboard.dashboards.selectors.board import Board
from leaderboard.dashboards.selectors.rows import Row
from leaderboard.lib.cells import cell as guarded
from leaderboard.rankings.selectors import nulls_in

SCHEMA = "leaderboard/1"


def board_csv(board: Board) -> str:
    """One line per entry; each metric with its value, interval and n, and in words where there is no number."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    heads = ["rank_low", "rank_high", "model", "team", "submission", "unranked_reason", "behind_it", "snapshot"]
    snapshot = f"sha256:{board.snapshot.sha256}" if board.snapshot else ""
    for column in board.columns:
        name = column.measure
        heads += [name, f"{name} low", f"{name} high", f"{name} n", f"{name} note"]
    lines.writerow(heads)
    for row in [*board.ranked, *board.unranked, *board.nulls]:
        low, high = ranks(row)
        line = [low, high, guarded(row.name), guarded(row.team), row.submission, reason(row), row.version, snapshot]
        for shown in row.cells:
            line += _cells(shown)
        lines.writerow(line)
    return text.getvalue()


def ranks(row: Row) -> tuple[str, str]:
    """Both ends of the band; empty where there is none."""
    low, _, high = row.rank.strip("–").partition("–")
    return low, high or low


def reason(row: Row) -> str:
    return "has learnt nothing: for comparison, never ranked" if row.kind == "null" else row.reason


def _cells(shown: Shown) -> list[str]:
    numbers = ["" if value is None else repr(value) for value in (shown.value, shown.low, shown.high, counted(shown))]
    return [*numbers, guarded(remark(shown))]


def counted(shown: Shown) -> int | None:
    """The n of a number; of one that rests on hospitals, how many."""
    if shown.n is not None:
        return shown.n
    digits = re.sub(r"[^0-9]", "", shown.counts)
    return int(digits) if digits else None


def remark(shown: Shown) -> str:
    """Why there is no number, that it is a limit, or the hospital that it is of."""
    return shown.words or shown.prefix or shown.note


def board_json(board: Board) -> dict[str, Any]:
    """The snapshot's published parts, entry by entry, with everything needed to cite and recompute it."""
    snapshot = board.snapshot
    head = {
        "schema": SCHEMA,
        "benchmark": {"slug": board.benchmark.slug, "title": board.benchmark.title},
        "demonstration": board.benchmark.demonstration,
        "panel_minimum": board.benchmark.panel_minimum,
        "public_minimum": board.benchmark.public_minimum,
    }
    if snapshot is None:
        return {**head, "snapshot": None, "entries": []}
    entries = snapshot.entries.select_related("evaluation__submission__team")
    return {
        **head,
        "snapshot": {
            "number": snapshot.number,
            "created": snapshot.created.isoformat(),
            "seed": snapshot.seed,
            "versions": snapshot.versions,
            "inputs_sha256": snapshot.inputs_sha256,
            "sha256": snapshot.sha256,
        },
        "entries": [
            {
                "submission": str(entry.evaluation.submission_id),
                "model": entry.evaluation.submission.model,
                "team": entry.evaluation.submission.team.name,
                "rank_set": [entry.rank_low, entry.rank_high] if entry.is_ranked else None,
                "score": entry.score,
                "worst_hospital": {"hospital": entry.worst_hospital, "value": entry.worst_value},
                "unranked_reason": entry.unranked_reason or None,
                "overall": entry.overall,
            }
            for entry in entries
        ],
        "nulls": nulls_in(snapshot),
        "pairs": snapshot.ranking.get("pairs", []),
    }
