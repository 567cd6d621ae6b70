"""Where a benchmark keeps its strata for the final, no page and no file tells of one before."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import kept_back_set
from leaderboard.lib.errors import Refusal
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.services import final_open, ranking_publish_final, snapshot_make
from leaderboard.submissions.models import Submission
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def benchmark(benchmark_rows: Benchmark) -> Benchmark:
    return factories.make_ranked(kept_back_set(benchmark=benchmark_rows, strata_at_final=True))


def pages(benchmark: Benchmark) -> list[str]:
    ids = [str(pk) for pk in Submission.objects.values_list("pk", flat=True)]
    named = (
        "dashboards:leaderboard",
        "dashboards:leaderboard-csv",
        "dashboards:leaderboard-json",
        "dashboards:transfer",
    )
    return [
        *(reverse(name, args=[benchmark.slug]) for name in named),
        f"{reverse('dashboards:compare', args=[benchmark.slug])}?model={ids[0]}&model={ids[1]}",
        *(reverse("dashboards:card", args=[pk]) for pk in ids),
    ]


def test_the_whole_is_shown_and_no_stratum(benchmark: Benchmark, client: Client) -> None:
    told = json.loads(client.get(reverse("dashboards:leaderboard-json", args=[benchmark.slug])).content)
    for entry in told["entries"]:
        rates = entry["overall"]["sensitivity"]
        assert rates["all"]["n"] == 8
        assert all(rate["k"] is None and rate["n"] is None for name, rate in rates.items() if name != "all")
    board = client.get(reverse("dashboards:leaderboard", args=[benchmark.slug])).content.decode()
    assert "hidden (shown at the final)" in board
    assert "Strata</strong> (tumour sizes" in board
    card = client.get(pages(benchmark)[-1]).content.decode()
    assert "Strata are shown at the final." in card
    assert "by-size.csv" not in card
    assert "Groups of patients" not in card


def test_every_page_opens_and_none_has_a_number_of_small_tumours(benchmark: Benchmark, client: Client) -> None:
    # Of 8 cancers 4 are 5 or 15 mm: a rate at most 2 cm has n 4. So has a hospital, on other pages than the board.
    board, table, whole, transfer, compare, *cards = [client.get(address) for address in pages(benchmark)]
    assert {answer.status_code for answer in (board, table, whole, transfer, compare, *cards)} == {200}
    for answer in (board, table):
        assert not re.search(r"\bn 4\b|,4,", answer.content.decode())
    sizes = [item["label"] for item in benchmark.strata if item["key"] != "all"]
    text = re.sub(r"<[^>]+>", " ", compare.content.decode())
    for label in sizes:
        assert re.search(rf"Sensitivity, {re.escape(escape(label))}\s+hidden \(shown at the final\)", text), label
    assert "groups of patients are shown at the final" in transfer.content.decode()
    snapshot = Snapshot.objects.get()
    assert snapshot.ranking["attributes"] == {}
    assert '"phase"' not in json.dumps(snapshot.report)


def test_with_the_final_comes_a_ranking_that_has_them(benchmark: Benchmark, client: Client) -> None:
    with pytest.raises(Refusal, match="Open the final first"):
        ranking_publish_final(snapshot=Snapshot.objects.get(), by=None)
    snapshot_make(benchmark=final_open(benchmark=benchmark, by=None))
    newest = Snapshot.objects.get(number=2)
    assert newest.ranking["attributes"]
    assert newest.report["models"][0]["overall"]["sensitivity"]["le20"]["n"] == 4
    assert "by-size.csv" in client.get(pages(benchmark)[-1]).content.decode()
    assert ranking_publish_final(snapshot=newest, by=None).record_id


def test_without_the_choice_strata_are_shown_at_once(ranked: Benchmark) -> None:
    assert not ranked.keeps_strata
    assert Snapshot.objects.get().report["models"][0]["overall"]["sensitivity"]["le20"]["n"] == 4
