"""Celery's doors to this app: a key comes in, one service is called."""

from __future__ import annotations

from leaderboard.benchmarks.models import Benchmark
from leaderboard.celery import app
from leaderboard.rankings import services


@app.task(name="rankings.snapshot")
def snapshot(pk: str) -> None:
    services.snapshot_make(benchmark=Benchmark.objects.get(pk=int(pk)))


@app.task(name="rankings.private_numbers")
def private_numbers(pk: str) -> None:
    services.private_numbers_make(pk=int(pk))


@app.task(name="rankings.reconcile")
def reconcile() -> None:
    services.rankings_reconcile()
