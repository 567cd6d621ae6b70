"""The documentation says what is so on this platform."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from evaluator.container.weights import PLACE
from evaluator.errors import FailureClass, Fault
from leaderboard.evaluations.told import TOLD
from tests.factories import make_benchmark

pytestmark = pytest.mark.django_db


def text_of(client: Client, name: str) -> str:
    page = client.get(reverse(f"dashboards:{name}")).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_contract_names_every_failure_class_and_whose_fault_it_is(client: Client) -> None:
    page = client.get(reverse("dashboards:contract")).content.decode()
    listed = dict(re.findall(r"<td><code>([a-z-]+)</code></td><td>(\w+)</td>", page))
    assert listed == {failure.value: failure.fault.value for failure in FailureClass}


def test_each_failure_of_a_submission_has_advice_of_its_own() -> None:
    advice = [next_step for failure, (_, next_step) in TOLD.items() if failure.fault is Fault.SUBMISSION]
    assert len(set(advice)) == len(advice) > 5
    assert all(advice)


def test_the_contract_says_where_weights_are(client: Client) -> None:
    text = text_of(client, "contract")
    assert "Weights are part of the image, or come beside it" in text
    assert text.count(f"/{PLACE}") == 3  # in the words and the files of one contract, and in the words of the other


def test_the_contract_says_what_a_container_gets_on_the_benchmark(client: Client) -> None:
    assert "a container gets" not in text_of(client, "contract")
    made = make_benchmark(hospitals=1)
    made.title, made.memory_bytes, made.case_limit_seconds = "Kidneys", 3 * 1024**3, 77
    made.gpus, made.quota_per_month = 1, 9
    made.save()
    text = text_of(client, "contract")
    for said in ("On “Kidneys” a container gets", "memory 3.0", "GPU one", "77 s a case", "submissions 9 a team"):
        assert said in text


def test_plain_words_count_the_same_people_as_the_calculator(client: Client) -> None:
    """95 of 100 cancers, 1 in 100 of the 999,900 others."""
    text = text_of(client, "families")
    for said in ("1,000,000 people", "whom 100 have cancer", "finds 95 of 100 cancers", "leaves 99 of 100 healthy"):
        assert said in text
    assert "It finds 95 of the cancers and misses 5." in text
    assert "it frightens 9,999 of them" in text
    assert re.search(r"So of about 106\S* people who are called back, one has cancer", text)


def test_the_starter_kits_of_the_benchmark_are_one_click_away(client: Client) -> None:
    assert "It comes with the first published benchmark." in text_of(client, "documentation")
    benchmark = make_benchmark(hospitals=1)
    page = client.get(reverse("dashboards:documentation")).content.decode()
    for kind in benchmark.contracts:
        assert reverse("submissions:starter-kit", args=[benchmark.slug, kind]) in page
    assert "It comes with" not in page
