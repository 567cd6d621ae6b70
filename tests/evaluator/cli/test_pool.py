"""`pool` as it is called from a shell."""

import json
from pathlib import Path

import pytest

from tests.evaluator.cli.shell import Called, call

HEADER = "hospital,positives,detected,negatives,false_positives"
ROWS = (
    "A,40,37,100,4",
    "B,25,20,60,9",
    "C,60,58,150,3",
    "D,33,27,90,6",
    "E,12,12,44,0",
    "F,80,71,210,25",
    "G,51,50,130,2",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def pool(path: Path, *rows: str, header: str = HEADER, json_too: bool = True) -> Called:
    path.write_text("\n".join([header, *rows]) + "\n")
    return call("pool", "--table", path, *(["--json"] if json_too else []))


def test_the_json_has_the_promised_shape_and_glmers_numbers(path: Path) -> None:
    """lme4 on this table ("seven" in tests/oracles/pooling.txt): μ 2.641033 and 3.108726, τ² 0.663809 and 0.981790."""
    done = pool(path, *ROWS)
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert set(found["sensitivity"]) >= {"value", "low", "high", "prediction", "tau2", "i2"}
    assert found["hospitals"] == 7
    assert found["sensitivity"]["value"] == pytest.approx(0.933463, abs=1e-5)
    assert found["sensitivity"]["tau2"] == pytest.approx(0.663809, abs=1e-4)
    assert found["specificity"]["tau2"] == pytest.approx(0.981790, abs=1e-4)
    low, high = found["specificity"]["prediction"]
    assert low < found["specificity"]["low"] < found["specificity"]["high"] < high
    assert found["sensitivity"]["together"]["k"] == 275


def test_people_can_read_it(path: Path) -> None:
    done = pool(path, *ROWS, json_too=False)
    assert done.code == 0
    assert "Sensitivity over 7 hospitals: 93.3 % (83.5–97.5), 275/301 counted together" in done.out
    assert "80.0 (60.9–91.1) 20/25" in done.out


def test_fewer_than_five_hospitals_are_a_sentence_and_not_an_error(path: Path) -> None:
    done = pool(path, *ROWS[:4])
    found = json.loads(done.out)
    assert (done.code, found["sensitivity"]["value"], found["hospitals"]) == (0, None, 4)
    assert "not estimable: fewer than 5 hospitals (142/158 counted together)" in found["sensitivity"]["sentence"]


def test_every_hospital_perfect_is_no_nan(path: Path) -> None:
    done = pool(path, *(f"{name},20,20,30,0" for name in "ABCDE"))
    assert (done.code, "NaN" in done.out) == (0, False)
    assert json.loads(done.out)["sensitivity"]["prediction"] is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("A,3,2,9,1", "hospital A: a hospital that appears more than once"),
        ("a,3,2,9,1", "hospital names that differ only by case or spaces: 'A', 'a'"),
        ("A ,3,2,9,1", "hospital names that differ only by case or spaces: 'A', 'A '"),
        (",3,2,9,1", "row 9, hospital ?: a row without a hospital"),
        ("H,-3,0,9,1", "row 9, hospital H: positives is '-3', not a count of patients"),
        ("H,3,4,9,1", "row 9, hospital H: detected is 4 of 3 positives (that is impossible)"),
        ("H,3,2,9,10", "row 9, hospital H: false_positives is 10 of 9 negatives"),
        ("H,nan,2,9,1", "positives is 'nan'"),
        ("H,3,2.5,9,1", "detected is '2.5'"),
        ("H,inf,2,9,1", "positives is 'inf'"),
        ("H,3,,9,1", "detected is ''"),
        ("H,3,2,9", "false_positives is ''"),
    ],
)
def test_a_dirty_row_is_refused_by_name(path: Path, row: str, said: str) -> None:
    done = pool(path, *ROWS, row)
    assert done.code == 3
    assert said in done.err
    assert json.loads(done.out)["refused"]


def test_missing_and_repeated_columns_are_named(path: Path) -> None:
    done = pool(path, "A,3,2,9", header="hospital,positives,detected,negatives")
    assert (done.code, "no column 'false_positives'" in done.err) == (3, True)
    done = pool(path, "A,3,2,9,1,4", header=f"{HEADER},detected")
    assert (done.code, "column 'detected' appears twice" in done.err) == (3, True)


def test_an_empty_table_or_file_is_refused(path: Path) -> None:
    done = pool(path)
    assert (done.code, "no rows" in done.err) == (3, True)
    path.write_text("")
    assert call("pool", "--table", path, "--json").code == 3
    assert call("pool", "--table", path.with_name("none.csv"), "--json").code == 3


def test_a_byte_order_mark_is_taken_off_and_reported(path: Path) -> None:
    path.write_text("\ufeff" + "\n".join([HEADER, *ROWS]))
    done = call("pool", "--table", path, "--json")
    assert done.code == 0
    assert "The file starts with a byte-order mark; it was taken off." in json.loads(done.out)["notes"]
