"""One hospital that can be counted by hand, then what is pooled, hidden and refused."""

from dataclasses import replace

import pytest

from evaluator import results as wire
from evaluator.errors import FailureClass, TableRefused, UsageError
from evaluator.records import CohortResult, Rate
from evaluator.report import ModelReport, make_report
from evaluator.statistics.intervals import wilson
from tests.evaluator.statistics.by_hand import (
    cohort,
    counted,
    failed,
    finding,
    lesion,
    negative,
    positive,
    results,
)


def by_hand() -> CohortResult:
    """Six cancers, four others; seventeen things to count.

    p1  8 mm head, hit, flagged                 p4  50 mm body, hit, but not flagged
    p2 15 mm head missed, 30 mm tail hit; so a  p5  no mask, flagged
       patient of 30 mm, flagged                p6  20 mm head, failed
    p3 12 mm body missed, flagged elsewhere     n1, n2 cleared; n3 flagged; n4 failed
    An earlier scan of p1, 8 months before diagnosis, was flagged; one of p4, 14 months before, was not.
    """
    return cohort(
        "A",
        positive("p1", 0.9, lesion(1, mm=8, hit=True, at="head"), dice=0.6),
        positive("p2", 0.8, lesion(1, mm=15, at="head"), lesion(2, mm=30, hit=True, at="tail"), dice=0.4),
        positive("p3", 0.7, lesion(1, mm=12, at="body"), dice=0.0),
        positive("p4", 0.3, lesion(1, mm=50, hit=True, at="body"), findings=(finding(1, lesion_id=1),), dice=0.5),
        positive("p5", 0.95),
        failed(positive("p6", 0.9, lesion(1, mm=20, at="head"))),
        negative("n1", 0.1),
        negative("n2", 0.2),
        negative("n3", 0.6),
        failed(negative("n4"), FailureClass.TIME_LIMIT),
        positive("e1", 0.9, patient="p1", index=False, lead_time=8),
        positive("e4", 0.2, patient="p4", index=False, lead_time=14),
    )


def report_of(*cohorts: CohortResult, public_minimum: int = 0) -> ModelReport:
    made = make_report([results("m", *cohorts)], prevalences=[0.0001, 0.04], public_minimum=public_minimum)
    (model,) = made.models
    return model


def counts(rates: dict[str, Rate]) -> dict[str, tuple[int | None, int | None]]:
    return {name: (rate.k, rate.n) for name, rate in rates.items()}


def test_every_count_of_a_hospital_counted_by_hand() -> None:
    block = report_of(by_hand()).hospitals["A"]
    assert (block.patients.positive, block.patients.negative) == (6, 4)
    assert counts(block.sensitivity) == {
        "all": (4, 6),
        "le10": (1, 1),
        "gt10_le20": (1, 2),
        "gt20_le40": (1, 1),
        "gt40": (0, 1),
        "le20": (2, 3),
    }
    assert counts(block.localised_sensitivity) == {
        "all": (2, 5),
        "le10": (1, 1),
        "gt10_le20": (0, 2),
        "gt20_le40": (1, 1),
        "gt40": (0, 1),
        "le20": (1, 3),
    }
    assert counts(dict(block.t_sen)) == {
        "all": (2, 6),
        "le10": (1, 1),
        "gt10_le20": (0, 3),
        "gt20_le40": (1, 1),
        "gt40": (0, 1),
        "le20": (1, 4),
    }
    assert counts(dict(block.by_location)) == {"body": (0, 2), "head": (1, 3), "tail": (1, 1)}
    assert (block.specificity.k, block.specificity.n) == (2, 4)
    assert counts(block.lead_time) == {"3_6": (0, 0), "6_12": (1, 1), "12_24": (0, 1), "24_36": (0, 0)}


def test_failures_are_errors_and_the_rates_without_them_stand_beside() -> None:
    block = report_of(by_hand()).hospitals["A"]
    assert block.failures.by_class == {"exit-code": 1, "time-limit": 1}
    assert (block.failures.cases, block.failures.unanswered) == (2, 0)
    beside = block.without_failures
    assert (beside.sensitivity.k, beside.sensitivity.n) == (4, 5)
    assert (beside.specificity.k, beside.specificity.n) == (2, 3)
    # 6 × 4 pairs; p1, p2, p3, p5 beat n1, n2, n3 (12); p4 beats n1, n2 (2); p6 beats none; n4 is beaten by none
    assert block.auc.value == pytest.approx(14 / 24)
    # patients with a mask: 0.6, 0.4, 0, 0.5 and the failed one's 0
    assert block.dsc.value == pytest.approx(0.3)
    assert block.dsc.n == 5


def test_ppv_uses_the_sensitivity_and_specificity_of_all_sizes() -> None:
    block = report_of(counted("A", found=95, cancers=100, cleared=990, healthy=1000)).overall
    assert block.ppv["0.04"].value == pytest.approx(0.798319, abs=5e-7)
    assert block.ppv["0.0001"].low == pytest.approx(0.00509347, abs=5e-9)
    assert block.npv["0.04"].high == pytest.approx(0.999105, abs=5e-7)
    assert block.false_alarms_per_1000["0.04"].value == pytest.approx(9.6)
    assert list(block.ppv) == ["0.0001", "0.04"]


def test_the_overall_rate_pools_patients() -> None:
    model = report_of(
        counted("A", found=9, cancers=10, cleared=5, healthy=10),
        counted("B", found=1, cancers=2, cleared=30, healthy=30),
    )
    assert model.overall.sensitivity["all"] == wilson(10, 12)
    assert model.overall.specificity == wilson(35, 40)


def test_a_case_that_the_platform_lost_is_not_scored() -> None:
    cases = (positive("a"), failed(positive("b"), FailureClass.HOSPITAL_UNREACHABLE), negative("n"))
    block = report_of(cohort("A", *cases)).overall
    assert counts(block.sensitivity)["all"] == (1, 1)
    assert (block.failures.cases, block.failures.unanswered) == (1, 1)


def test_a_bare_mask_has_no_auc() -> None:
    block = report_of(cohort("A", positive("a", 1.0, source="mask"), negative("b", 0.0, source="mask"))).overall
    assert block.auc.value is None
    assert block.auc.method.startswith("not available")


def test_a_hospital_without_cancers_says_so() -> None:
    block = report_of(cohort("A", negative("a"), negative("b"))).hospitals["A"]
    assert block.sensitivity["all"].method == "no patients"
    assert block.ppv["0.04"].method == "no patients"
    assert block.auc.method == "no patients"
    assert block.dsc.n == 0
    assert block.specificity.value == 1.0


def test_another_threshold_is_another_report() -> None:
    made = make_report([results("m", by_hand())], prevalences=[0.04], threshold=0.75)
    assert made.models[0].threshold == 0.75
    assert counts(made.models[0].overall.sensitivity)["all"] == (3, 6)


def test_small_cells_are_hidden_and_cannot_be_subtracted_out() -> None:
    """B has 4 cancers; with two hospitals and their sum A's count would give B's away, so A's is hidden too."""
    cohorts = (
        counted("A", found=20, cancers=30, cleared=40, healthy=50),
        counted("B", found=3, cancers=4, cleared=20, healthy=25),
        counted("C", found=50, cancers=60, cleared=40, healthy=50),
    )
    shown = report_of(*cohorts, public_minimum=10)
    hospitals = shown.hospitals
    for at in ("A", "B"):
        assert hospitals[at].sensitivity["all"].method == "hidden: fewer than 10 patients"
        assert hospitals[at].patients.positive is None
        assert hospitals[at].ppv["0.04"].value is None
        assert hospitals[at].auc.value is None
        assert hospitals[at].without_failures.sensitivity.n is None
        assert hospitals[at].specificity.n == hospitals[at].patients.negative
    assert hospitals["C"].sensitivity["all"] == wilson(50, 60)
    assert shown.overall.sensitivity["all"] == wilson(73, 94)


def test_lesions_are_hidden_by_the_number_of_patients() -> None:
    """Twelve lesions of four patients are four patients."""
    cases = [positive(f"p{n}", 0.9, *(lesion(i, mm=15, at="head") for i in (1, 2, 3)), dice=0.5) for n in range(4)]
    block = report_of(cohort("A", *cases), public_minimum=10).overall
    assert block.t_sen["all"].n is None
    assert block.t_sen["all"].patients is None
    assert block.by_location["head"].n is None
    assert block.dsc.n is None


def test_nothing_is_hidden_in_a_demonstration() -> None:
    assert report_of(by_hand(), public_minimum=0).overall.sensitivity["le10"].n == 1


def test_a_report_is_plain_json_without_nan() -> None:
    made = make_report([results("m", by_hand())], prevalences=[0.04])
    text = wire.dump(made).decode()
    assert '"schema": "evaluator-report/1"' in text
    assert "NaN" not in text
    assert "Infinity" not in text


def test_what_cannot_be_reported_is_refused() -> None:
    with pytest.raises(UsageError, match="prevalence"):
        make_report([results("m", by_hand())], prevalences=[2.0])
    with pytest.raises(UsageError, match="threshold"):
        make_report([results("m", by_hand())], prevalences=[0.04], threshold=1.5)
    with pytest.raises(TableRefused, match="same model name"):
        make_report([results("m", image="sha256:1"), results("m", image="sha256:2")], prevalences=[0.04])


def test_no_files_no_models() -> None:
    assert make_report([], prevalences=[0.04]).models == ()


def test_curves_are_drawn_where_they_are_asked_for() -> None:
    made = make_report([results("m", by_hand())], prevalences=[0.04], curves_seed=3)
    curves = made.models[0].hospitals["A"].curves
    assert curves is not None
    assert curves.froc is not None
    assert curves.calibration is not None
    assert curves.net_benefit is not None
    # p5 has no mask; p6 and n4 failed; of p4's lesion the finding is known, of the other hits it is not
    assert (curves.froc.positives, curves.froc.negatives, curves.froc.lesions, curves.froc.failed) == (5, 4, 6, 2)
    assert curves.froc.froc[-1].localised == 1 / 5
    assert (curves.calibration.failed, curves.calibration.brier.value) == (2, None)
    assert list(curves.net_benefit) == ["0.04"]
    assert curves.seed == 3
    assert "NaN" not in wire.dump(made).decode()
    assert report_of(by_hand()).overall.curves is None


def test_curves_of_few_patients_are_hidden_and_so_are_small_bins() -> None:
    few, many = by_hand(), [positive(f"q{n}", 0.3 + n / 50, lesion(mm=15)) for n in range(20)]
    many += [negative(f"m{n}", 0.1 + n / 40) for n in range(20)]
    submission = results("m", cohort("B", *many), cohort("A", *few.cases))
    declared = replace(submission, submission=replace(submission.submission, declared_prevalence=0.04))
    (shown,) = make_report([declared], prevalences=[0.04], public_minimum=10, curves_seed=1).models
    hidden = shown.hospitals["A"].curves
    assert hidden is not None
    assert (hidden.froc, hidden.calibration, hidden.net_benefit) == (None, None, None)
    assert hidden.method == "hidden: fewer than 10 patients"
    overall = shown.overall.curves
    assert overall is not None
    assert overall.calibration is not None
    assert overall.calibration.ece.value is not None
    assert overall.calibration.bins == ()  # ten bins of 48 patients


def test_a_bare_mask_has_no_curves() -> None:
    scans = cohort("A", positive("a", 1.0, lesion(hit=True), source="mask"), negative("b", 0.0, source="mask"))
    made = make_report([results("m", scans)], prevalences=[0.04], curves_seed=1)
    curves = made.models[0].overall.curves
    assert curves is not None
    assert curves.froc is not None
    assert (curves.froc.froc, curves.calibration, curves.net_benefit) == ((), None, None)
    assert "mask" in curves.method


def test_bins_of_months_that_are_hidden_do_not_follow_from_those_detected_over_all() -> None:
    """A scan each: 39 patients less 20 and 15 are four, and nine of the 39 flagged less five and three are one."""
    scans = [(5, 20, 4), (3, 15, 8), (1, 4, 18)]
    cases = [
        positive(f"p{months}n{n}", 0.9 if n < found else 0.1, lead_time=months)
        for found, patients, months in scans
        for n in range(patients)
    ]
    cases += [negative(f"n{n}") for n in range(20)]
    (shown,) = make_report(
        [results("m", cohort("A", *cases))], prevalences=[0.04], public_minimum=10, curves_seed=1
    ).models
    block = shown.overall
    hidden = {months for months, rate in block.lead_time.items() if rate.n is None}
    assert {"12_24", "24_36"} < hidden  # four, nobody, and another
    found = block.time_before_diagnosis
    assert found is not None
    assert (found.detected.k, found.detected.n) == (9, 39)
    assert (found.among_detected.patients, found.among_detected.masses) == (None, None)  # nine patients
    assert found.among_detected.text == "hidden: fewer than 10 patients"
    assert found.of_all.patients == 39
    few = [positive(f"p{n}", 0.9, lead_time=4) for n in range(9)]
    small = make_report([results("m", cohort("A", *few))], prevalences=[0.04], public_minimum=10, curves_seed=1)
    assert small.models[0].overall.time_before_diagnosis is None


def test_tumours_of_unknown_location_do_not_follow_from_all_less_head_and_tail() -> None:
    """13/30 − 7/14 − 5/14 = 1/2."""
    cases = [
        positive(f"{at}{n}", 0.9, lesion(hit=n < hits, at=at))
        for at, hits, patients in (("head", 7, 14), ("tail", 5, 14), (None, 1, 2))
        for n in range(patients)
    ]
    cases += [negative(f"n{n}") for n in range(20)]
    block = report_of(cohort("A", *cases), public_minimum=10).overall
    assert block.t_sen["all"].n == 30
    assert [place for place, rate in block.by_location.items() if rate.n is None] == ["tail"]
    known = report_of(cohort("A", *(one for one in cases if not one.case.case.startswith("None"))), public_minimum=10)
    assert [rate.n for rate in known.overall.by_location.values()] == [14, 14]


def test_patients_of_unknown_size_do_not_follow_from_all_less_each_size() -> None:
    cases = [positive(f"p{mm}n{n}", 0.9, lesion(mm=mm, hit=True)) for mm in (8, 15, 30, 50) for n in range(12)]
    cases += [positive(f"d{n}", 0.9) for n in range(3)]  # known by diagnosis only
    cases += [negative(f"n{n}") for n in range(20)]
    sizes = report_of(cohort("A", *cases), public_minimum=10).overall.sensitivity
    assert sizes["all"].n == 51
    assert sum(sizes[name].n is None for name in ("le10", "gt10_le20", "gt20_le40", "gt40")) >= 1
    assert None in (sizes["le20"].n, sizes["gt20_le40"].n, sizes["gt40"].n)


def test_froc_does_not_count_the_tumours_that_are_hidden() -> None:
    """Ten patients with a tumour at A and four at B: over both 14, and B's would be 14 less 10."""
    cohorts = (
        cohort(
            "A", *(positive(f"a{n}", 0.9, lesion(hit=True)) for n in range(10)), *(negative(f"n{n}") for n in range(20))
        ),
        cohort(
            "B", *(positive(f"b{n}", 0.9, lesion(hit=True)) for n in range(4)), *(negative(f"m{n}") for n in range(20))
        ),
    )
    (shown,) = make_report([results("m", *cohorts)], prevalences=[0.04], public_minimum=10, curves_seed=1).models
    for block in (shown.overall, *shown.hospitals.values()):
        assert block.curves is not None
        if block.t_sen["all"].n is None:
            assert block.curves.froc is None
    assert shown.hospitals["B"].t_sen["all"].n is None
