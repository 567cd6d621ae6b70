"""The domain transfer page: the ranking's own numbers the right way round, and sentences where there are none."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from evaluator.ranking import rank_table
from evaluator.results import to_builtins
from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards.figures.grids import shortened
from leaderboard.dashboards.figures.transfer import transfer_figures
from leaderboard.dashboards.selectors.attributes import attributes_in
from leaderboard.dashboards.selectors.transfer import (
    SHOWN,
    Model,
    Transfer,
    get_transfer,
    labelled,
    score_at,
    within,
)
from leaderboard.rankings.models import Entry, Snapshot
from leaderboard.rankings.services import snapshot_make
from tests import factories
from tests.leaderboard.dashboards.test_pages import words

pytestmark = pytest.mark.django_db
PAGE = "/leaderboard/pancreas-ct/transfer/"


def ranking_of(models: dict[str, float], *, hospitals: int, patients: int = 60, **asked: Any) -> dict[str, Any]:
    """A ranking as a snapshot has it, of models that are right with these chances."""
    rng = np.random.default_rng(4)
    each, places = hospitals * patients, np.arange(hospitals * patients)
    people = {
        "hospital": [f"hospital {at}" for at in places % hospitals],
        "case": [f"case {at}" for at in places],
        "patient": [f"patient {at}" for at in places],
        "truth": (places // hospitals % 2).astype(str),
        "sex": np.where(places // hospitals // 2 % 2, "F", "M"),
    }
    answers = {name: (rng.random(each) < chance).astype(int).astype(str) for name, chance in models.items()}
    table = pd.concat([pd.DataFrame({"model": name, **people, "correct": right}) for name, right in answers.items()])
    found: dict[str, Any] = to_builtins(rank_table(table, value="correct", replicates=200, seed=1, **asked))
    return found


def transfer(benchmark: Benchmark, ranking: dict[str, Any]) -> Transfer:
    names = [item["model"] for item in ranking["models"]]
    named = {name: Model(submission=name, label=name, slot=slot) for slot, name in enumerate(sorted(names))}
    return Transfer(benchmark=benchmark, snapshot=Snapshot(benchmark=benchmark, number=1), ranking=ranking, named=named)


def test_every_pair_is_there_once_and_says_which_way_it_goes(ranked: Benchmark) -> None:
    found = get_transfer(ranked)
    figure = transfer_figures(found)["significance"]
    pairs = Snapshot.objects.get().ranking["pairs"]
    assert len(figure.table.rows) == len(pairs) == 3
    by_names = {(row[0], row[1]): row for row in figure.table.rows}
    for pair in pairs:
        row = by_names[found.model(pair["a"]).label, found.model(pair["b"]).label]
        assert row[2] == f"{pair['difference']:.3f}".replace("-", "−")
        expected = "better" if pair["low"] > 0 else "worse" if pair["high"] < 0 else "not different beyond doubt"
        assert row[5] == expected
    cells = figure.drawing["data"][0]["z"]
    assert np.array_equal(np.nan_to_num(np.array(cells, dtype=float)), -np.nan_to_num(np.array(cells, dtype=float)).T)


def test_the_worst_hospital_is_marked_and_the_hardest_comes_first(benchmark_rows: Benchmark) -> None:
    ranking = ranking_of({"good": 0.95, "fair": 0.7}, hospitals=3)
    figure = transfer_figures(transfer(benchmark_rows, ranking))["hospitals"]
    for model in ranking["models"]:
        mine = [row for row in figure.table.rows if row[0] == model["model"]]
        lowest = min(model["hospitals"], key=lambda name: model["hospitals"][name]["value"])
        assert [row[1] for row in mine if row[5] == "worst"] == [lowest]
    order = list(dict.fromkeys(row[1] for row in figure.table.rows))
    means = [np.mean([model["hospitals"][name]["value"] for model in ranking["models"]]) for name in order]
    assert means == sorted(means)


def test_ranks_without_a_hospital_are_the_rankings(benchmark_rows: Benchmark) -> None:
    ranking = ranking_of({"a": 0.8, "b": 0.79, "c": 0.6}, hospitals=3)
    figure = transfer_figures(transfer(benchmark_rows, ranking))["left_out"]
    heads = figure.table.columns[2:]
    for row in figure.table.rows:
        assert row[2:] == tuple(str(ranking["leave_one_hospital_out"][name][row[0]]) for name in heads)
    # Equals would hide one another: no two points of a column lie on each other.
    for column in zip(*(trace["y"] for trace in figure.drawing["data"]), strict=True):
        assert len(set(column)) == 3


def test_other_hospitals_are_spoken_of_from_five_on(benchmark_rows: Benchmark) -> None:
    few = transfer_figures(transfer(benchmark_rows, ranking_of({"a": 0.9, "b": 0.6}, hospitals=4)))["new_hospital"]
    assert few.table.rows == ()
    assert few.absent == "4 hospitals are too few to speak of others; it takes 5."
    ranking = ranking_of({"a": 0.9, "b": 0.6}, hospitals=6)
    figure = transfer_figures(transfer(benchmark_rows, ranking))["new_hospital"]
    (pair,) = ranking["new_hospital"]["pairs"]
    ((against, mean, interval, _, prediction),) = figure.table.rows
    turn = 1 if pair["a"] == ranking["models"][0]["model"] else -1
    assert (against, mean) == ("b", f"{turn * pair['mean']:.3f}")
    ends = sorted([turn * pair["low"], turn * pair["high"]])
    assert interval == f"{ends[0]:.3f}–{ends[1]:.3f}"
    assert prediction


def test_groups_are_told_with_their_verdict(benchmark_rows: Benchmark) -> None:
    ranking = ranking_of({"a": 0.9, "b": 0.6}, hospitals=2, patients=160)
    (hospital, sex) = attributes_in(transfer(benchmark_rows, ranking))
    assert (hospital.name, sex.name) == ("hospital", "sex")
    given = ranking["attributes"]["sex"]
    assert sex.verdict == given["verdict"]
    assert [group.name for group in sex.groups] == ["F", "M"]
    assert f"{given['groups'][0]['patients']['positive']:,} positive" in sex.groups[0].patients


def test_a_hidden_count_is_a_word(benchmark_rows: Benchmark) -> None:
    ranking = ranking_of({"a": 0.9, "b": 0.6}, hospitals=2, patients=160)
    ranking["attributes"]["sex"]["groups"][0]["patients"]["positive"] = None
    sex = attributes_in(transfer(benchmark_rows, ranking))[1]
    assert sex.groups[0].patients.startswith("hidden positive, ")


def test_the_net_score_weighs_false_alarms_by_how_common_they_are(benchmark_rows: Benchmark) -> None:
    ranking = ranking_of({"a": 0.9}, hospitals=2, by=())
    ranking["models"][0] |= {"sensitivity": 0.8, "specificity": 0.99}
    (line,) = transfer(benchmark_rows, ranking).lines
    # w = 9,999/10 and 24/10: 0.8 − 9.999 and 0.8 − 0.024.
    assert [net for net, _ in line.net] == ["−9.199", "0.776"]
    ranking["models"][0] |= {"sensitivity_limits": (0.7, 0.85), "specificity_limits": (0.97, 0.995)}
    (line,) = transfer(benchmark_rows, ranking).lines
    # At 4 %: 0.776 − √(0.1² + (2.4 · 0.02)²) and 0.776 + √(0.05² + (2.4 · 0.005)²).
    assert line.net[1] == ("0.776", "(0.665–0.827)")
    ranking["models"][0].pop("specificity_limits")
    assert transfer(benchmark_rows, ranking).lines[0].net[1] == ("0.776", "")
    for name in ("sensitivity", "specificity"):
        ranking["models"][0].pop(name)
    assert transfer(benchmark_rows, ranking).lines[0].net == [("", ""), ("", "")]


def test_every_patient_one_vote_has_an_interval_and_a_ranking_of_before_none(benchmark_rows: Benchmark) -> None:
    ranking = ranking_of({"a": 0.9}, hospitals=2, by=())
    low, high = ranking["models"][0]["score_by_patients_limits"]
    (line,) = transfer(benchmark_rows, ranking).lines
    assert line.by_patients_interval == f"({low:.3f}–{high:.3f})"
    assert low < ranking["models"][0]["score_by_patients"] < high
    ranking["models"][0].pop("score_by_patients_limits")
    assert transfer(benchmark_rows, ranking).lines[0].by_patients_interval == ""


def test_many_models_are_cut_in_the_picture_only(benchmark_rows: Benchmark) -> None:
    ranking = ranking_of({f"m{number:02}": 0.5 + number / 100 for number in range(SHOWN + 5)}, hospitals=2, by=())
    found = transfer(benchmark_rows, ranking)
    figure = transfer_figures(found)["significance"]
    assert len(figure.drawing["data"][0]["z"]) == SHOWN
    assert f"The first {SHOWN} of {SHOWN + 5} models; the CSV files have all." in figure.caption


def test_with_many_models_cells_have_marks_and_each_colour_is_one_models(benchmark_rows: Benchmark) -> None:
    ranking = ranking_of({f"m{number:02}": 0.5 + number / 100 for number in range(20)}, hospitals=17, by=())
    figures = transfer_figures(transfer(benchmark_rows, ranking))
    texts = {text for row in figures["hospitals"].drawing["data"][0]["text"] for text in row}
    assert texts == {"", "▼"}
    assert figures["hospitals"].table.rows[0][2]  # the table has the numbers
    roles = [trace["meta"]["role"] for trace in figures["left_out"].drawing["data"]]
    assert (len(set(roles) - {"muted"}), roles.count("muted")) == (6, 14)


def test_the_page_and_its_tables(ranked: Benchmark, client: Client, faults_of: Callable[[Any], list[str]]) -> None:
    response = client.get(PAGE)
    assert faults_of(response) == []
    said = words(response)
    assert "nan" not in said.lower().split()
    assert "Careful" in said
    assert "It takes two groups with 30 of either truth" in said
    pairs = list(csv.DictReader(io.StringIO(client.get(f"{PAGE}pairs.csv").content.decode())))
    assert {frozenset((row["model"], row["against"])) for row in pairs} == {
        frozenset(pair) for pair in (("Careful", "Blind"), ("Careful", "Wolf"), ("Blind", "Wolf"))
    }
    rows = list(csv.DictReader(io.StringIO(client.get(f"{PAGE}hospitals.csv").content.decode())))
    assert len(rows) == 6
    assert {row["patients"] for row in rows} == {"8"}


def test_scores_stand_with_their_intervals(ranked: Benchmark, client: Client) -> None:
    found = get_transfer(ranked)
    entry = Entry.objects.get(evaluation__submission__model="Careful")
    (line,) = [line for line in found.lines if line.model.label == "Careful"]
    at_worst = score_at(found.ranked[0], entry.worst_hospital)
    for given, shown in ((entry.transfer["score"], line.interval), (at_worst, line.worst_interval)):
        assert shown == f"({given['low']:.3f}–{given['high']:.3f})".replace("-", "−")
        assert shown in words(client.get(PAGE))
    board = client.get("/leaderboard/pancreas-ct/").content.decode()
    cell = board.split(f'<span class="note">{entry.worst_hospital}</span>')[0].rpartition('<span class="value">')[2]
    assert f'<span class="n">n {at_worst["patients"]}</span>' in cell
    assert within({"low": None, "high": None}) == within(None) == ""  # hidden, or of an older ranking


def test_a_ranking_is_named_by_the_address(ranked: Benchmark, client: Client) -> None:
    factories.make_done(factories.SubmissionFactory.create(benchmark=ranked, model="Latecomer", accepted=True))
    snapshot_make(benchmark=ranked)
    assert "Latecomer" in words(client.get(PAGE))
    old = words(client.get(f"{PAGE}?snapshot=1"))
    assert "Latecomer" not in old
    assert "There is a newer one." in old
    assert client.get(f"{PAGE}?snapshot=9").status_code == 404


def test_without_a_ranking_or_with_one_model_there_are_sentences(benchmark_rows: Benchmark, client: Client) -> None:
    assert "No ranking has been published yet." in words(client.get(PAGE))
    assert client.get(f"{PAGE}pairs.csv").content.decode().count("\n") == 1
    factories.make_done(factories.SubmissionFactory.create(benchmark=benchmark_rows, accepted=True))
    snapshot_make(benchmark=benchmark_rows)
    said = words(client.get(PAGE))
    assert "It takes two ranked models." in said
    assert "It takes two models to have an order." in said or "too few" in said


def test_nobody_ranked_is_said(ranked: Benchmark, client: Client) -> None:
    Benchmark.objects.update(panel_minimum=1000)
    snapshot_make(benchmark=Benchmark.objects.get())
    said = words(client.get(PAGE))
    assert "No model is ranked yet." in said
    assert "Not on the panel" in said


def test_the_page_asks_the_database_little(
    ranked: Benchmark, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(8):
        client.get(PAGE)


def test_names_on_a_page_differ() -> None:
    assert labelled([("A", "x"), ("B", "x"), ("A", "y")]) == ["A (x)", "B", "A (y)"]
    assert labelled([("A", "x"), ("A", "x")]) == ["A (x) 1", "A (x) 2"]


def test_names_beside_a_grid_leave_out_what_all_share() -> None:
    assert shortened(["University Hospital Basel", "University Hospital Lund"]) == ["Basel", "Lund"]
    assert shortened(["University Hospital Basel"]) == ["University Ho…"]
    assert shortened(["General", "General Hospital"]) == ["General", "General Hospi…"]
    assert shortened([]) == []
