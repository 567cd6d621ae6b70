"""`ppv` as it is called from a shell."""

import json
import subprocess
import sys

import pytest

from tests.evaluator.cli.shell import Called, call


def ppv(*arguments: str) -> Called:
    return call("ppv", *arguments)


def test_the_vectors_of_the_specification_as_json() -> None:
    done = ppv("--sensitivity", "95/100", "--specificity", "990/1000", "--prevalence", "0.04", "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert set(found) == {
        "schema",
        "ppv",
        "npv",
        "false_alarms_per_1000",
        "population",
        "true_positives",
        "false_positives",
        "false_negatives",
        "true_negatives",
    }
    assert set(found["ppv"]) == {"value", "low", "high", "k", "n", "method"}
    assert found["ppv"]["value"] == pytest.approx(0.798319, abs=5e-7)
    assert found["npv"]["low"] == pytest.approx(0.995079, abs=5e-7)
    assert found["false_alarms_per_1000"]["value"] == pytest.approx(9.6)
    assert (found["population"], found["true_positives"], found["false_positives"]) == (2500, 95, 24)


def test_people_can_read_it() -> None:
    done = ppv("--sensitivity", "95/100", "--specificity", "1000/1000", "--prevalence", "0.04")
    assert done.code == 0
    assert "at least 83.42" in done.out
    assert "2,500 people: 95 cancers found, 5 missed, 0 false alarms" in done.out


@pytest.mark.parametrize(
    ("sensitivity", "prevalence"),
    [
        *[(counts, "0.04") for counts in ("96/95", "0.95", "0/0", "-1/5", "a/b")],
        *[("95/100", prevalence) for prevalence in ("0", "2", "nan", "many")],
    ],
)
def test_bad_arguments_are_a_sentence_and_exit_code_2(sensitivity: str, prevalence: str) -> None:
    done = ppv("--sensitivity", sensitivity, "--specificity", "990/1000", "--prevalence", prevalence, "--json")
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err
    assert "sensitivity" in done.err or "prevalence" in done.err


def test_it_is_the_modules_command() -> None:
    arguments = ["--sensitivity", "96/95", "--specificity", "9/9", "--prevalence", "0.04"]
    done = subprocess.run(
        [sys.executable, "-m", "evaluator", "ppv", *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "Write it like 95/100." in done.stderr
