"""`versus-readers` as it is called from a shell."""

import json
from pathlib import Path

import pytest

from evaluator import results as wire
from evaluator.errors import FailureClass
from evaluator.records import CohortResult
from tests.evaluator.cli.shell import Called, call
from tests.evaluator.statistics.by_hand import cohort, counted, failed, negative, positive, results

GOALS = ("--sensitivity-goal", "0.92", "--specificity-goal", "0.96")


def versus_readers(*arguments: str | Path) -> Called:
    return call("versus-readers", *arguments)


def written(folder: Path, *cohorts: CohortResult, model: str = "m", trained_on: tuple[str, ...] = ()) -> Path:
    path = folder / f"{model}.json"
    wire.write(path, results(model, *cohorts, trained_on=trained_on))
    return path


@pytest.mark.parametrize(
    ("found", "cancers", "cleared", "healthy", "expected"),
    [
        (240, 242, 322, 323, ("exceeds", "exceeds", "exceeds")),
        (240, 242, 310, 323, ("exceeds", "does not", "does not")),
        (44, 44, 322, 323, ("too few", "exceeds", "too few")),
        (0, 0, 0, 0, ("too few", "too few", "too few")),
    ],
)
def test_the_json_has_the_promised_shape(
    tmp_path: Path, found: int, cancers: int, cleared: int, healthy: int, expected: tuple[str, str, str]
) -> None:
    path = written(tmp_path, counted("A", found=found, cancers=cancers, cleared=cleared, healthy=healthy))
    done = versus_readers(path, *GOALS, "--json")
    assert (done.code, done.err) == (0, "")
    told = json.loads(done.out)
    assert (told["sensitivity"]["verdict"], told["specificity"]["verdict"], told["verdict"]) == expected
    assert (told["sensitivity"]["rate"]["k"], told["sensitivity"]["rate"]["n"]) == (found, cancers)
    assert set(told["sensitivity"]) >= {"verdict", "rate", "p"}
    assert "NaN" not in done.out
    assert told["notes"] == []


def test_a_hospital_surely_below_a_goal_spoils_it(tmp_path: Path) -> None:
    good = counted("A", found=990, cancers=1000, cleared=990, healthy=1000)
    path = written(tmp_path, good, counted("B", found=15, cancers=25, cleared=25, healthy=25))
    told = json.loads(versus_readers(path, *GOALS, "--json").out)
    assert told["verdict"] == "does not"
    assert told["sensitivity"]["hospitals_below"] == ["B"]


def test_people_can_read_it(tmp_path: Path) -> None:
    done = versus_readers(written(tmp_path, counted("A", found=240, cancers=242, cleared=322, healthy=323)))
    assert done.code == 0
    assert "Exceeds published range at these hospitals: sensitivity 240/242, specificity 322/323" in done.out


@pytest.mark.parametrize(
    ("hospitals", "cleared", "expected"),
    [(5, 99, "exceeds"), (4, 99, "not estimable"), (5, 97, "does not")],
)
def test_of_new_hospitals_it_says_what_the_bivariate_model_does(
    tmp_path: Path, hospitals: int, cleared: int, expected: str
) -> None:
    """By hand: hospitals that agree have τ² = 0, so the bound is logit(k/n) − t(4)·√(1/k + 1/(n − k)), t(4) = 2.776.

    495 of 500: 4.595 − 2.776 × 0.4495 = 3.347, 96.6 %. 485 of 500: 3.476 − 2.776 × 0.2622 = 2.748, 94.0 %.
    """
    cohorts = [counted(name, found=99, cancers=100, cleared=cleared, healthy=100) for name in "ABCDE"[:hospitals]]
    told = json.loads(versus_readers(written(tmp_path, *cohorts), *GOALS, "--json").out)
    assert told["new_hospitals"] == expected
    assert ("and at new hospitals" in told["sentence"]) == (expected == "exceeds")


def test_a_perfect_model_at_five_hospitals_has_no_spread_and_an_answer(tmp_path: Path) -> None:
    cohorts = [counted(name, found=60, cancers=60, cleared=60, healthy=60) for name in "ABCDE"]
    done = versus_readers(written(tmp_path, *cohorts), *GOALS, "--json")
    told = json.loads(done.out)
    # 300 of 300: Clopper–Pearson's lower bound is 0.025^(1/300) = 0.9878, above both goals.
    assert (told["verdict"], told["new_hospitals"]) == ("exceeds", "exceeds")
    assert "NaN" not in done.out


def test_what_no_award_could_rest_on_is_said(tmp_path: Path) -> None:
    waiting = failed(negative("n9"), FailureClass.HOSPITAL_UNREACHABLE)
    cases = cohort("A", failed(positive("p1")), positive("p2"), negative("n1"), waiting)
    told = json.loads(versus_readers(written(tmp_path, cases, trained_on=("a",)), *GOALS, "--json").out)
    assert (told["sensitivity"]["rate"]["k"], told["sensitivity"]["rate"]["n"]) == (1, 2)
    assert (told["specificity"]["rate"]["k"], told["specificity"]["rate"]["n"]) == (1, 1)
    trained, incomplete, failures = told["notes"]
    assert "Trained on patients of A" in trained
    assert "1 index scans wait" in incomplete
    assert "Failed on 1 of 4" in failures


def test_bad_input_has_its_exit_code_and_no_traceback(tmp_path: Path) -> None:
    small = counted("A", found=1, cancers=1, cleared=1, healthy=1)
    first, second = written(tmp_path, small), written(tmp_path, small, model="other")
    for arguments, code in (
        ((first, "--sensitivity-goal", "1"), 2),
        ((first, "--specificity-goal", "nan"), 2),
        ((first, second), 2),
        ((first, first), 3),
        ((tmp_path / "nowhere.json",), 3),
        ((), 2),
    ):
        done = versus_readers(*arguments, "--json")
        assert (done.code, done.out) == (code, ""), arguments
        assert done.err
        assert "Traceback" not in done.err
