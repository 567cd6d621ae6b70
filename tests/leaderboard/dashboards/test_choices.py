"""The leaderboard by its address: stratum, order, day, ID, versions; and the same as files."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import polars
import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from leaderboard.accounts.models import User
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import kept_back_set
from leaderboard.dashboards.selectors.cite import cite, escaped
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.services import snapshot_make
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import submission_follow
from tests import factories
from tests.leaderboard.dashboards.test_pages import board_address, words

pytestmark = pytest.mark.django_db


def rows_of(client: Client, benchmark: Benchmark, **given: str) -> dict[str, dict[str, str]]:
    address = reverse("dashboards:leaderboard-csv", args=[benchmark.slug])
    text = client.get(address, given).content.decode()
    return {row["model"]: row for row in csv.DictReader(io.StringIO(text))}


def order_of(client: Client, benchmark: Benchmark, **given: str) -> list[str]:
    page = client.get(board_address(benchmark), given).content.decode()
    return [name for name in re.findall(r'/models/[^/]+/">([^<]+)</a>', page) if name in {"Careful", "Blind", "Wolf"}]


def test_a_stratum_narrows_sensitivity_and_t_sen_and_nothing_else(client: Client, ranked: Benchmark) -> None:
    rows = rows_of(client, ranked, stratum="gt20_le40")
    # at each of two hospitals tumours of 5, 15, 25 and 35 mm; Blind misses the first three: of 20–40 mm one in two
    assert (rows["Blind"]["sensitivity[gt20_le40]"], rows["Blind"]["sensitivity[gt20_le40] n"]) == ("0.5", "4")
    assert rows["Blind"]["t_sen[gt20_le40]"] == "0.5"
    assert rows["Blind"]["sensitivity"] == rows_of(client, ranked)["Blind"]["sensitivity"] == "0.25"
    assert "sensitivity_le20" not in rows["Blind"]
    text = words(client.get(board_address(ranked), {"stratum": "gt20_le40"}))
    assert "Sensitivity, &gt; 20–40 mm, %" in text
    assert "all others, PPV and the transfer score among them, are of everybody" in text


def test_a_stratum_that_does_not_exist_is_ignored(client: Client, ranked: Benchmark) -> None:
    assert rows_of(client, ranked, stratum="tiny").keys() == rows_of(client, ranked).keys()
    assert "sensitivity_le20" in rows_of(client, ranked, stratum="tiny")["Blind"]


def test_strata_kept_for_the_final_cannot_be_chosen(client: Client, benchmark_rows: Benchmark) -> None:
    benchmark = factories.make_ranked(kept_back_set(benchmark=benchmark_rows, strata_at_final=True))
    page = client.get(board_address(benchmark), {"stratum": "gt20_le40"}).content.decode()
    assert 'name="stratum"' not in page
    assert "20–40" not in page


def test_sorting_goes_both_ways_and_renumbers_nobody(client: Client, ranked: Benchmark) -> None:
    bands = {row["model"]: (row["rank_low"], row["rank_high"]) for row in rows_of(client, ranked).values()}
    assert order_of(client, ranked, sort="t_sen")[-1] == "Blind"
    assert order_of(client, ranked, sort="-t_sen")[0] == "Blind"
    for sort in ("t_sen", "-t_sen", "name", "-rank", "false_alarms"):
        rows = rows_of(client, ranked, sort=sort)
        assert {name: (row["rank_low"], row["rank_high"]) for name, row in rows.items()} == bands
    assert order_of(client, ranked, sort="name") == ["Blind", "Careful", "Wolf"]
    assert order_of(client, ranked, sort="-name") == ["Wolf", "Careful", "Blind"]
    assert order_of(client, ranked, sort="-rank") == order_of(client, ranked)[::-1]
    assert "every model keeps the rank that its transfer score has" in words(
        client.get(board_address(ranked), {"sort": "auc"})
    )


def test_a_row_says_in_words_how_many_it_is_tied_with(client: Client, ranked: Benchmark) -> None:
    entry = Snapshot.objects.get().entries.get(evaluation__submission__model="Careful")
    entry.ties = [2, 3]
    entry.save()
    assert "not significantly different from 2 others" in words(client.get(board_address(ranked)))


@pytest.fixture
def two_rankings(ranked: Benchmark) -> Benchmark:
    """A second ranking without Wolf and with Late; the first is of a month before."""
    first = Snapshot.objects.get()
    first.created = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
    first.save()
    Submission.objects.filter(model="Wolf").update(state=Submission.State.WITHDRAWN)
    late = factories.SubmissionFactory.create(benchmark=ranked, model="Late", accepted=True)
    factories.make_done(late, misses=1)
    snapshot_make(benchmark=ranked)
    return ranked


def test_the_leaderboard_as_of_a_day_is_the_newest_ranking_of_that_day(client: Client, two_rankings: Benchmark) -> None:
    old = words(client.get(board_address(two_rankings), {"as_of": "2026-10-01"}))
    assert "Ranking 1, as of 2026-10-01 12:00 UTC" in old
    assert "There is a newer one" in old
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    assert "Ranking 2" in words(client.get(board_address(two_rankings), {"as_of": tomorrow}))
    assert "Ranking 2" in words(client.get(board_address(two_rankings), {"as_of": "9999-12-31"}))
    before = client.get(board_address(two_rankings), {"as_of": "2026-09-30"})
    assert before.status_code == 200
    assert "No ranking was published by 2026-09-30." in words(before)
    assert "The first is of 2026-10-01 12:00 UTC" in words(before)


def test_a_permalink_by_id_or_how_it_begins_never_shows_another_ranking(
    client: Client, two_rankings: Benchmark
) -> None:
    first = Snapshot.objects.get(number=1)
    for name in (f"sha256:{first.sha256}", first.sha256[:12], "1"):
        assert "Ranking 1," in words(client.get(board_address(two_rankings), {"snapshot": name}))
    assert client.get(board_address(two_rankings), {"snapshot": "0" * 64}).status_code == 404
    for wrong in ({"snapshot": "the last"}, {"as_of": "2026-13-45"}):  # never another ranking than was asked for
        assert client.get(board_address(two_rankings), wrong).status_code == 404


def test_an_unpublished_ranking_is_shown_by_no_address(client: Client, two_rankings: Benchmark) -> None:
    Snapshot.objects.filter(number=1).update(published=False)
    first = Snapshot.objects.get(number=1)
    assert client.get(board_address(two_rankings), {"snapshot": first.sha256}).status_code == 404
    assert "No ranking was published by" in words(client.get(board_address(two_rankings), {"as_of": "2026-10-02"}))


def test_what_changed_is_said_in_a_line_and_on_a_page(client: Client, two_rankings: Benchmark) -> None:
    assert "Since ranking 1: 1 new, 1 gone" in words(client.get(board_address(two_rankings)))
    page = words(client.get(reverse("dashboards:changes", args=[two_rankings.slug])))
    assert re.search(r"Late Team \d+ new – \d", page)
    assert re.search(r"Wolf Wolves gone \d(–\d)? –", page)
    text = client.get(reverse("dashboards:changes-csv", args=[two_rankings.slug])).content.decode()
    lines = {line["model"]: line for line in csv.DictReader(io.StringIO(text))}
    assert lines["Wolf"]["what"] == "gone"
    assert lines["Late"]["rank_before"] == "–"


def test_numbers_that_changed_are_named_with_the_reason(client: Client, ranked: Benchmark) -> None:
    ranked.prevalences = [{"value": 0.02, "label": "another group"}]
    ranked.public_minimum = 0
    ranked.save()
    snapshot_make(benchmark=ranked)
    page = words(client.get(reverse("dashboards:changes", args=[ranked.slug]), {"since": "1", "snapshot": "2"}))
    assert "Rule “prevalences”: 0.0001, 0.04 before, 0.02 now." in page
    assert "Every submission has the rank band and the numbers that it had." in page


def test_the_first_ranking_has_none_to_be_compared_with(client: Client, ranked: Benchmark) -> None:
    assert "There are no two rankings to compare" in words(
        client.get(reverse("dashboards:changes", args=[ranked.slug]))
    )
    assert client.get(reverse("dashboards:changes-csv", args=[ranked.slug])).status_code == 404
    assert "Since ranking" not in words(client.get(board_address(ranked)))


def test_parquet_has_typed_columns_and_says_what_it_is_of(client: Client, ranked: Benchmark) -> None:
    response = client.get(reverse("dashboards:leaderboard-parquet", args=[ranked.slug]))
    assert response["Content-Disposition"] == 'attachment; filename="pancreas-ct-1.parquet"'
    table = polars.read_parquet(io.BytesIO(response.content))
    assert table.schema["sensitivity"] == polars.Float64
    assert table.schema["rank_low"] == polars.Int32
    blind = table.row(by_predicate=polars.col("model") == "Blind", named=True)
    assert (blind["sensitivity"], blind["sensitivity n"], blind["unranked_reason"]) == (0.25, 8, None)
    nobody = table.row(by_predicate=polars.col("model") == "Flags nobody", named=True)
    assert nobody["rank_low"] is None
    about = polars.read_parquet_metadata(io.BytesIO(response.content))
    assert about["snapshot_sha256"] == Snapshot.objects.get().sha256
    assert "synthetic" in about["demonstration"]


def test_a_parquet_file_without_a_row_has_its_columns_all_the_same(client: Client, ranked: Benchmark) -> None:
    given = {"text": "nobody", "columns": "auc"}
    response = client.get(reverse("dashboards:leaderboard-parquet", args=[ranked.slug]), given)
    assert {"model", "auc", "auc low"} <= set(polars.read_parquet(io.BytesIO(response.content)).columns)


def test_a_ranking_is_cited_by_its_id(client: Client, ranked: Benchmark) -> None:
    snapshot = Snapshot.objects.get()
    text = words(client.get(board_address(ranked)))
    assert f"Snapshot ID sha256:{snapshot.sha256}" in text
    response = client.get(reverse("dashboards:cite", args=[ranked.slug]))
    bibtex = response.content.decode()
    assert bibtex.startswith("@misc{pancreas-ct-1,\n")
    assert f"snapshot=sha256:{snapshot.sha256}" in bibtex
    assert "Synthetic demonstration." in bibtex
    assert bibtex.count("{") == bibtex.count("}")


def test_what_tex_takes_for_a_command_is_written_as_text(ranked: Benchmark) -> None:
    ranked.title = "Colon & liver_100 % {CT}"
    ranked.save()
    found = cite(Snapshot.objects.select_related("benchmark").get(), page="https://example.org/")
    assert r"Colon \& liver\_100 \% \{CT\}, ranking 1" in found.bibtex
    assert escaped("a\\b") == r"a\textbackslash{}b"


def test_the_json_names_the_id_and_still_every_entry(client: Client, ranked: Benchmark) -> None:
    told = json.loads(client.get(reverse("dashboards:leaderboard-json", args=[ranked.slug])).content)
    assert told["snapshot"]["sha256"] == Snapshot.objects.get().sha256


@pytest.fixture
def versions(ranked: Benchmark, member: User) -> Benchmark:
    """Careful is the next version of Blind."""
    Submission.objects.filter(model="Blind").update(created=datetime(2026, 1, 1, tzinfo=UTC))
    careful, blind = (Submission.objects.get(model=model) for model in ("Careful", "Blind"))
    submission_follow(submission=careful, earlier=blind, by=member)
    return ranked


def test_versions_stand_beside_the_models_and_the_older_can_be_left_out(client: Client, versions: Benchmark) -> None:
    rows = rows_of(client, versions)
    assert rows["Careful"]["behind_it"] == "version 2 of 2, of 2 submissions"
    assert rows["Blind"]["behind_it"] == "version 1 of 2, of 2 submissions"
    assert rows["Wolf"]["behind_it"] == ""
    newest = rows_of(client, versions, versions="newest")
    assert "Blind" not in newest
    assert newest["Careful"]["rank_low"] == rows["Careful"]["rank_low"]
    assert "of 2 submissions" in words(client.get(board_address(versions), {"versions": "newest"}))


def test_a_private_version_hides_no_public_one_and_is_not_told_of(
    client: Client, versions: Benchmark, member: User
) -> None:
    secret = factories.SubmissionFactory.create(
        benchmark=versions, team=member.teams.get(), model="Hidden one", accepted=True, public=False
    )
    submission_follow(submission=secret, earlier=Submission.objects.get(model="Careful"), by=member)
    rows = rows_of(client, versions, versions="newest")
    assert rows["Careful"]["behind_it"] == "version 2 of 2, of 3 submissions"
    page = client.get(reverse("dashboards:card", args=[Submission.objects.get(model="Careful").pk]))
    assert "Hidden one" not in words(page)
    assert "Its team used 3 submissions on this benchmark so far." in words(page)


def test_a_report_card_leads_to_its_other_versions(client: Client, versions: Benchmark) -> None:
    careful = Submission.objects.get(model="Careful")
    text = words(client.get(reverse("dashboards:card", args=[careful.pk])))
    assert "Version 2 of 2, after Blind ." in text
    blind = Submission.objects.get(model="Blind")
    assert "there is a later one, Careful" in words(client.get(reverse("dashboards:card", args=[blind.pk])))


def test_names_on_the_page_of_changes_are_text(client: Client, two_rankings: Benchmark) -> None:
    Submission.objects.filter(model="Late").update(model="<script>alert(1)</script>")
    page = client.get(reverse("dashboards:changes", args=[two_rankings.slug])).content.decode()
    assert "<script>alert" not in page
    assert escape("<script>alert(1)</script>") in page


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("", 3),
        ("?sort=-dsc", 4),
        ("?sort=specificity", 3),
        ("?columns=score&columns=worst", 2),
    ],
)
def test_a_narrow_screen_shows_three_numbers_and_what_the_rows_are_sorted_by(
    client: Client, ranked: Benchmark, asked: str, shown: int
) -> None:
    page = client.get(reverse("dashboards:leaderboard", args=[ranked.slug]) + asked).content.decode()
    rows = re.findall(r"<tr class=\"model.*?</tr>", page, re.DOTALL)
    assert rows
    assert {row.count('class="metric essential"') for row in rows} == {shown}
