"""The read-only pages: open to all, right numbers, nothing inline, nothing from elsewhere."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Protocol

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from leaderboard.accounts.models import Team, User
from leaderboard.benchmarks.models import Benchmark
from leaderboard.rankings.models import FinalRanking, Snapshot
from leaderboard.rankings.services import snapshot_make
from leaderboard.submissions.models import Submission
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.core]


class Answer(Protocol):
    content: bytes


Faults = Callable[[Answer], list[str]]


def board_address(benchmark: Benchmark) -> str:
    return reverse("dashboards:leaderboard", args=[benchmark.slug])


def card_address(model: str) -> str:
    return reverse("dashboards:card", args=[Submission.objects.get(model=model).pk])


def words(response: Answer) -> str:
    """The page as a reader sees it, white space made one."""
    body = re.sub(r"<script.*?</script>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def addresses(benchmark: Benchmark) -> list[str]:
    ids = list(Submission.objects.values_list("pk", flat=True))
    compare = reverse("dashboards:compare", args=[benchmark.slug])
    return [
        reverse("dashboards:home"),
        board_address(benchmark),
        compare,
        f"{compare}?model={ids[0]}",
        f"{compare}?model={ids[0]}&model={ids[1]}",
        *(reverse("dashboards:card", args=[pk]) for pk in ids),
        reverse("dashboards:hospitals"),
        reverse("dashboards:needle"),
    ]


def test_every_page_opens_without_an_account(client: Client, ranked: Benchmark) -> None:
    assert [client.get(address).status_code for address in addresses(ranked)] == [200] * len(addresses(ranked))


def test_no_page_has_inline_code_or_asks_another_host(client: Client, ranked: Benchmark, faults_of: Faults) -> None:
    assert {address: found for address in addresses(ranked) if (found := faults_of(client.get(address)))} == {}


def test_every_page_says_that_the_scans_are_synthetic(client: Client, ranked: Benchmark) -> None:
    for address in [*addresses(ranked), reverse("accounts:login")]:
        assert "Synthetic demonstration: the scans are made by a program" in words(client.get(address))


def test_a_benchmark_of_real_scans_carries_no_such_banner(client: Client, ranked: Benchmark) -> None:
    Benchmark.objects.update(demonstration=False)
    assert "Synthetic" not in words(client.get(board_address(ranked)))


def test_no_page_writes_nan_or_none(client: Client, ranked: Benchmark) -> None:
    for address in addresses(ranked):
        assert not re.search(r"\b(nan|NaN|None|inf)\b", words(client.get(address))), address


def test_only_pages_with_figures_allow_inline_styles(client: Client, ranked: Benchmark) -> None:
    plain = client.get(board_address(ranked)).headers["Content-Security-Policy"]
    drawn = client.get(card_address("Careful")).headers["Content-Security-Policy"]
    assert "unsafe-inline" not in plain
    assert "style-src 'self' 'unsafe-inline'" in drawn
    for policy in (plain, drawn):
        assert "script-src 'self';" in f"{policy};"
        assert "unsafe-eval" not in policy


def test_the_leaderboard_shows_counts_and_intervals(client: Client, ranked: Benchmark) -> None:
    text = words(client.get(board_address(ranked)))
    # Careful is right for all 8 cancers and 8 others; Wilson 8/8 is 67.6–100
    assert "100.0 n 8" in text
    assert "(67.6–100.0)" in text
    # Blind misses 3 of 4 cancers at both hospitals: 2/8
    assert "25.0 n 8" in text
    assert "33.0–44.0" in text  # radiologists, at most 2 cm


def test_the_leaderboard_takes_its_prevalence_from_the_address(client: Client, ranked: Benchmark) -> None:
    text = words(client.get(board_address(ranked), {"prevalence": "0.04"}))
    assert "PPV, %, at 4 %" in text
    same = words(client.get(board_address(ranked), {"prevalence": "4 %"}))
    assert "PPV, %, at 4 %" in same


def test_an_address_that_makes_no_sense_shows_the_default(client: Client, ranked: Benchmark) -> None:
    nonsense = {"prevalence": "many", "sort": "beauty", "columns": "x", "show": "?"}
    response = client.get(board_address(ranked), nonsense)
    assert response.status_code == 200
    assert "PPV, %, at 0.01 %" in words(response)


def test_a_snapshot_that_is_not_there_is_not_found(client: Client, ranked: Benchmark) -> None:
    assert client.get(board_address(ranked), {"snapshot": "99"}).status_code == 404


def test_an_older_snapshot_keeps_its_numbers_and_says_that_it_is_old(client: Client, ranked: Benchmark) -> None:
    late = factories.SubmissionFactory.create(benchmark=ranked, model="Late", accepted=True)
    factories.make_done(late)
    snapshot_make(benchmark=ranked)
    new, old = (words(client.get(board_address(ranked), given)) for given in ({}, {"snapshot": "1"}))
    assert "Late" in new
    assert "Late" not in old
    assert "There is a newer one" in old


def test_filters_narrow_the_table(client: Client, ranked: Benchmark) -> None:
    text = words(client.get(board_address(ranked), {"text": "wolves"}))
    assert "Wolf" in text
    assert "Careful" not in text
    assert "No entry fits these filters" in words(client.get(board_address(ranked), {"text": "zebra"}))


def test_sorting_by_a_column_puts_the_best_first_and_drops_the_brackets(client: Client, ranked: Benchmark) -> None:
    page = client.get(board_address(ranked), {"sort": "false_alarms"}).content.decode()
    assert page.index(">Blind<") < page.index(">Wolf<")
    assert 'class="lane' not in page


def test_columns_can_be_picked(client: Client, ranked: Benchmark) -> None:
    page = client.get(board_address(ranked), {"columns": ["auc", "dsc"]}).content.decode()
    assert len(re.findall(r'<th scope="col" class="metric', page)) == 2


def test_the_table_is_small_work_however_many_entries(
    client: Client, ranked: Benchmark, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(22):
        first = client.get(board_address(ranked))
    with django_assert_max_num_queries(9):  # what is drawn of a frozen ranking is kept
        assert client.get(board_address(ranked)).content == first.content


def test_what_was_drawn_is_drawn_anew_when_a_name_or_the_readers_change(client: Client, ranked: Benchmark) -> None:
    assert b"Wolves" in client.get(board_address(ranked)).content
    Team.objects.filter(slug="wolves").update(name="Foxes")
    page = client.get(board_address(ranked)).content
    assert b"Foxes" in page
    assert b"Wolves" not in page
    ranked.reader_baselines.update(source="Another review")
    assert b"Another review" in client.get(board_address(ranked)).content


def test_an_interval_is_drawn_and_described(client: Client, ranked: Benchmark) -> None:
    page = client.get(board_address(ranked)).content.decode()
    assert '<line class="bar" x1=' in page
    assert re.search(r"<title>Specificity: 100\.0 \(67\.6–100\.0\) n 8; radiologists 82\.0–96\.0</title>", page)


def test_an_entry_that_is_not_ranked_stands_below_with_its_reason(client: Client, ranked: Benchmark) -> None:
    entry = Snapshot.objects.get().entries.get(evaluation__submission__model="Wolf")
    entry.rank_low = entry.rank_high = entry.score = None
    entry.unranked_reason = "was trained on data of Hospital 0"
    entry.save()
    text = words(client.get(board_address(ranked)))
    assert "Not ranked: was trained on data of Hospital 0" in text
    assert "Wolf" not in words(client.get(board_address(ranked), {"show": "ranked"}))


def test_the_csv_has_a_line_for_every_entry_with_its_numbers(client: Client, ranked: Benchmark) -> None:
    response = client.get(reverse("dashboards:leaderboard-csv", args=[ranked.slug]))
    rows = {row["model"]: row for row in csv.DictReader(io.StringIO(response.content.decode()))}
    learnt_nothing = {name for name, row in rows.items() if row["unranked_reason"].startswith("has learnt nothing")}
    assert rows.keys() - learnt_nothing == {"Careful", "Blind", "Wolf"}
    assert learnt_nothing >= {"Flags nobody", "Flags everybody"}
    assert {rows[name]["rank_low"] for name in learnt_nothing} == {""}
    assert float(rows["Flags everybody"]["sensitivity"]) == 1
    assert float(rows["Blind"]["sensitivity"]) == 0.25
    assert rows["Blind"]["sensitivity n"] == "8"
    assert rows["Careful"]["ppv@0.0001 note"] == "at least"


def test_a_model_name_is_never_a_formula_in_the_csv(client: Client, ranked: Benchmark) -> None:
    Submission.objects.filter(model="Wolf").update(model='=HYPERLINK("x")')
    text = client.get(reverse("dashboards:leaderboard-csv", args=[ranked.slug])).content.decode()
    assert "'=HYPERLINK" in text
    assert not re.search(r"(^|,)\"?=HYPERLINK", text, flags=re.MULTILINE)


def test_the_json_names_the_snapshot_its_versions_and_every_entry(client: Client, ranked: Benchmark) -> None:
    given = json.loads(client.get(reverse("dashboards:leaderboard-json", args=[ranked.slug])).content)
    assert given["schema"] == "leaderboard/1"
    assert given["snapshot"]["number"] == 1
    assert "evaluator" in given["snapshot"]["versions"]
    assert {entry["model"] for entry in given["entries"]} == {"Careful", "Blind", "Wolf"}
    assert given["entries"][0]["overall"]["sensitivity"]["all"]["n"] == 8


def test_a_name_with_markup_is_shown_as_text(client: Client, ranked: Benchmark, faults_of: Faults) -> None:
    Submission.objects.filter(model="Wolf").update(model="<script>alert(1)</script>")
    for address in addresses(ranked):
        response = client.get(address)
        assert faults_of(response) == []
        assert "<script>alert" not in response.content.decode()


def test_a_report_card_shows_the_provenance_of_its_numbers(client: Client, ranked: Benchmark) -> None:
    submission = Submission.objects.get(model="Blind")
    text = words(client.get(card_address("Blind")))
    assert submission.image in text
    assert "lesions/1" in text
    assert "hit/1" in text
    for cohort in ranked.cohorts.all():
        assert cohort.fingerprint in text


def test_a_report_card_carries_its_figures_as_json_and_as_tables(client: Client, ranked: Benchmark) -> None:
    page = client.get(card_address("Blind")).content.decode()
    drawings = [json.loads(one) for one in re.findall(r'<script type="application/json">(.*?)</script>', page)]
    assert len(drawings) == page.count('class="area"') >= 5
    assert all({"data", "layout"} == drawing.keys() for drawing in drawings)
    assert 'download="by-size.csv"' in page
    assert "data:text/csv" in page


def test_a_model_that_is_done_and_not_yet_ranked_is_told_to_be_coming(client: Client, ranked: Benchmark) -> None:
    submission = factories.SubmissionFactory.create(benchmark=ranked, model="Late", accepted=True)
    assert client.get(card_address("Late")).status_code == 404
    factories.make_done(submission)
    assert "is being computed" in words(client.get(card_address("Late")))
    snapshot_make(benchmark=ranked)
    assert "Provenance" in words(client.get(card_address("Late")))


def test_a_report_card_of_nothing_published_is_not_found(client: Client, benchmark_rows: Benchmark) -> None:
    submission = factories.SubmissionFactory.create(benchmark=benchmark_rows, accepted=True)
    assert client.get(reverse("dashboards:card", args=[submission.pk])).status_code == 404


def test_an_unpublished_benchmark_is_for_organisers(client: Client, ranked: Benchmark, organiser: User) -> None:
    Benchmark.objects.update(published=False)
    closed = [board_address(ranked), card_address("Careful"), reverse("dashboards:compare", args=[ranked.slug])]
    assert [client.get(address).status_code for address in closed] == [404, 404, 404]
    client.force_login(organiser)
    assert [client.get(address).status_code for address in closed] == [200, 200, 200]


def test_two_models_are_compared_on_the_same_patients(client: Client, ranked: Benchmark) -> None:
    ids = [str(Submission.objects.get(model=name).pk) for name in ("Careful", "Blind")]
    text = words(client.get(reverse("dashboards:compare", args=[ranked.slug]), {"model": ids}))
    # Careful finds 8 of 8, Blind 2 of 8: six that only Careful finds; exact McNemar 2·(1/2)⁶ = 0.031
    assert re.search(r"Sensitivity, All sizes 6 0 75\.0 \(\S+\) 0\.031 \S+ n 8", text)
    assert re.search(r"Specificity, All hospitals 0 0 0\.0 ", text)


def test_comparing_with_a_model_that_is_not_there_is_not_found(client: Client, ranked: Benchmark) -> None:
    address = reverse("dashboards:compare", args=[ranked.slug])
    one = str(Submission.objects.get(model="Careful").pk)
    assert client.get(address, {"model": [one, "no-uuid"]}).status_code == 404
    assert client.get(address, {"model": [one, "6f9619ff-8b86-4d11-b42d-00c04fc964ff"]}).status_code == 404


def test_the_front_page_names_who_may_be_best(client: Client, ranked: Benchmark) -> None:
    text = words(client.get(reverse("dashboards:home")))
    assert "1,000,000 people. 100 of them have cancer." in text
    assert "Careful" in text
    assert re.search(r"2 hospitals", re.sub(r"hospitals (\d+)", r"\1 hospitals", text))


def test_an_empty_site_says_what_to_do_next(client: Client, db: None, faults_of: Faults) -> None:
    for name in ("home", "leaderboards", "hospitals", "needle"):
        response = client.get(reverse(f"dashboards:{name}"))
        assert response.status_code == 200
        assert faults_of(response) == []
    assert "No benchmark is published yet." in words(client.get(reverse("dashboards:home")))


def test_a_benchmark_without_a_ranking_says_so(client: Client, benchmark_rows: Benchmark, faults_of: Faults) -> None:
    response = client.get(board_address(benchmark_rows))
    assert "No ranking has been published yet." in words(response)
    assert faults_of(response) == []
    assert "Nobody leads yet." in words(client.get(reverse("dashboards:home")))


def test_an_unknown_address_is_a_page_of_ours(client: Client, db: None, faults_of: Faults) -> None:
    response = client.get("/nothing/here/")
    assert response.status_code == 404
    assert "There is nothing at this address" in words(response)
    assert faults_of(response) == []


def test_a_final_ranking_says_so(ranked: Benchmark, client: Client, organiser: User) -> None:
    page = "/leaderboard/pancreas-ct/"
    assert ">final</a>" not in client.get(page).content.decode()
    snapshot = ranked.snapshots.get()
    FinalRanking.objects.create(
        snapshot=snapshot, record_id="sha256:1", archive=b"", sha256="0" * 64, published_by=organiser
    )
    assert f'<a href="{page}rankings/#ranking-{snapshot.number}">final</a>' in client.get(page).content.decode()
    assert ">final</a>" in client.get(page, {"snapshot": snapshot.number}).content.decode()
    factories.make_done(factories.SubmissionFactory.create(benchmark=ranked, accepted=True, model="Later"))
    assert snapshot_make(benchmark=ranked) is not None
    later = client.get(page).content.decode()
    assert ">final</a>" not in later
    assert f'The last final one is <a href="?snapshot={snapshot.number}">' in later
