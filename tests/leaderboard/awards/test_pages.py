"""Award candidates as a funder sees them."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from leaderboard.accounts.models import User
from leaderboard.benchmarks.models import Benchmark

pytestmark = pytest.mark.django_db


def test_eight_patients_are_too_few_to_exceed_and_enough_to_fail(
    client: Client, funder: User, ranked: Benchmark
) -> None:
    """Two hospitals of four cancers and four others: even 8 of 8 cannot exceed 92 %, 2 of 8 surely do not."""
    client.force_login(funder)
    table = list(csv.DictReader(io.StringIO(client.get("/awards/candidates.csv").content.decode())))
    verdicts = {(row["model"], row["criterion"]): (row["verdict"], row["k"], row["n"]) for row in table}
    assert verdicts["Careful", "Sensitivity above 92 %"] == ("too few", "8", "8")
    assert verdicts["Careful", "Specificity above 96 %"] == ("too few", "8", "8")
    assert verdicts["Blind", "Sensitivity above 92 %"][1:] == ("2", "8")


def test_the_page_shows_a_verdict_per_criterion_with_its_counts(
    client: Client, funder: User, ranked: Benchmark
) -> None:
    client.force_login(funder)
    page = client.get("/awards/").content.decode()
    for words in ("Careful", "too few", "8/8", "Sensitivity above 92 %", "Where the goals come from"):
        assert words in page


def test_without_a_ranking_the_page_says_when_candidates_appear(
    client: Client, funder: User, benchmark_rows: Benchmark
) -> None:
    client.force_login(funder)
    assert "Candidates appear with the first published ranking" in client.get("/awards/").content.decode()
