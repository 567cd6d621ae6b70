"""`auc` as it is called from a shell: the promised JSON, and dirty tables refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.evaluator.cli.shell import call
from tests.evaluator.statistics.r_sessions import ORACLES, read_session


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "scores.csv"


def test_the_json_has_the_promised_shape(table: Path) -> None:
    table.write_text("score,truth\n0.9,1\n0.4,1\n0.5,0\n0.1,0\n")
    done = call("auc", "--table", table, "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)["auc"]
    assert set(found) >= {"value", "low", "high", "method", "positives", "negatives"}
    assert (found["value"], found["positives"], found["negatives"], found["method"]) == (0.75, 2, 2, "delong-logit")


def test_rows_of_one_patient_are_taken_together() -> None:
    done = call("auc", "--table", ORACLES / "curves.csv", "--json")
    found = json.loads(done.out)["auc"]
    (area,) = read_session("curves")["obuchowski"]["score.auc"]
    assert found["value"] == pytest.approx(area)
    assert (found["method"], found["patients"]) == ("obuchowski-logit", 40)
    assert "40 patients" in call("auc", "--table", ORACLES / "curves.csv").out


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("0.9,1\n0.4,1\n", "No AUC: 2 with and 0 without cancer"),
        ("0.9,0\n0.4,0\n", "No AUC: 0 with and 2 without cancer"),
        ("0.9,1\n0.8,1\n0.4,0\n0.3,0\n", "AUC 1.000 (95 % interval"),
        ("0.5,1\n0.5,1\n0.5,0\n0.5,0\n", "AUC 0.500 (95 % interval"),
    ],
)
def test_degenerate_tables_have_a_sentence(table: Path, rows: str, sentence: str) -> None:
    table.write_text("score,truth\n" + rows)
    done = call("auc", "--table", table)
    assert (done.code, done.err) == (0, "")
    assert sentence in done.out
    assert "NaN" not in call("auc", "--table", table, "--json").out


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("score\n0.5\n", "no column 'truth'"),
        ("value,truth\n0.5,1\n", "no column 'score'"),
        ("score,truth,score\n0.5,1,0.5\n", "column 'score' appears twice"),
        ("score,truth\n", "no rows"),
        ("score,truth\nnan,1\n0.1,0\n", "score is 'nan', not a finite number"),
        ("score,truth\ninf,1\n0.1,0\n", "score is 'inf', not a finite number"),
        ("score,truth\n,1\n0.1,0\n", "score is '', not a finite number"),
        ("score,truth\nhigh,1\n0.1,0\n", "score is 'high', not a finite number"),
        ("score,truth\n0.9,maybe\n0.1,0\n", "truth is 'maybe', not 0 or 1"),
        ("score,truth\n0.9,\n0.1,0\n", "truth is '', not 0 or 1"),
        ("score,truth,patient\n0.9,1,a\n0.9,1,a\n0.1,0,b\n", "the row repeats patient 'a'"),
        ("score,truth,case\n0.9,1,a\n0.8,1,a\n0.1,0,b\n", "the row repeats case 'a'"),
        ("score,truth,patient\n0.9,1,\n0.1,0,b\n", "no patient is named"),
        ("score,truth,patient\n0.9,1,a\n0.1,0,A\n", "patient names that differ only by case or spaces"),
    ],
)
def test_a_dirty_table_is_refused_by_name(table: Path, text: str, what: str) -> None:
    table.write_text(text)
    done = call("auc", "--table", table, "--json")
    assert done.code == 3
    found = json.loads(done.out)
    assert found["auc"] is None
    assert what in [fault["what"] for fault in found["refused"]]
    assert what in done.err
    assert "Traceback" not in done.err


def test_two_scans_of_one_score_are_told_apart_by_their_case(table: Path) -> None:
    table.write_text("score,truth,patient,case\n0.9,1,a,1\n0.9,1,a,2\n0.8,1,c,5\n0.1,0,b,3\n0.85,0,d,4\n")
    assert json.loads(call("auc", "--table", table, "--json").out)["auc"]["patients"] == 4


def test_equal_rows_among_patients_of_several_scans_are_reported_and_count(table: Path) -> None:
    table.write_text("score,truth,patient\n0.9,1,a\n0.9,1,a\n0.4,1,a\n0.5,1,c\n0.1,0,b\n0.45,0,d\n")
    found = json.loads(call("auc", "--table", table, "--json").out)
    assert found["auc"]["positives"] == 4
    assert found["notes"] == [
        "1 rows are like another of their patient (the first is row 3, patient 'a') and count as scans of their own."
    ]


def test_a_byte_order_mark_is_reported(table: Path) -> None:
    table.write_bytes(b"\xef\xbb\xbfscore,truth\n0.9,1\n0.1,0\n")
    found = json.loads(call("auc", "--table", table, "--json").out)
    assert found["auc"]["value"] == 1.0
    assert "byte-order mark" in found["notes"][0]
    assert "byte-order mark" in call("auc", "--table", table).out


def test_what_is_no_table_is_refused(table: Path) -> None:
    assert call("auc", "--table", table, "--json").code == 3
    table.write_bytes(b"\xff\xfe\x00")
    assert call("auc", "--table", table, "--json").code == 3
