"""What a figure's CSV holds: numbers that a program reads, not what a page writes."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import reverse

from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards.figures.base import Table
from leaderboard.dashboards.figures.data import as_data
from leaderboard.submissions.models import Submission

HEADS = ("", "difference", "95 % interval", "n")


def test_an_interval_and_counts_are_two_columns_each() -> None:
    rows = [("≤ 2 cm", "−0.120", "(−0.3 to 0.06)", "28 of 1,032"), ("all", "0.5", "0.4–0.6", "n 1,200")]
    assert as_data(HEADS, rows) == [
        ["", "difference", "low", "high", "k", "n"],
        ["≤ 2 cm", -0.12, -0.3, 0.06, 28, 1032],
        ["all", 0.5, 0.4, 0.6, None, 1200],
    ]


def test_counts_with_a_stroke_are_no_dates() -> None:
    table = as_data(("told, %", "patients"), [("12.5", "3/8"), ("1.0", "")])
    assert table == [["told, %", "patients, k", "patients"], [12.5, 3, 8], [1.0, None, None]]


def test_a_reason_stands_where_an_interval_would() -> None:
    rows = [("a", "1.0", "no variation", ""), ("b", "0.5", "0.4–0.6", "")]
    assert as_data(HEADS, rows)[1:] == [["a", 1.0, "no variation", None, None], ["b", 0.5, 0.4, 0.6, None]]


def test_without_an_interval_or_counts_the_columns_stay() -> None:
    assert as_data(HEADS, [("60–69", "0.5", "", "n 9")]) == [list(HEADS), ["60–69", 0.5, None, 9]]


def test_names_are_guarded_and_negative_numbers_are_none() -> None:
    text = Table(columns=("model", "difference"), rows=(("=HYPERLINK()", "−0.1"),)).csv
    assert list(csv.reader(io.StringIO(text))) == [["model", "difference"], ["'=HYPERLINK()", "-0.1"]]


@pytest.mark.django_db
def test_every_csv_of_a_report_card_is_read_by_a_program(ranked: Benchmark, client: Client) -> None:
    card = reverse("dashboards:card", args=[Submission.objects.get(model="Careful").pk])
    page = client.get(card).content.decode()
    addresses = re.findall(r'href="data:text/csv;charset=utf-8,([^"]+)"', page)
    assert addresses
    for address in addresses:
        heads, *rows = csv.reader(io.StringIO(unquote(address)))
        assert rows
        assert {len(row) for row in rows} == {len(heads)}
        for low, high in ((row[heads.index("low")], row[heads.index("high")]) for row in rows if "low" in heads):
            assert low == "" or float(low) <= float(high)
