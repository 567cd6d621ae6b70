"""From columns of JSON to documents and back: nothing is lost, every digest holds, every page says the same."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult
from leaderboard.lib.files import json_digest
from leaderboard.rankings.models import BY_CONTENT, EvaluationNumbers, Snapshot
from leaderboard.submissions.models import Submission

BEFORE = [("rankings", "0005_sealed"), ("evaluations", "0010_hospitals_own_machines")]

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(to: list[tuple[str, str]]) -> Any:
    executor = MigrationExecutor(connection)
    executor.loader.build_graph()
    return executor.migrate(to).apps


def test_results_and_rankings_become_documents_with_the_digests_they_had(ranked: Benchmark, client: Client) -> None:
    board = "/leaderboard/pancreas-ct"
    pages = [
        f"{board}/{name}" for name in ("", "transfer/", "leaderboard.json", "leaderboard.csv", "transfer/pairs.csv")
    ]
    pages += [f"/models/{pk}/" for pk in Submission.objects.values_list("pk", flat=True)]
    shown = {page: client.get(page) for page in pages}
    assert {page.status_code for page in shown.values()} == {200}
    given = Snapshot.objects.get().sha256  # of another scheme: pages say it
    try:
        before = migrate(BEFORE)
        results = list(before.get_model("evaluations", "CohortResult").objects.all())
        assert all(json_digest(result.payload) == result.sha256 for result in results)
        assert len(results) == 6
        import_module("leaderboard.rankings.migrations.0003_ranking_digest").name_them(before, None)
        old = before.get_model("rankings", "Snapshot").objects.get()
        assert len(old.report["models"]) == 3
        assert old.sha256 not in ("", old.inputs_sha256)
    finally:
        migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())
    snapshot = Snapshot.objects.get()
    assert snapshot.scheme == BY_CONTENT
    assert snapshot.sha256 == old.sha256 == snapshot.digest()
    assert (snapshot.inputs, dict(snapshot.ranking), snapshot.report) == (old.inputs, old.ranking, old.report)
    for result in CohortResult.objects.all():
        assert result.sha256 == result.document == json_digest(result.payload)
        assert (result.cases, result.failed, result.audit) == (8, 0, None)
    assert not EvaluationNumbers.objects.exists()  # they are computed with the next ranking
    for page, was in shown.items():
        now = client.get(page)
        assert now.content == was.content.replace(given.encode(), old.sha256.encode()), page
