"""The calculator against the design's vectors, and hospitals as counts."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards.forms import NeedleForm
from leaderboard.dashboards.selectors.hospitals import Count, HospitalRow, counted, hospital_rows
from leaderboard.dashboards.selectors.needle import Needle, needle
from tests import factories


def calculate(prevalence: float) -> Needle:
    found = needle(sensitivity=(95, 100), specificity=(990, 1000), prevalence=prevalence)
    assert isinstance(found, Needle)
    return found


def test_at_four_per_cent_the_numbers_are_the_designs() -> None:
    found = calculate(0.04)
    assert found.ppv.sentence == "79.8 (68.1–88.0)"  # 0.798319 (0.680810–0.880181)
    assert found.npv.sentence == "99.8 (99.5–99.91)"  # 0.997900 (0.995079–0.999105)
    assert found.false_alarms.sentence == "9.6 (5.2–17.6)"
    assert (found.people.population, found.people.true_positives, found.people.false_positives) == (2500, 95, 24)


def test_at_one_in_ten_thousand_the_numbers_are_the_designs() -> None:
    found = calculate(0.0001)
    assert found.ppv.sentence == "0.94 (0.51–1.7)"  # 0.00941153 (0.00509347–0.0173265)
    assert found.crowd == {"population": 1_000_000, "found": 95, "missed": 5, "false_alarms": 9_999}


def test_more_people_than_a_screen_holds_are_not_drawn() -> None:
    assert calculate(1e-6).crowd is None


@pytest.mark.parametrize("given", ["0.04", "4%", "4 %", "4\N{NO-BREAK SPACE}%", "4,0 %", "4e-2"])
def test_a_prevalence_may_be_written_in_many_ways(given: str) -> None:
    form = NeedleForm({"found": 1, "cancers": 2, "cleared": 1, "others": 2, "prevalence": given})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["prevalence"] == pytest.approx(0.04)


@pytest.mark.parametrize("given", ["", "0", "1", "60 %", "-4", "four", "1/2"])
def test_what_is_no_prevalence_is_refused(given: str) -> None:
    form = NeedleForm({"found": 1, "cancers": 2, "cleared": 1, "others": 2, "prevalence": given})
    assert "prevalence" in form.errors


@pytest.mark.django_db
def test_the_page_keeps_its_state_in_the_address(client: Client) -> None:
    given: dict[str, str | int] = {"found": 95, "cancers": 100, "cleared": 990, "others": 1000, "prevalence": "4 %"}
    text = re.sub(r"<[^>]+>|\s+", " ", client.get(reverse("dashboards:needle"), given).content.decode())
    assert re.search(r"79\.8\s+\(68\.1–88\.0\)", text)
    assert "Of 2,500 people, 100 have cancer." in text


@pytest.mark.django_db
def test_impossible_counts_are_explained_and_not_calculated(client: Client) -> None:
    given: dict[str, str | int] = {"found": 101, "cancers": 100, "cleared": 990, "others": 1000, "prevalence": "4 %"}
    page = client.get(reverse("dashboards:needle"), given).content.decode()
    assert "Cannot be more than the 100 of its denominator." in page
    assert "The same in people" not in page


def test_a_small_cell_is_hidden_with_the_one_that_would_reveal_it() -> None:
    shown = counted({"A": 3, "B": 40, "C": 25}, minimum=10)
    assert shown == [Count(label="A", count=None), Count(label="B", count=40), Count(label="C", count=None)]


def test_without_a_minimum_every_count_is_shown() -> None:
    assert counted({"B": 1, "A": 2}, minimum=0) == [Count(label="A", count=2), Count(label="B", count=1)]


@pytest.mark.django_db
def test_hospitals_are_counted_by_patient_and_samples_left_out(benchmark_rows: Benchmark) -> None:
    rows = hospital_rows().rows
    assert [(row.positive, row.negative, row.scans) for row in rows] == [(4, 4, 8), (4, 4, 8)]
    assert rows[0].scanners == [Count(label="A", count=4), Count(label="B", count=4)]


@pytest.mark.django_db
def test_a_patient_of_two_versions_counts_once_in_the_version_that_is_ranked(benchmark_rows: Benchmark) -> None:
    ranked = benchmark_rows.cohorts.earliest("pk")
    following = factories.make_cohort(positive=5, negative=3, hospital=ranked.hospital, name=ranked.name, version="2")

    def row() -> HospitalRow:
        return next(row for row in hospital_rows().rows if row.hospital == ranked.hospital)

    assert (row().cohorts, row().scans, row().positive) == ([ranked], 8, 4)
    benchmark_rows.cohorts.remove(ranked)
    benchmark_rows.cohorts.add(following)
    assert (row().cohorts, row().scans, row().positive) == ([following], 8, 5)


def test_a_hospital_below_the_public_minimum_shows_no_count(client: Client, benchmark_rows: Benchmark) -> None:
    Benchmark.objects.update(public_minimum=10, demonstration=False)
    rows = hospital_rows().rows
    assert [(row.positive, row.negative, row.scans) for row in rows] == [(None, None, None), (None, None, None)]
    assert "hidden" in client.get(reverse("dashboards:hospitals")).content.decode()


@pytest.mark.django_db
def test_more_hospitals_are_no_more_queries(
    client: Client, benchmark_rows: Benchmark, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        factories.make_cohort()
    with django_assert_max_num_queries(6):
        client.get(reverse("dashboards:hospitals"))
