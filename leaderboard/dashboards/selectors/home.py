"""The front page: what is asked, who leads, how much stands behind it, and the picture of a million people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards.selectors.benchmarks import Size, benchmark_size
from leaderboard.dashboards.selectors.board import Board, Choices, get_board
from leaderboard.dashboards.selectors.columns import Block
from leaderboard.dashboards.selectors.needle import EXAMPLE_SENSITIVITY, EXAMPLE_SPECIFICITY, Needle, needle
from leaderboard.dashboards.selectors.rows import Row

SHOWN = ("sensitivity_le20", "specificity", "ppv", "score")
RARE = 0.0001
FRONT = Choices(prevalence=RARE, columns=SHOWN)


@dataclass(frozen=True, kw_only=True)
class Front:
    """``leaders``: whose rank band reaches 1. ``model``: whose flags the picture shows; "" is an example."""

    benchmark: Benchmark | None
    haystack: Needle
    model: str = ""
    leaders_board: Board | None = None  # the leaders' rows alone, on the axes of the whole leaderboard
    models: int = 0
    size: Size | None = None
    changed: datetime | None = None

    @property
    def leaders(self) -> Sequence[Row]:
        return self.leaders_board.ranked if self.leaders_board else ()


def haystack(block: Block | None) -> Needle | None:
    """A model's flags among a million people of whom a hundred have cancer; None where its counts are hidden."""
    if block is None:
        return None
    found, cleared = block["sensitivity"]["all"], block["specificity"]
    if not found["n"] or not cleared["n"]:
        return None
    result = needle(sensitivity=(found["k"], found["n"]), specificity=(cleared["k"], cleared["n"]), prevalence=RARE)
    return result if isinstance(result, Needle) else None


def example() -> Needle:
    result = needle(sensitivity=EXAMPLE_SENSITIVITY, specificity=EXAMPLE_SPECIFICITY, prevalence=RARE)
    assert isinstance(result, Needle)  # the example is possible
    return result


def front_page(benchmark: Benchmark | None) -> Front:
    if benchmark is None:
        return Front(benchmark=None, haystack=example())
    board = get_board(benchmark, choices=FRONT)
    leaders = [row for row in board.ranked if row.rank.partition("–")[0] == "1"]
    first = None
    if leaders and board.snapshot:
        first = board.snapshot.entries.filter(evaluation__submission__pk=leaders[0].submission).first()
    mine = haystack(first.overall if first else None)
    return Front(
        benchmark=benchmark,
        haystack=mine or example(),
        model=leaders[0].name if mine else "",
        leaders_board=replace(board, ranked=leaders, unranked=[], nulls=[]),
        models=len(board.ranked),
        changed=board.snapshot.created if board.snapshot else None,
    )


def with_size(front: Front) -> Front:
    return replace(front, size=benchmark_size(front.benchmark)) if front.benchmark else front
