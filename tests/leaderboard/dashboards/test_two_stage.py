"""Two-stage screening on the needle page: the design's example, counted in people, and what cannot be."""

from __future__ import annotations

import pytest
from django.test import Client

from evaluator.statistics.two_stage import Stage
from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards.selectors.two_stage import EXAMPLE, TwoStages, steps, two_stages
from tests.leaderboard.dashboards.test_pages import words

pytestmark = pytest.mark.django_db
PAGE = "/needle/"


def both(first: Stage, *, specificity: tuple[int, int] = (990, 1000), prevalence: float = 0.01) -> TwoStages:
    found = two_stages(
        first=first, sensitivity=(95, 100), specificity=specificity, prevalence=prevalence, population=10_000
    )
    assert isinstance(found, TwoStages)
    return found


def test_the_designs_example() -> None:
    found = both(EXAMPLE)
    # p2 = 0.02325 and a programme sensitivity of 0.515; from 0.01 % to 4 % takes a likelihood ratio of about 417.
    assert (found.enriched, found.sensitivity, found.ratio_needed) == ("2.3 %", "51.5", "417")
    assert found.programme.enriched_prevalence == pytest.approx(0.02325, abs=5e-6)
    assert found.ratio == "2.36"


def test_people_are_counted_stage_by_stage() -> None:
    counted = steps(EXAMPLE, Stage(sensitivity=0.95, specificity=0.99), prevalence=0.01, population=10_000)
    # 100 · 0.542 = 54.2 and 9,900 · 0.23 = 2,277; then 54.2 · 0.95 = 51.49 and 2,277 · 0.01 = 22.77.
    assert [(step.with_cancer, step.without, step.total) for step in counted] == [
        (100, 9900, 10_000),
        (54, 2277, 2331),
        (51, 23, 74),
    ]


def test_ends_that_have_no_number_are_words() -> None:
    assert both(Stage(sensitivity=0.0, specificity=1.0)).enriched == "nobody passes the first test"
    sure = both(Stage(sensitivity=0.5, specificity=1.0))
    assert (sure.ratio, sure.enriched) == ("endless", "100.0 %")
    assert both(Stage(sensitivity=0.0, specificity=0.5), specificity=(1000, 1000)).ppv == "nobody is flagged"
    assert both(Stage(sensitivity=0.0, specificity=1.0)).ratio == "none, for it calls nobody"


def test_a_perfect_model_after_a_perfect_test_is_sure() -> None:
    perfect = Stage(sensitivity=1.0, specificity=1.0)
    found = two_stages(first=perfect, sensitivity=(9, 9), specificity=(9, 9), prevalence=0.01, population=1000)
    assert isinstance(found, TwoStages)
    assert (found.sensitivity, found.ppv, found.npv, found.false_alarms) == ("100.0", "100.0 %", "100.0 %", "0.0")


def test_a_first_test_that_calls_nobody_is_a_sentence(benchmark_rows: Benchmark, client: Client) -> None:
    page = words(client.get(f"{PAGE}?first_sensitivity=0&first_specificity=100"))
    assert "Nobody passes the first test, so nobody is scanned and no cancer is found." in page
    assert "to nobody passes" not in page
    assert "nan" not in page.lower().split()


def test_the_page_shows_the_example_and_then_what_the_address_says(benchmark_rows: Benchmark, client: Client) -> None:
    first = words(client.get(PAGE))
    assert "they find 51.5 % of the cancers" in first
    assert "err independently of each other" in first
    assert "What stands in the form at first (54.2 % and 77.0 %) is the example worked in the specification" in first
    assert "would have to be 417" in first
    given = words(client.get(f"{PAGE}?first_sensitivity=80&first_specificity=90&prevalence=0.01"))
    assert "they find 76.0 % of the cancers" in given
    assert "With a first test" not in words(client.get(f"{PAGE}?first_sensitivity=&first_specificity="))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("first_sensitivity=120&first_specificity=90", "less than or equal to 100"),
        ("first_sensitivity=80&first_specificity=", "A first test needs both"),
        ("first_sensitivity=many&first_specificity=90", "Enter a number."),
    ],
)
def test_what_cannot_be_is_explained_and_the_rest_stays(
    benchmark_rows: Benchmark, client: Client, query: str, said: str
) -> None:
    page = words(client.get(f"{PAGE}?{query}"))
    assert said in page
    assert "The same in people" in page
    assert "With a first test" not in page
