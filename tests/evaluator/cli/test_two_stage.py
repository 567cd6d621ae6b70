"""`two-stage` as it is called from a shell."""

import json

import pytest

from tests.evaluator.cli.shell import Called, call


def two_stage(*arguments: str) -> Called:
    return call("two-stage", *arguments)


def test_the_json_has_the_promised_shape_and_the_specifications_numbers() -> None:
    done = two_stage("--prevalence", "0.01", "--stage1", "0.542,0.770", "--stage2", "0.95,0.99", "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert set(found) == {
        "schema",
        "sensitivity",
        "specificity",
        "enriched_prevalence",
        "ppv",
        "npv",
        "false_alarms_per_1000",
        "assumption",
    }
    assert found["enriched_prevalence"] == pytest.approx(0.02325, abs=5e-6)
    assert found["sensitivity"] == pytest.approx(0.515, abs=5e-4)
    assert "independently" in found["assumption"]


def test_people_can_read_it_and_the_programmes_sensitivity_comes_first() -> None:
    done = two_stage("--prevalence", "0.01", "--stage1", "0.542, .770", "--stage2", "1,0")
    assert done.code == 0
    lines = [line for line in done.out.splitlines() if "%" in line]
    assert "programme sensitivity, %" in lines[1]
    assert "54.200" in lines[1]
    assert "Assumption" in done.out


@pytest.mark.parametrize("stage", ["0.5", "0.5,0.5,0.5", "a,b", "1.2,0.5", "0.5,-0.1", "nan,0.5", ",", "0.5;0.5"])
def test_bad_stages_are_a_sentence_and_exit_code_2(stage: str) -> None:
    for stage1, stage2 in ((stage, "0.9,0.9"), ("0.9,0.9", stage)):
        done = two_stage("--prevalence", "0.01", "--stage1", stage1, "--stage2", stage2, "--json")
        assert (done.code, done.out) == (2, "")
        assert "Write it like 0.542,0.770." in done.err


@pytest.mark.parametrize("prevalence", ["0", "1", "nan", "many"])
def test_a_bad_prevalence_is_exit_code_2(prevalence: str) -> None:
    done = two_stage("--prevalence", prevalence, "--stage1", "0.9,0.9", "--stage2", "0.9,0.9", "--json")
    assert (done.code, done.out) == (2, "")
    assert "prevalence" in done.err
