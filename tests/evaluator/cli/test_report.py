"""`report` as it is called from a shell."""

import json
from pathlib import Path

import pytest

from evaluator import results as wire
from tests.evaluator.cli.shell import Called, call
from tests.evaluator.statistics.by_hand import counted, results


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "with space.json"
    first = counted("A", found=95, cancers=100, cleared=495, healthy=500)
    wire.write(path, results("m", first, counted("B", found=0, cancers=4, cleared=495, healthy=500)))
    return path


def report(*arguments: str | Path) -> Called:
    return call("report", *arguments)


def test_the_json_has_the_promised_shape(file: Path) -> None:
    done = report(file, "--prevalence", "0.0001", "--prevalence", "0.04", "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert found["schema"] == "evaluator-report/1"
    (model,) = found["models"]
    assert (model["model"], model["threshold"], list(model["hospitals"])) == ("m", 0.5, ["A", "B"])
    block = model["overall"]
    assert set(block["sensitivity"]) == {"all", "le10", "gt10_le20", "gt20_le40", "gt40", "le20"}
    assert set(block) >= {"patients", "localised_sensitivity", "t_sen", "specificity", "npv", "auc", "dsc", "failures"}
    assert set(block["dsc"]) == {"value", "low", "high", "n", "method"}
    assert (block["sensitivity"]["all"]["k"], block["sensitivity"]["all"]["n"]) == (95, 104)
    assert list(block["ppv"]) == ["0.0001", "0.04"]
    assert set(block["specificity"]) == {"value", "low", "high", "k", "n", "method"}


def test_another_threshold_flags_others(file: Path) -> None:
    found = json.loads(report(file, "--threshold", "0.95", "--json").out)
    assert found["models"][0]["overall"]["sensitivity"]["all"]["k"] == 0


def test_people_can_read_it_and_small_cells_can_be_hidden(file: Path) -> None:
    plain = report(file)
    assert plain.code == 0
    assert "95/100" in plain.out
    hidden = json.loads(report(file, "--public-minimum", "10", "--json").out)
    at_b = hidden["models"][0]["hospitals"]["B"]["sensitivity"]["all"]
    assert at_b == dict.fromkeys(("value", "low", "high", "k", "n")) | {"method": "hidden: fewer than 10 patients"}


def test_bad_input_has_its_exit_code_and_no_traceback(file: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    for arguments, code in (
        ((file, "--prevalence", "0"), 2),
        ((file, "--threshold", "7"), 2),
        ((file, "--public-minimum", "-1"), 2),
        ((tmp_path / "nowhere.json",), 3),
        ((broken,), 3),
        ((file, file), 3),
        ((), 2),
    ):
        done = report(*arguments, "--json")
        assert (done.code, done.out) == (code, ""), arguments
        assert done.err
        assert "Traceback" not in done.err


def test_curves_are_added_where_they_are_asked_for(file: Path) -> None:
    plain = json.loads(report(file, "--json").out)
    assert plain["models"][0]["overall"]["curves"] is None
    done = report(file, "--curves", "--seed", "5", "--json")
    found = json.loads(done.out)["models"][0]["overall"]["curves"]
    assert (found["seed"], list(found["net_benefit"])) == (5, ["0.0001", "0.04"])
    assert report(file, "--curves", "--seed", "5", "--json").out == done.out
    assert "calibration, slope" in report(file, "--curves").out


def test_the_operating_point_comes_from_calibration_patients(file: Path, tmp_path: Path) -> None:
    calibration = tmp_path / "calibration.json"
    wire.write(calibration, results("m", counted("C", found=1, cancers=2, cleared=40, healthy=50)))
    found = json.loads(report(file, "--calibration", calibration, "--alpha", "0.3", "--json").out)
    model = found["models"][0]
    assert (model["threshold"], model["operating_point"]) == (0.1, "locked")
    assert json.loads(report(file, "--json").out)["models"][0]["operating_point"] == "locked by the submission"
    given = json.loads(report(file, "--threshold", "0.3", "--json").out)
    assert given["models"][0]["operating_point"] == "exploratory"
    assert "locked before the test" in report(file, "--calibration", calibration, "--alpha", "0.3").out
    for arguments, words in (
        ((file, "--calibration", calibration, "--alpha", "0.01"), "Calibration too small"),
        ((file, "--calibration", calibration, "--alpha", "0.3", "--threshold", "0.5"), "one threshold"),
        ((file, "--calibration", file), "calibrated on"),
    ):
        refused = report(*arguments, "--json")
        assert (refused.code in (2, 3), refused.out) == (True, "")
        assert words in refused.err
