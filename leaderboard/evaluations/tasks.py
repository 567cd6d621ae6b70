"""Celery's doors to this app: a key comes in, one service is called."""

from __future__ import annotations

from leaderboard.celery import app
from leaderboard.evaluations import services
from leaderboard.lib.logs import bound


@app.task(name="evaluations.execute")
def execute(pk: str) -> None:
    with bound(run=pk):
        services.run_execute(pk=int(pk))


@app.task(name="evaluations.orders")
def orders(pk: str) -> None:
    services.orders_send(hospital_id=int(pk))


@app.task(name="evaluations.nulls")
def nulls(pk: str) -> None:
    with bound(nulls=pk):
        services.nulls_compute(pk=int(pk))


@app.task(name="evaluations.reconcile")
def reconcile() -> None:
    services.evaluations_reconcile()
