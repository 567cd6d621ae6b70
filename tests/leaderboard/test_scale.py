"""A platform under load: every page asks the database the same number of questions whatever the size."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from leaderboard.audit.services import faults
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult
from leaderboard.hospitals.models import Case
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.services import snapshot_make
from leaderboard.rankings.services.verify import document_faults
from leaderboard.submissions.models import Submission
from tests import factories
from tests.leaderboard.pages import HEAD, visit_all

Shown = Callable[[str, object], None]

# Once the page was seen. A download asks the more, for its quota.
QUERIES = {
    "home": 9,
    "leaderboard": 9,
    "leaderboard, sorted": 9,
    "leaderboard, permalink": 10,
    "leaderboard.csv": 23,
    "leaderboard, stratum": 9,
    "leaderboard.json": 24,
    "leaderboard.parquet": 23,
    "over time": 8,
    "over time, sensitivity": 8,
    "changes": 4,
    "report card": 13,
    "transfer": 7,
    "transfer pairs.csv": 16,
    "transfer hospitals.csv": 16,
    "compare, choose": 5,
    "compare two": 7,
    "compare five": 7,
    "rankings": 5,
    "hospitals": 6,
    "hospital": 11,
    "needle": 2,
    "operations": 23,
    "submission under way": 16,
    "usage": 13,
    "final": 14,
    "benchmarks": 6,
    "benchmark, as a form": 20,
    "benchmark, preview": 13,
    "hospitals, managed": 8,
    "hospital, managed": 15,
    "desk": 20,
    "web-hooks": 6,
}


@pytest.fixture(autouse=True)
def nobody_has_to_wait(settings: Settings) -> None:
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "100000/m/ip")


def generate(*arguments: str) -> list[str]:
    said = io.StringIO()
    call_command("load_generate", "--yes", *arguments, stdout=said)
    return said.getvalue().splitlines()


def looked_at(times: int, record_property: Shown, *said: str) -> None:
    pages = visit_all(times=times)
    record_property("shown", "\n".join([*said, HEAD, *(page.line for page in pages)]))
    assert {page.name: page.queries for page in pages} == QUERIES


@pytest.mark.django_db
def test_ten_hospitals_and_twenty_submissions(record_property: Shown) -> None:
    said = generate("--hospitals", "10", "--submissions", "20", "--cases", "800", "--processes", "1")
    assert (Case.objects.count(), CohortResult.objects.count()) == (800, 200)
    assert sum(CohortResult.objects.values_list("cases", flat=True)) == 800 * 20
    assert list(document_faults()) == []
    assert list(faults()) == []
    ranking = Snapshot.objects.get().ranking
    scores = [model["score"] for model in ranking["models"]]
    assert len(scores) == 20
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < scores[0] - 0.1
    assert len(ranking["pairs"]) == 190
    looked_at(3, record_property, *said)


@pytest.mark.django_db
def test_it_fills_no_database_that_is_not_empty_or_not_meant_for_it() -> None:
    with pytest.raises(CommandError, match="Say --yes where it is for nothing else"):
        call_command("load_generate")
    with pytest.raises(CommandError, match="80 cases a hospital"):
        call_command("load_generate", "--yes", "--hospitals", "10", "--cases", "100")
    factories.UserFactory.create()
    with pytest.raises(CommandError, match="This database is not empty"):
        call_command("load_generate", "--yes")
    assert not CohortResult.objects.exists()


@pytest.mark.long("scale")
@pytest.mark.django_db(transaction=True)
def test_the_largest_platform(record_property: Shown) -> None:
    """145 hospitals, 36,390 cases, 200 submissions; then one more, ranked with them."""
    said = generate()
    assert sum(CohortResult.objects.values_list("cases", flat=True)) == 7_278_000
    looked_at(40, record_property, *said, stored())
    record_property("shown", again())


def stored() -> str:
    if connection.vendor != "postgresql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone()
    return f"database {size / 1e9:.2f} GB"


def again() -> str:
    """Ranking anew when one submission was taken back: nothing is counted again but the ranking."""
    entry = Snapshot.objects.get().entries.earliest("position")
    Submission.objects.filter(evaluation__entries=entry).update(state=Submission.State.WITHDRAWN)
    began = time.monotonic()
    snapshot = snapshot_make(benchmark=Benchmark.objects.get())
    assert snapshot is not None
    assert snapshot.entries.count() == 199
    return f"ranked again without one: {time.monotonic() - began:.1f} s"
