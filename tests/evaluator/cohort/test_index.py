"""The default index scan: cancers, the latest up to the diagnosis; others, the earliest."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.cohort.index import choose_index_scans
from evaluator.cohort.table import read_table


def choose(tmp_path: Path, *lines: str) -> tuple[set[str], list[str]]:
    table = tmp_path / "cases.csv"
    table.write_text("\n".join(("case,patient,cancer,scan_day,lead_time_months", *lines)))
    read = read_table(table)
    assert read.faults == []
    chosen, faults = choose_index_scans(read.rows)
    return set(chosen), [fault.what for fault in faults]


def test_of_a_cancer_it_is_the_latest_up_to_the_diagnosis(tmp_path: Path) -> None:
    chosen, faults = choose(tmp_path, "a,P,1,0,14", "b,P,1,400,0.5", "c,P,1,430,-1")
    assert chosen == {"b"}
    assert faults == []


def test_of_another_patient_it_is_the_earliest(tmp_path: Path) -> None:
    assert choose(tmp_path, "a,P,0,200,", "b,P,0,30,") == ({"b"}, [])


def test_a_single_scan_needs_no_dates(tmp_path: Path) -> None:
    assert choose(tmp_path, "a,P,0,,", "b,Q,1,,") == ({"a", "b"}, [])


@pytest.mark.parametrize(
    "lines",
    [("a,P,0,,", "b,P,0,3,"), ("a,P,0,3,", "b,P,0,3,"), ("a,P,1,,2", "b,P,1,,")],
    ids=["a day missing", "the same day", "a lead time missing"],
)
def test_several_scans_without_an_order_are_a_fault(tmp_path: Path, lines: tuple[str, ...]) -> None:
    chosen, faults = choose(tmp_path, *lines)
    assert chosen == set()
    assert "does not tell which is the index scan" in faults[0]


def test_only_scans_after_the_diagnosis_are_a_fault(tmp_path: Path) -> None:
    assert choose(tmp_path, "a,P,1,,-2")[1] == ["patient P has only scans from after the diagnosis"]
