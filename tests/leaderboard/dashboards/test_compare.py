"""Up to five models on the same patients: paired, adjusted, and saying for how many tests."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from evaluator.statistics.compare import holm
from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards.figures.compare import SHOWN, compare_figures, roles
from leaderboard.dashboards.formatting import Shown, p_value
from leaderboard.dashboards.selectors.compare import Contrast, Difference, _areas, adjust, compare
from leaderboard.dashboards.selectors.pairs import Pairs
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.services import snapshot_make
from leaderboard.submissions.models import Submission
from tests import factories
from tests.leaderboard.dashboards.test_pages import words

pytestmark = pytest.mark.django_db


def ids_of(*models: str) -> list[str]:
    return [str(Submission.objects.get(model=model).pk) for model in models]


def test_all_pairs_are_adjusted_together_by_holm(ranked: Benchmark) -> None:
    found = compare(ranked, ids_of("Careful", "Blind", "Wolf"))
    assert [(pair.first, pair.second) for pair in found.pairs] == [
        ("Careful", "Blind"),
        ("Careful", "Wolf"),
        ("Blind", "Wolf"),
    ]
    assert found.tests == 6
    exact = [one.exact for pair in found.pairs for one in (pair.sensitivity, pair.specificity)]
    # six cancers that only one of the two finds: 2·(1/2)⁶ = 0.03125; no patient tells them apart: 1
    assert exact == [0.03125, 1.0, 1.0, 0.03125, 0.03125, 0.03125]
    adjusted = [one.adjusted for pair in found.pairs for one in (pair.sensitivity, pair.specificity)]
    assert adjusted == [p_value(p) for p in holm([p for p in exact if p is not None])] == [
        "0.188", "1.000", "1.000", "0.188", "0.188", "0.188",
    ]  # fmt: skip


def test_the_first_is_held_against_each_of_the_others(ranked: Benchmark) -> None:
    found = compare(ranked, ids_of("Wolf", "Careful", "Blind"))
    assert [(one.first, one.second) for one in found.contrasts] == [("Wolf", "Careful"), ("Wolf", "Blind")]
    lines = [line for one in found.contrasts for line in (*one.sensitivity, *one.specificity)]
    assert found.finer == sum(line.exact is not None for line in lines)
    assert {line.label for line in lines} >= {"All sizes", "≤ 2 cm", "All hospitals"}


def test_a_line_that_is_not_tested_is_not_counted_either() -> None:
    hidden = Difference(label="hidden", shown=Shown(words="hidden"))
    tested = [Difference(label=str(p), shown=Shown(text="1"), exact=p) for p in (0.01, 0.04)]
    assert [one.adjusted for one in adjust([tested[0], hidden, tested[1]])] == ["0.020", "", "0.040"]
    assert adjust([hidden]) == [hidden]


def test_areas_without_variation_say_why_they_have_no_interval() -> None:
    cancer = np.arange(8) < 4
    alike = Pairs(
        hospital=np.zeros(8, dtype=int),
        names=["lakeside"],
        cancer=cancer,
        size_mm=np.full(8, np.nan),
        correct=np.ones((2, 8), dtype=bool),
        likelihood=np.stack([np.where(cancer, 0.9, 0.1), np.where(cancer, 0.8, 0.3)]),
    )
    shown = _areas("AUC", alike, "").shown
    assert (shown.text, shown.interval, shown.note) == ("0.000", "", "none: both order all patients alike")
    reversed_ = replace(alike, likelihood=np.stack([alike.likelihood[0], -alike.likelihood[1]]))
    assert _areas("AUC", reversed_, "").shown.note == "none: they differ without variation"


def test_five_at_most_are_compared_and_each_has_a_colour_of_its_own(client: Client, ranked: Benchmark) -> None:
    for number in range(6):
        one = factories.SubmissionFactory.create(benchmark=ranked, model=f"More {number}", accepted=True)
        factories.make_done(one, misses=number % 4)
    snapshot_make(benchmark=ranked)
    ids = [str(pk) for pk in Submission.objects.order_by("created").values_list("pk", flat=True)]
    found = compare(ranked, ids)
    assert len(found.names) == 5
    assert len(found.pairs) == 10
    snapshot = Snapshot.objects.latest("number")
    assert len(set(roles(snapshot, found.source.cards))) == 5
    page = client.get(reverse("dashboards:compare", args=[ranked.slug]), {"model": ids})
    assert page.status_code == 200
    assert page.content.decode().count('<select class="form-select"') == 5


def test_two_models_of_one_name_are_told_apart_by_their_teams(ranked: Benchmark) -> None:
    Submission.objects.filter(model="Wolf").update(model="Careful")
    ids = [str(pk) for pk in Submission.objects.filter(model="Careful").values_list("pk", flat=True)]
    assert set(compare(ranked, ids).names) == {"Careful (Uppsala Imaging)", "Careful (Wolves)"}


def test_the_page_says_over_how_many_tests_it_adjusts(client: Client, ranked: Benchmark) -> None:
    ids = ids_of("Careful", "Blind", "Wolf")
    text = words(client.get(reverse("dashboards:compare", args=[ranked.slug]), {"model": ids}))
    assert "exact McNemar tests, 6 in all, adjusted by Holm" in text
    assert re.search(r"Adjusted by Holm over the \d+ tests in strata and at hospitals", text)
    assert "Careful minus Blind" in text
    assert "Careful minus Wolf" in text


def test_a_picture_of_many_hospitals_has_the_first_and_its_table_all() -> None:
    shown = Shown(text="1.0", interval="(0.5–1.5)", counts="n 9", value=0.01, low=0.005, high=0.015)
    many = [Difference(label=f"Hospital {number:03d}", shown=shown) for number in range(145)]
    figure, *_ = compare_figures(Contrast(first="A", second="B", sensitivity=many, specificity=many, areas=many))
    assert len(figure.table.rows) == 145
    assert len(figure.drawing["layout"]["yaxis"]["categoryarray"]) == SHOWN
    assert f"The first {SHOWN} of 145 lines" in figure.caption
