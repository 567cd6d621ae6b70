"""``synthesize`` as it is called from a shell."""

from __future__ import annotations

import json
from pathlib import Path

from tests.evaluator.cli.shell import call


def test_it_makes_cohorts_says_so_the_second_time_and_refuses_other_numbers(tmp_path: Path) -> None:
    out = tmp_path / "cohorts"
    made: list[str | Path] = ["synthesize", out, "--hospitals", "1", "--cases", "4", "--seed", "3", "--coarseness", "8"]
    first = call(*made, "--json")
    assert first.code == 0, first.err
    found = json.loads(first.out)
    assert found["schema"] == "synthesis/1"
    assert [Path(path).name for path in found["cohorts"]] == ["northgate", "sample"]
    assert not found["already_there"]
    assert json.loads(call(*made, "--json").out)["already_there"]
    assert "Already there" in call(*made).out

    other = call(*made, "--seed", "4", "--json")
    assert (other.code, other.out) == (2, "")
    assert "is not empty" in other.err
    assert "seed 3" in other.err


def test_too_few_cases_are_a_sentence(tmp_path: Path) -> None:
    done = call("synthesize", tmp_path / "c", "--cases", "2")
    assert done.code == 2
    assert "at least 4 cases" in done.err
    assert not (tmp_path / "c").exists()
