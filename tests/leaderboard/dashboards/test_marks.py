"""The curves of a report card: a snapshot's numbers as figures and tables, and sentences where there are none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from evaluator.report import make_report
from evaluator.results import to_builtins
from evaluator.statistics.curves import thresholds
from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards import formatting
from leaderboard.dashboards.figures.compare import compare_figures, curve_figures
from leaderboard.dashboards.figures.marks import (
    NOT_YET,
    by_place_and_size,
    calibration_figure,
    froc_figure,
    lead_time_figure,
    net_benefit_figure,
)
from leaderboard.dashboards.selectors.compare import compare
from leaderboard.rankings.models import Snapshot
from leaderboard.submissions.models import Submission
from tests import factories
from tests.evaluator.statistics.by_hand import cohort, finding, lesion, negative, positive, results
from tests.leaderboard.dashboards.test_pages import card_address, words

STRATA = [("all", "All sizes"), ("le20", "≤ 2 cm")]


def block(*, declared: float | None = None, source: str = "prediction") -> dict[str, Any]:
    """Ten with a tumour of which eight are found in their place, ten without of which one has a mark."""
    cases = [
        positive(
            f"p{n}",
            0.05 + n / 10,
            lesion(1, mm=15 if n % 2 else 30, hit=n > 1, at="head" if n < 6 else "tail"),
            findings=(finding(1, confidence=0.05 + n / 10, lesion_id=1 if n > 1 else None),),
            lead_time=None,
            source=source,
        )
        for n in range(10)
    ]
    cases += [
        positive(f"e{n}", 0.9 if n < 3 else 0.1, patient=f"p{n}", index=False, lead_time=5 + n, source=source)
        for n in range(4)
    ]
    cases += [negative(f"n{n}", 0.02 + n / 20, source=source) for n in range(10)]
    given = results("m", cohort("A", *cases))
    given = replace(given, submission=replace(given.submission, declared_prevalence=declared))
    (model,) = make_report([given], prevalences=[0.04], curves_seed=1).models
    found: dict[str, Any] = to_builtins(model.overall)
    return found


def test_froc_shows_each_point_with_its_band() -> None:
    found = block()
    figure = froc_figure(found["curves"], role="model-1")
    assert [row[0] for row in figure.table.rows] == ["0.125", "0.25", "0.5", "1", "2", "4", "8"]
    # At every likelihood the eight hits are found; two findings off their lesion are false, in 20 scans: 0.1 a scan.
    assert {row[1] for row in figure.table.rows} == {"80.0"}
    assert "10 tumours, 20 scans." in figure.caption
    assert "Area under AFROC" in figure.caption


def test_calibration_without_a_declared_prevalence_is_its_slope() -> None:
    figure = calibration_figure(block()["curves"], role="model-1")
    assert figure.table.rows == ()
    assert figure.absent.startswith("Slope ")
    assert "none was declared" in figure.absent


def test_calibration_with_one_has_its_tenths() -> None:
    found = block(declared=0.5)
    figure = calibration_figure(found["curves"], role="model-1")
    bins = found["curves"]["calibration"]["bins"]
    assert len(figure.table.rows) == len(bins) > 1
    assert sum(int(row[2].split("/")[1]) for row in figure.table.rows) == 20
    assert "Brier score" in figure.caption
    found["curves"]["calibration"]["bins"] = []
    assert "The tenths are hidden" in calibration_figure(found["curves"], role="model-1").absent


def test_calibration_without_a_slope_says_why() -> None:
    found = block(declared=0.5)
    calibration = found["curves"]["calibration"]
    calibration["slope"] |= {"value": None, "method": "not available: the truths are separated perfectly"}
    assert calibration_figure(found["curves"], role="model-1").table.rows  # the tenths are there all the same
    calibration["bins"] = []
    absent = calibration_figure(found["curves"], role="model-1").absent
    assert absent.startswith("No slope: not available: the truths are separated perfectly.")
    calibration["ece"] |= {"value": None, "method": "no patients"}
    assert "hidden" not in calibration_figure(found["curves"], role="model-1").absent


def test_net_benefit_is_drawn_from_a_tenth_of_the_prevalence_on() -> None:
    assert thresholds(0.0001)[:3] == (0.00001, 0.00002, 0.00005)
    assert thresholds(0.04)[0] == 0.005
    assert thresholds(0.9999) == (0.1, 0.2, 0.5)


def test_net_benefit_is_per_thousand_and_beside_calling_everybody() -> None:
    found = block()
    figure = net_benefit_figure(found["curves"], prevalence="0.04", label="4 %", role="model-1")
    point = found["curves"]["net_benefit"]["0.04"]["points"][0]
    assert figure.table.rows[0][0] == formatting.prevalence(0.005)
    assert figure.table.rows[0][1] == f"{1000 * point['value']:.3g}"
    # Of 1,000 people 40 have cancer; calling everybody back at 0.5 % costs 960 · 0.005/0.995.
    assert figure.table.rows[0][3] == f"{40 - 960 * 0.005 / 0.995:.3g}"
    assert "as they stand" in figure.caption


def test_lead_time_says_both_medians_and_that_it_is_no_survival_benefit() -> None:
    figure = lead_time_figure(block()["time_before_diagnosis"], role="model-1")
    assert "Flagged before diagnosis: 3/4." in figure.caption
    assert "Retrospective lead time is not survival benefit." in figure.caption
    assert figure.table.rows[-1][1] == "not seen to end"
    drawn = figure.drawing["data"][0]
    assert (drawn["y"][0], drawn["x"][-1] < 36) == (100.0, True)  # it breaks off where nothing more is known


def test_size_and_location_are_a_grid_of_counts() -> None:
    figure = by_place_and_size(block()["by_location_and_size"], STRATA)
    cells = {(row[0], row[1]): row[4] for row in figure.table.rows}
    assert cells == {
        ("head", "All sizes"): "1/6",  # flagged above one half and hit: the sixth only
        ("head", "≤ 2 cm"): "1/3",
        ("tail", "All sizes"): "4/4",
        ("tail", "≤ 2 cm"): "2/2",
    }


def test_a_bare_mask_has_sentences() -> None:
    curves = block(source="mask")["curves"]
    for figure in (
        froc_figure(curves, role="model-1"),
        calibration_figure(curves, role="model-1"),
        net_benefit_figure(curves, prevalence="0.04", label="4 %", role="model-1"),
    ):
        assert figure.table.rows == ()
        assert "no " in figure.absent
        assert "/1" not in figure.absent  # the name of a version is no reason


@pytest.mark.parametrize("curves", [None, {"froc": None, "calibration": None, "net_benefit": None, "method": "hidden"}])
def test_hidden_or_older_curves_are_sentences(curves: dict[str, Any] | None) -> None:
    for figure in (
        froc_figure(curves, role="model-1"),
        calibration_figure(curves, role="model-1"),
        net_benefit_figure(curves, prevalence="0.04", label="4 %", role="model-1"),
    ):
        assert figure.table.rows == ()
        assert figure.absent in (NOT_YET, "Hidden.")
    assert lead_time_figure(None, role="model-1").absent == NOT_YET


@pytest.mark.django_db
def test_the_card_reads_its_curves_from_the_ranking(ranked: Benchmark, client: Client) -> None:
    said = words(client.get(card_address("Careful")))
    assert "Area under AFROC" in said
    assert "T-Sen by location and size" in said
    assert "phase venous 100.0 n 8" in said
    snapshot = Snapshot.objects.get()

    def of_before(model: dict[str, Any]) -> None:
        for name in ("curves", "time_before_diagnosis", "by_location_and_size", "by_attribute"):
            model["overall"].pop(name)

    factories.rewrite_models(snapshot, of_before)
    old = client.get(card_address("Careful"))
    assert old.status_code == 200
    assert NOT_YET in words(old)


@pytest.mark.django_db
def test_the_leaderboards_rows_carry_no_curves(ranked: Benchmark) -> None:
    submission = Submission.objects.get(model="Careful")
    entry = Snapshot.objects.get().entries.get(evaluation__submission=submission)
    assert entry.overall["curves"] is None


@pytest.mark.django_db
def test_two_models_stand_in_one_roc_and_one_froc(ranked: Benchmark, client: Client) -> None:
    ids = [str(Submission.objects.get(model=name).pk) for name in ("Careful", "Wolf")]
    roc, froc = curve_figures(compare(ranked, ids))
    assert {row[0] for row in roc.table.rows} == {"Careful", "Wolf"}
    assert froc.table.columns[1:] == ("Careful, % (95 % interval)", "Wolf, % (95 % interval)")
    # Careful hits every tumour with no false mark; three of Wolf's eight others are flagged, and every tumour found.
    assert froc.table.rows[-1][1].startswith("100.0")
    page = client.get(f"/leaderboard/pancreas-ct/compare/?model={ids[0]}&model={ids[1]}").content.decode()
    assert "figure-froc-compared" in page
    factories.rewrite_models(Snapshot.objects.get(), without_curves)
    assert curve_figures(compare(ranked, ids))[0].absent == NOT_YET


def without_curves(model: dict[str, Any]) -> None:
    model["overall"]["curves"] = None


def test_areas_are_compared_over_all_and_at_each_hospital(ranked: Benchmark) -> None:
    ids = [str(Submission.objects.get(model=model).pk) for model in ("Careful", "Blind")]
    compared = compare(ranked, ids)
    (contrast,) = compared.contrasts
    hospitals = sorted(hospital.hospital.name for hospital in ranked.cohorts.all())
    assert [line.label for line in contrast.areas] == ["All hospitals", *hospitals]
    assert contrast.areas[0].shown == compared.pairs[0].area.shown
    assert contrast.areas[0].shown.counts == "n 16"
    assert {line.shown.counts for line in contrast.areas[1:]} == {"n 8"}
    figure = next(figure for figure in compare_figures(contrast) if figure.key == "auc-differences-1")
    assert len(figure.table.rows) == 1 + len(hospitals)
