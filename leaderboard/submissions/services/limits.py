"""What a container gets on a benchmark: in the try-out, at a hospital, and on the page that says so."""

from __future__ import annotations

from evaluator.container.limits import Limits
from leaderboard.benchmarks.models import Benchmark


def limits_of(benchmark: Benchmark, *, gpus: int = 0) -> Limits:
    """A try-out gets no GPU: it runs on the platform's own machine."""
    return Limits(memory_bytes=benchmark.memory_bytes, case_seconds=float(benchmark.case_limit_seconds), gpus=gpus)
