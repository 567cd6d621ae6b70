"""Scans before the diagnosis, over hospitals: whose they are, and one answer for one moment."""

from evaluator.statistics.outcomes import answers
from evaluator.statistics.prior_scans import by_lead_time, lead_time_of, prior_scans
from tests.evaluator.statistics.by_hand import cohort, negative, positive, results

AT_A = (
    positive("a0", 0.9, patient="a"),
    positive("a5", 0.9, patient="a", index=False, lead_time=5),
    positive("a4", 0.1, patient="a", index=False, lead_time=4),
    positive("b0", 0.9, patient="b"),
    positive("b9", 0.1, patient="b", index=False, lead_time=9),
    positive("b9again", 0.9, patient="b", index=False, lead_time=9),
    negative("n"),
)
AT_B = (positive("a0", 0.9, patient="a"), positive("a30", 0.9, patient="a", index=False, lead_time=30))
SCANS = prior_scans(list(answers([results("m", cohort("A", *AT_A), cohort("B", *AT_B))], threshold=0.5).values()))


def test_the_latest_scan_of_a_patient_in_a_bin_stands_for_it() -> None:
    found = {name: (rate.k, rate.n) for name, rate in by_lead_time(SCANS).items()}
    # a was missed at 4 months, later than the flag at 5; b was flagged on one of two scans of one day.
    assert found == {"3_6": (0, 1), "6_12": (1, 1), "12_24": (0, 0), "24_36": (1, 1)}


def test_patients_of_two_hospitals_may_have_one_name() -> None:
    found = lead_time_of(SCANS)
    assert (found.detected.k, found.detected.n) == (2, 3)


def test_a_report_carries_no_patients_own_interval() -> None:
    assert lead_time_of(SCANS).intervals == ()


def test_scans_at_or_after_diagnosis_are_none_of_these() -> None:
    late = positive("x", 0.9, lead_time=-2), positive("y", 0.9, lead_time=0)
    assert prior_scans(list(answers([results("m", cohort("A", *late))], threshold=0.5).values())) == []
