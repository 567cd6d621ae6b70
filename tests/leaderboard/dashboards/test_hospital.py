"""The public page of one hospital: counts, nothing small, and how models did there."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import kept_back_set
from leaderboard.dashboards.selectors.hospital import SHOWN
from leaderboard.hospitals.models import Cohort, Hospital
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.services import snapshot_make
from tests import factories
from tests.leaderboard.dashboards.test_pages import words

pytestmark = pytest.mark.django_db


def panel_hospital(benchmark: Benchmark) -> Hospital:
    cohort = benchmark.cohorts.select_related("hospital").order_by("hospital__name").first()
    assert cohort is not None
    return cohort.hospital


def page_of(client: Client, hospital: Hospital) -> str:
    response = client.get(reverse("dashboards:hospital", args=[hospital.slug]))
    assert response.status_code == 200
    return words(response)


def test_it_counts_patients_phases_scanners_and_sizes(client: Client, ranked: Benchmark) -> None:
    text = page_of(client, panel_hospital(ranked))
    assert re.search(r"patients with cancer 4", text)
    assert "venous 8" in text
    assert "A 4 B 4" in text
    assert re.search(r"All sizes ≤ 2 cm .* 4 2 1 1 2 0", text)


def test_what_no_published_benchmark_counts_is_not_counted_here(client: Client, ranked: Benchmark) -> None:
    """Else the difference to what the benchmark's page shows would be these three."""
    hospital = panel_hospital(ranked)
    before = page_of(client, hospital)
    factories.make_cohort(hospital=hospital, name="few more", positive=2, negative=1)
    assert page_of(client, hospital) == before


def test_it_lists_how_models_did_there_and_says_that_this_is_no_ranking(client: Client, ranked: Benchmark) -> None:
    text = page_of(client, panel_hospital(ranked))
    assert "This is no ranking" in text
    assert text.index("Careful 1.000") < text.index("Blind 0.250")


def test_of_many_models_it_shows_the_highest_and_the_lowest(client: Client, ranked: Benchmark) -> None:
    for number in range(2 * SHOWN):
        one = factories.SubmissionFactory.create(benchmark=ranked, model=f"Model {number:02d}", accepted=True)
        factories.make_done(one, misses=number % 4)
    snapshot_make(benchmark=ranked)
    text = page_of(client, panel_hospital(ranked))
    assert "The highest here" in text
    assert "The lowest here" in text
    assert len(re.findall(r"Model \d\d \d\.\d{3}|Careful 1|Blind 0|Wolf 0", text)) <= 2 * SHOWN


def test_small_counts_are_hidden_and_so_is_what_models_did(client: Client, ranked: Benchmark) -> None:
    Benchmark.objects.update(public_minimum=10, panel_minimum=10)
    ranked.refresh_from_db()
    snapshot_make(benchmark=ranked)
    text = page_of(client, panel_hospital(ranked))
    assert "patients with cancer hidden" in text
    assert "venous hidden" in text
    assert "It is not on the panel of the newest ranking" in text


def test_before_a_final_neither_models_nor_sizes_are_told(client: Client, benchmark_rows: Benchmark) -> None:
    ladder = kept_back_set(benchmark=benchmark_rows, ladder=True)
    submission = factories.SubmissionFactory.create(benchmark=ladder, model="Climber", accepted=True)
    factories.make_done(submission)
    text = page_of(client, panel_hospital(ladder))
    assert "Nothing is told of models at a hospital before the final." in text
    assert "Climber" not in text


def test_sizes_are_kept_with_the_other_strata(client: Client, benchmark_rows: Benchmark) -> None:
    kept = factories.make_ranked(kept_back_set(benchmark=benchmark_rows, strata_at_final=True))
    text = page_of(client, panel_hospital(kept))
    assert Snapshot.objects.get().keeps_strata
    assert "Sizes of tumours are shown at the final." in text
    assert "20–40 mm" not in text


def test_a_hospital_without_held_out_patients_has_no_page(client: Client, ranked: Benchmark) -> None:
    sealed = factories.make_cohort(purpose=Cohort.Purpose.SEALED)
    assert client.get(reverse("dashboards:hospital", args=[sealed.hospital.slug])).status_code == 404
    assert client.get(reverse("dashboards:hospital", args=["nowhere"])).status_code == 404


def test_a_benchmark_that_is_not_published_is_not_named(client: Client, ranked: Benchmark) -> None:
    hospital = panel_hospital(ranked)
    other = Benchmark.objects.create(slug="secret", title="Secret question", organ="liver", published=False)
    other.cohorts.set(ranked.cohorts.all())
    assert other.title not in page_of(client, hospital)


def test_of_a_hospital_that_no_published_benchmark_counts_the_public_knows_nothing(
    client: Client, ranked: Benchmark
) -> None:
    hospital = panel_hospital(ranked)
    Benchmark.objects.update(published=False)
    assert client.get(reverse("dashboards:hospital", args=[hospital.slug])).status_code == 404
