"""The state of the art by date: what is a record, and whether it is one beyond doubt."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import kept_back_set
from leaderboard.dashboards.figures.over_time import over_time_figure
from leaderboard.dashboards.selectors.over_time import over_time
from leaderboard.rankings.models import Snapshot
from leaderboard.submissions.models import Submission
from tests import factories
from tests.leaderboard.dashboards.test_pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def dated(ranked: Benchmark) -> Benchmark:
    """Blind came first, then Wolf, then Careful."""
    for month, model in enumerate(("Blind", "Wolf", "Careful"), start=1):
        Submission.objects.filter(model=model).update(created=datetime(2026, month, 1, tzinfo=UTC))
    return ranked


def test_a_record_is_higher_than_everything_before_it(dated: Benchmark) -> None:
    found = over_time(dated, measure="sensitivity")
    assert [point.label for point in found.points] == ["Blind", "Wolf", "Careful"]
    # sensitivity 0.25, 1, 1: an equal is no record
    assert [point.record for point in found.points] == [True, True, False]
    # 6 cancers of 8 that only Wolf finds: exact p 0.03125, one test
    assert (found.points[1].beats, found.points[1].beyond_doubt, found.points[1].p) == ("Blind", True, "0.031")
    assert found.points[0].words == "first"


def test_records_of_the_score_are_judged_by_the_rankings_own_intervals(dated: Benchmark) -> None:
    entries = Snapshot.objects.get().entries
    positions = {entry.evaluation.submission.model: entry.position for entry in entries.all()}
    entries.update(ties=[])
    found = over_time(dated, measure="score")
    assert found.points[-1].beyond_doubt is True
    assert "significantly better than" in found.points[-1].words
    careful = entries.get(evaluation__submission__model="Careful")
    careful.ties = sorted(set(positions.values()) - {careful.position})
    careful.save()
    found = over_time(dated, measure="score")
    assert found.points[-1].beyond_doubt is False
    assert "not significantly different from" in found.points[-1].words


def test_tumours_are_no_independent_patients_so_t_sen_is_not_tested(dated: Benchmark) -> None:
    found = over_time(dated, measure="t_sen")
    assert found.records[1].beyond_doubt is None
    assert found.records[1].words == "record, higher than Blind; not tested"


def test_an_unranked_submission_holds_no_record(dated: Benchmark) -> None:
    entry = Snapshot.objects.get().entries.get(evaluation__submission__model="Wolf")
    entry.rank_low = entry.rank_high = entry.score = None
    entry.unranked_reason = "was trained on data of Hospital 0"
    entry.save()
    assert [point.label for point in over_time(dated, measure="sensitivity").points] == ["Blind", "Careful"]


def test_the_figure_and_the_table_show_every_submission(dated: Benchmark, client: Client) -> None:
    figure = over_time_figure(over_time(dated, measure="auc"))
    assert [row[1] for row in figure.table.rows] == ["Blind", "Wolf", "Careful"]
    address = reverse("dashboards:progress", args=[dated.slug])
    text = words(client.get(address, {"measure": "sensitivity"}))
    assert "record, significantly better than Blind (p 0.031)" in text
    assert "Transfer score by date of submission" in words(client.get(address, {"measure": "beauty"}))


@pytest.mark.parametrize(("second", "heights"), [(5, [14, 28, 14]), (30, [14, 14, 14])])
def test_submissions_of_one_minute_stand_apart_and_so_do_their_names(
    dated: Benchmark, second: int, heights: list[int]
) -> None:
    for at, model in ((0, "Blind"), (second, "Wolf"), (59, "Careful")):
        Submission.objects.filter(model=model).update(created=datetime(2026, 1, 1, 12, 0, at, tzinfo=UTC))
    drawn = over_time_figure(over_time(dated, measure="auc")).drawing  # 0.516, 0.547, 1
    places = {str(x) for trace in drawn["data"] for x in trace["x"]}
    assert places == {f"2026-01-01 12:00:{at:02}" for at in (0, second, 59)}
    assert [note["yshift"] for note in drawn["layout"]["annotations"]] == heights
    assert "range" not in drawn["layout"]["xaxis"]


def test_what_came_at_once_has_an_axis_of_seconds(dated: Benchmark) -> None:
    Submission.objects.update(created=datetime(2026, 1, 1, 12, tzinfo=UTC))
    drawn = over_time_figure(over_time(dated, measure="sensitivity")).drawing
    assert drawn["layout"]["xaxis"]["range"] == ["2026-01-01 11:59:55", "2026-01-01 12:00:05"]


def test_small_tumours_are_no_choice_where_strata_are_kept(benchmark_rows: Benchmark, client: Client) -> None:
    benchmark = factories.make_ranked(kept_back_set(benchmark=benchmark_rows, strata_at_final=True))
    page = client.get(reverse("dashboards:progress", args=[benchmark.slug]), {"measure": "sensitivity_le20"})
    assert 'value="sensitivity_le20"' not in page.content.decode()


def test_before_the_final_of_a_ladder_there_is_no_history(benchmark_rows: Benchmark, client: Client) -> None:
    benchmark = kept_back_set(benchmark=benchmark_rows, ladder=True)
    page = words(client.get(reverse("dashboards:progress", args=[benchmark.slug])))
    assert "Nothing is ranked before the final." in page
    assert "Nothing is ranked before the final." in words(
        client.get(reverse("dashboards:changes", args=[benchmark.slug]))
    )
    for name in ("leaderboard-parquet", "cite", "changes-csv"):
        assert client.get(reverse(f"dashboards:{name}", args=[benchmark.slug])).status_code == 404
