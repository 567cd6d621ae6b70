"""The pages of a platform under load: their queries counted, their times taken."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leaderboard.accounts.models import User
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Hospital
from leaderboard.submissions.models import Submission

BOARD = "/leaderboard/pancreas-ct/"


@dataclass(frozen=True, kw_only=True)
class Page:
    """``seconds`` of each visit, the first left out."""

    name: str
    queries: int
    size: int
    seconds: Sequence[float]

    @property
    def line(self) -> str:
        median, late = (1000 * np.percentile(self.seconds, at) for at in (50, 95))
        return f"{self.name:24} {median:7.0f} ms  {late:7.0f} ms {self.queries:5d} queries {self.size / 1000:8.0f} kB"


HEAD = f"{'page':24} {'median':>10}  {'95th':>9}"


def addresses(benchmark: Benchmark) -> dict[str, str]:
    """What everybody may see; submissions in the order of the ranking."""
    snapshot = benchmark.snapshots.get()
    entries = snapshot.entries.filter(rank_low__isnull=False).order_by("position")
    first, second, *others = entries.values_list("evaluation__submission", flat=True)[:5]
    five = "&".join(f"model={pk}" for pk in (first, second, *others))
    return {
        "home": "/",
        "leaderboard": BOARD,
        "leaderboard, sorted": f"{BOARD}?sort=auc",
        "leaderboard, permalink": f"{BOARD}?snapshot={snapshot.number}",
        "leaderboard.csv": f"{BOARD}leaderboard.csv",
        "leaderboard, stratum": f"{BOARD}?stratum=gt10_le20&versions=newest",
        "leaderboard.json": f"{BOARD}leaderboard.json",
        "leaderboard.parquet": f"{BOARD}leaderboard.parquet",
        "over time": f"{BOARD}progress/",
        "over time, sensitivity": f"{BOARD}progress/?measure=sensitivity",
        "changes": f"{BOARD}changes/",
        "report card": f"/models/{first}/",
        "transfer": f"{BOARD}transfer/",
        "transfer pairs.csv": f"{BOARD}transfer/pairs.csv",
        "transfer hospitals.csv": f"{BOARD}transfer/hospitals.csv",
        "compare, choose": f"{BOARD}compare/",
        "compare two": f"{BOARD}compare/?model={first}&model={second}",
        "compare five": f"{BOARD}compare/?{five}",
        "rankings": f"{BOARD}rankings/",
        "hospitals": "/hospitals/",
        "hospital": "/hospitals/hospital-001/",
        "needle": "/needle/",
    }


def organisers_addresses() -> dict[str, str]:
    under_way = Submission.objects.get(model="Under way")
    hospital = Hospital.objects.earliest("pk").slug
    return {
        "operations": "/evaluations/operations/",
        "submission under way": f"/evaluations/{under_way.pk}/",
        "usage": "/operations/usage/",
        "final": "/operations/pancreas-ct/final/",
        "benchmarks": "/benchmarks/",
        "benchmark, as a form": "/benchmarks/pancreas-ct/edit/",
        "benchmark, preview": "/benchmarks/pancreas-ct/preview/",
        "hospitals, managed": "/hospitals/manage/",
        "hospital, managed": f"/hospitals/{hospital}/manage/",
        "desk": f"/hospitals/{hospital}/desk/",
        "web-hooks": "/webhooks/",
    }


def visit(client: Client, name: str, address: str, *, times: int) -> Page:
    """Once to warm up, once to count, then ``times`` by the clock. A quota of downloads is no part of this."""
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    counted = len(queries)
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        client.get(address)
        seconds.append(time.perf_counter() - began)
    return Page(name=name, queries=counted, size=len(answer.content), seconds=seconds)


def visit_all(*, times: int) -> list[Page]:
    public, organiser = Client(), Client()
    organiser.force_login(User.objects.get(email="organiser@load.example"))
    asked = [(public, addresses(Benchmark.objects.get())), (organiser, organisers_addresses())]
    return [visit(client, name, at, times=times) for client, found in asked for name, at in found.items()]
