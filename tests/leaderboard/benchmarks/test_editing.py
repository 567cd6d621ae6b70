"""Benchmarks as forms: previewed and not saved, saved as a whole, published, and fixed once that would be unfair."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from leaderboard.accounts.models import User
from leaderboard.audit.models import Record
from leaderboard.benchmarks.editing import (
    Baseline,
    Wishes,
    benchmark_hide,
    benchmark_preview,
    benchmark_publish,
    benchmark_save,
)
from leaderboard.benchmarks.fixed import AFTER_HANDING_IN, AFTER_SCORING, fixed_parts
from leaderboard.benchmarks.forms import GROUPS, BenchmarkForm
from leaderboard.benchmarks.models import Benchmark, ReaderBaseline
from leaderboard.benchmarks.services import PREVALENCES, SIZE_STRATA
from leaderboard.hospitals.models import Cohort
from leaderboard.lib.errors import Refusal
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.core]

READERS = Baseline(label="Radiologists", metric="sensitivity", stratum="le20", low=0.33, high=0.44, source="A paper")


@pytest.fixture
def organised(client: Client, organiser: User) -> Client:
    client.force_login(organiser)
    return client


def wishes(**changes: Any) -> Wishes:
    values = {
        "title": "Liver cancer on CT",
        "slug": "liver-ct",
        "question": "Does this patient have liver cancer?",
        "organ": "liver",
        "strata": SIZE_STRATA,
        "prevalences": PREVALENCES,
        "panel_minimum": 3,
        "public_minimum": 0,
        "demonstration": True,
    }
    parts: dict[str, Any] = {"cohorts": [], "calibration": [], "sealed": [], "baselines": []}
    return Wishes(
        values=values | {name: value for name, value in changes.items() if name not in parts},
        **parts | {name: value for name, value in changes.items() if name in parts},
    )


def is_posted(value: object) -> bool:
    """A browser leaves out a box that is not ticked; of what is empty nobody can tell."""
    return not (value is None or value is False or value == "")


def posted(page: Any, **changes: Any) -> dict[str, Any]:
    """What a browser would post of a page's form, with these entries changed."""
    form = page.context["form"]
    data: dict[str, Any] = {}
    for field in form:
        value = field.value()
        if not field.field.disabled and is_posted(value):
            data[field.html_name] = value
    for rows in (page.context["prevalences"], page.context["readers"]):
        for row in (rows.management_form, *rows.forms):
            data |= {field.html_name: field.value() for field in row if is_posted(field.value())}
    return {name: value for name, value in (data | changes).items() if value is not None}


def given(**changes: Any) -> dict[str, Any]:
    entries = {"title": "Liver cancer on CT", "slug": "liver-ct", "question": "Is there cancer?", "organ": "liver"}
    small = {"panel_minimum": 3, "public_minimum": 0, "demonstration": "on"}
    return entries | small | changes


def new(client: Client, **changes: Any) -> dict[str, Any]:
    return posted(client.get(reverse("benchmarks:new")), **given(**changes))


def test_every_part_of_the_form_is_shown_once() -> None:
    shown = [name for names in GROUPS.values() for name in names]
    assert sorted(shown) == sorted(BenchmarkForm.base_fields)


def test_a_benchmark_is_previewed_saved_and_published_by_its_form(organised: Client) -> None:
    sample = factories.make_cohort(positive=1, negative=1, purpose=Cohort.Purpose.SAMPLE)
    cohort = factories.make_cohort()
    reader = {"label": "Radiologists", "metric": "sensitivity", "stratum": "le20", "low": "33", "high": "44"}
    data = new(organised, cohorts=[cohort.pk], sample=sample.pk, false_alarm_percent="2.5", memory_gib="0.5")
    data |= {f"readers-0-{name}": value for name, value in (reader | {"source": "A paper"}).items()}
    page = organised.post(reverse("benchmarks:new"), data | {"act": "preview"})
    text = page.content.decode()
    for words in ("nothing is saved yet", cohort.hospital.name, "33–44", "0.5 GiB of memory", "Is there cancer?"):
        assert words in text
    assert not Benchmark.objects.exists()
    assert not Record.objects.filter(act="benchmark.made").exists()
    data = posted(page)
    assert data["readers-0-source"] == "A paper"
    answer = organised.post(reverse("benchmarks:new"), data | {"act": "save"})
    found = Benchmark.objects.get()
    assert answer["Location"] == reverse("benchmarks:preview", args=["liver-ct"])
    assert (found.published, found.false_alarm_share, found.memory_bytes) == (False, 0.025, 512 * 1024**2)
    assert (found.sample, list(found.cohorts.all()), found.prevalences) == (sample, [cohort], PREVALENCES)
    baseline = ReaderBaseline.objects.get()
    assert (baseline.low, baseline.high, baseline.stratum) == (0.33, 0.44, "le20")
    assert Client().get(reverse("dashboards:leaderboard", args=["liver-ct"])).status_code == 404
    organised.post(reverse("benchmarks:publish", args=["liver-ct"]), {"published": "on"})
    assert Client().get(reverse("dashboards:leaderboard", args=["liver-ct"])).status_code == 200
    acts = Record.objects.filter(about="benchmark liver-ct").values_list("act", flat=True)
    assert list(acts) == ["benchmark.made", "benchmark.published"]


def test_a_page_that_is_posted_as_it_is_changes_nothing(organised: Client, benchmark_rows: Benchmark) -> None:
    at = reverse("benchmarks:edit", args=[benchmark_rows.slug])
    before = Benchmark.objects.values().get()
    answer = organised.post(at, posted(organised.get(at)) | {"act": "save"})
    assert answer.status_code == 302
    assert Benchmark.objects.values().get() == before
    assert ReaderBaseline.objects.count() == 3
    assert not Record.objects.filter(act="benchmark.changed").exists()


def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(organised: Client) -> None:
    data = new(organised, title="", panel_minimum=3, public_minimum=10)
    data |= {
        "prevalences-0-percent": "120",
        "readers-0-label": "Readers",
        "readers-0-low": "50",
        "readers-0-high": "40",
    }
    answer = organised.post(reverse("benchmarks:new"), data | {"act": "save"})
    text = answer.content.decode()
    assert answer.status_code == 422
    for words in (
        "A panel hospital is shown, so it takes the public minimum of 10.",
        "The range ends before it begins.",
        "less than or equal to 99",
        'value="120"',
        "Is there cancer?",
    ):
        assert words in text
    assert answer.context["form"].errors.keys() == {"title", "panel_minimum"}
    assert not Benchmark.objects.exists()


def test_more_rows_are_given_and_nothing_typed_is_lost(organised: Client) -> None:
    data = new(organised, title="Half a title") | {"prevalences-0-label": "everybody", "act": "rows"}
    page = organised.post(reverse("benchmarks:new"), data)
    assert page.status_code == 200
    assert len(page.context["prevalences"].forms) == int(data["prevalences-TOTAL_FORMS"]) + 3
    assert "Half a title" in page.content.decode()
    assert 'value="everybody"' in page.content.decode()


def test_without_a_prevalence_or_with_one_twice_it_is_refused(organised: Client) -> None:
    none = new(organised) | {"prevalences-0-DELETE": "on", "prevalences-1-DELETE": "on", "act": "save"}
    assert "Give at least one prevalence" in organised.post(reverse("benchmarks:new"), none).content.decode()
    twice = new(organised) | {"prevalences-1-percent": "0.01", "act": "save"}
    assert "Two rows say something of the same." in organised.post(reverse("benchmarks:new"), twice).content.decode()
    assert not Benchmark.objects.exists()


def test_the_preview_refuses_what_saving_would(organised: Client) -> None:
    few = factories.make_cohort(positive=2, negative=40)
    data = new(organised, cohorts=[few.pk], panel_minimum=30, public_minimum=10)
    answer = organised.post(reverse("benchmarks:new"), data | {"act": "preview"})
    assert answer.status_code == 422
    assert "has 2 patients with cancer" in answer.content.decode()


def test_a_cohort_is_used_only_for_what_it_was_imported_for(organiser: User) -> None:
    held_out, sealed = factories.make_cohort(), factories.make_cohort(purpose=Cohort.Purpose.SEALED)
    for part, cohort, said in (
        ("cohorts", sealed, "not imported as held out"),
        ("calibration", held_out, "not imported for calibration"),
        ("sealed", held_out, "not imported as sealed"),
    ):
        with pytest.raises(Refusal, match=said):
            benchmark_save(benchmark=Benchmark(), wishes=wishes(**{part: [cohort]}), by=organiser)
    assert not Benchmark.objects.exists()


def test_two_versions_of_a_cohort_are_not_on_one_panel(organiser: User) -> None:
    first = factories.make_cohort()
    second = factories.make_cohort(hospital=first.hospital, version="2")
    with pytest.raises(Refusal, match="have patients in common"):
        benchmark_save(benchmark=Benchmark(), wishes=wishes(cohorts=[first, second]), by=organiser)


def test_patients_of_the_panel_neither_calibrate_nor_are_sealed(organiser: User) -> None:
    panel = factories.make_cohort()
    same: dict[str, Any] = {"hospital": panel.hospital, "negative": 40, "positive": 40}
    for part, purpose in (("calibration", Cohort.Purpose.CALIBRATION), ("sealed", Cohort.Purpose.SEALED)):
        other = factories.make_cohort(**same, version=part, purpose=purpose)
        asked = wishes(cohorts=[panel], false_alarm_share=0.1, **{part: [other]})
        with pytest.raises(Refusal, match="on the panel"):
            benchmark_save(benchmark=Benchmark(), wishes=asked, by=organiser)


def test_readers_are_given_for_sizes_that_are_shown(organiser: User) -> None:
    asked = wishes(strata=SIZE_STRATA[:1], baselines=[READERS])
    with pytest.raises(Refusal, match="not shown: le20"):
        benchmark_save(benchmark=Benchmark(), wishes=asked, by=organiser)


def test_a_preview_leaves_a_saved_benchmark_as_it_was(organiser: User) -> None:
    found = benchmark_save(benchmark=Benchmark(), wishes=wishes(), by=organiser)
    shown = benchmark_preview(benchmark=found, wishes=wishes(title="Another", baselines=[READERS]), by=organiser)
    assert (shown.benchmark.title, [one.source for one in shown.readers]) == ("Another", ["A paper"])
    assert Benchmark.objects.get().title == "Liver cancer on CT"
    assert not ReaderBaseline.objects.exists()


def test_what_others_see_hides_few_patients_and_says_the_rules(organiser: User) -> None:
    cohort = factories.make_cohort(positive=12, negative=40)
    asked = wishes(cohorts=[cohort], public_minimum=10, panel_minimum=30, verified_only=True, batch_hours=6)
    shown = benchmark_preview(benchmark=Benchmark(), wishes=asked, by=organiser)
    [place] = shown.places
    assert (place.positive, place.negative, place.on_panel) == (12, 40, False)
    assert "Only teams of verified organisations hand in." in shown.rules
    assert "How runs ended is told every 6 hours, from midnight UTC on." in shown.later
    assert shown.operating_point == "Each team declares its own before the first scan counts."


def test_only_what_a_team_could_be_ranked_on_is_published(organiser: User) -> None:
    found = benchmark_save(benchmark=Benchmark(), wishes=wishes(), by=organiser)
    with pytest.raises(Refusal) as refused:
        benchmark_publish(benchmark=found, by=organiser)
    assert [fault.where for fault in refused.value.faults] == ["sample", "cohorts"]
    small = factories.make_cohort(positive=2, negative=9)
    sample = factories.make_cohort(purpose=Cohort.Purpose.SAMPLE)
    found = benchmark_save(benchmark=found, wishes=wishes(cohorts=[small], sample=sample), by=organiser)
    with pytest.raises(Refusal) as refused:
        benchmark_publish(benchmark=found, by=organiser)
    assert "No hospital has the 3 patients" in refused.value.faults[0].what


def test_hidden_again_while_nobody_has_handed_in(benchmark_rows: Benchmark, organiser: User) -> None:
    assert not benchmark_hide(benchmark=benchmark_rows, by=organiser).published
    benchmark_publish(benchmark=benchmark_rows, by=organiser)
    factories.SubmissionFactory.create(benchmark=benchmark_rows)
    with pytest.raises(Refusal, match="stays published"):
        benchmark_hide(benchmark=benchmark_rows, by=organiser)


def test_parts_are_fixed_by_steps(benchmark_rows: Benchmark) -> None:
    assert set(fixed_parts(benchmark_rows)) == {"slug"}
    factories.make_done(factories.SubmissionFactory.create(benchmark=benchmark_rows, accepted=True))
    assert set(fixed_parts(benchmark_rows)) == {"slug", *AFTER_HANDING_IN, *AFTER_SCORING}
    assert fixed_parts(Benchmark()) == {}


def test_a_fixed_part_is_shown_with_its_reason_and_what_is_posted_for_it_is_not_looked_at(
    organised: Client, ranked: Benchmark
) -> None:
    at = reverse("benchmarks:edit", args=[ranked.slug])
    page = organised.get(at)
    assert "Fixed since the first submission was scored" in page.content.decode()
    assert page.context["form"].fields["memory_gib"].disabled
    asked = posted(page, title="A better title", memory_gib="99", panel_minimum="1", act="save")
    assert organised.post(at, asked).status_code == 302
    after = Benchmark.objects.get()
    assert (after.title, after.memory_bytes, after.panel_minimum) == ("A better title", 2 * 1024**3, 3)
    assert Record.objects.get(act="benchmark.changed").details == {"changed": ["title"]}


@pytest.mark.parametrize("name", ["memory_bytes", "panel_minimum", "slug"])
def test_the_service_itself_refuses_to_change_what_is_fixed(ranked: Benchmark, organiser: User, name: str) -> None:
    value: dict[str, Any] = {"memory_bytes": 1024**3, "panel_minimum": 4, "slug": "other"}
    fields = {field: getattr(ranked, field) for field in ("title", "slug", "question", "organ", "strata")}
    kept = wishes(
        **fields | {"prevalences": ranked.prevalences, name: value[name]},
        cohorts=list(ranked.cohorts.all()),
        baselines=[Baseline(**row) for row in ranked.reader_baselines.values(*Baseline.__dataclass_fields__)],
    )
    with pytest.raises(Refusal) as refused:
        benchmark_save(benchmark=ranked, wishes=kept, by=organiser)
    assert [fault.where for fault in refused.value.faults] == [name]
