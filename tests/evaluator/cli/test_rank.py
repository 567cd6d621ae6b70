"""`rank` as it is called from a shell, on a table and on results files."""

import json
from pathlib import Path

import pytest

from evaluator import results as wire
from evaluator.ranking import make_snapshot, write_snapshot
from tests.evaluator.cli.shell import Called, call
from tests.evaluator.statistics.by_hand import counted, results

HEADER = "model,hospital,case,patient,value,sex\n"


def rows(model: str, level: float) -> str:
    return "".join(
        f"{model},{hospital},{hospital}{n},p{n},{level + (n * 7 % 5) / 50:.3f},{'FM'[n % 2]}\n"
        for hospital in ("A", "B")
        for n in range(12)
    )


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(HEADER + rows("good", 0.8) + rows("bad", 0.5))
    return path


def rank(*arguments: str | Path) -> Called:
    return call("rank", *arguments, "--replicates", "200")


def test_the_json_has_the_promised_shape(table: Path) -> None:
    done = rank("--table", table, "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    first = found["models"][0]
    assert (first["model"], first["rank"], first["rank_set"]) == ("good", 1, [1, 1])
    assert set(first["hospitals"]["A"]) >= {"value", "low", "high", "cases", "patients"}
    assert set(first["worst_hospital"]) == {"hospital", "value"}
    assert set(found["pairs"][0]) == {"a", "b", "difference", "low", "high", "p", "p_adjusted"}
    assert found["kendall_tau"] == {"pairs": [{"a": "A", "b": "B", "tau": 1.0}], "mean": 1.0}
    assert found["refused"] == []


def test_the_same_seed_gives_the_same_bytes(table: Path) -> None:
    assert rank("--table", table, "--json").out == rank("--table", table, "--json").out


def test_a_dirty_model_is_refused_with_exit_code_3_and_the_rest_is_in_the_json(table: Path) -> None:
    table.write_text(table.read_text() + rows("dirty", 0.9) + "dirty,A,A0,p0,0.9,F\n")
    done = rank("--table", table, "--json")
    assert done.code == 3
    found = json.loads(done.out)
    assert [model["model"] for model in found["models"]] == ["good", "bad"]
    (fault,) = found["refused"]
    assert set(fault) == {"what", "where", "why", "next"}
    assert fault["what"] in done.err
    assert "dirty" in done.err


def test_a_table_that_cannot_be_ranked_at_all_still_names_its_faults_in_json(table: Path) -> None:
    table.write_text("model,hospital,case,value\nm,A,a,1\n")
    done = rank("--table", table, "--json")
    assert done.code == 3
    assert json.loads(done.out)["refused"][0]["what"] == "no column 'patient'"
    assert "no column 'patient'" in done.err


def test_results_files_are_ranked(tmp_path: Path) -> None:
    files = []
    for model, found in (("good", 19), ("bad", 8)):
        files.append(tmp_path / f"{model}.json")
        wire.write(
            files[-1], results(model, *(counted(h, found=found, cancers=20, cleared=18, healthy=20) for h in "AB"))
        )
    done = rank(*files, "--panel-minimum", "3", "--json")
    assert (done.code, done.err) == (0, "")
    assert [model["model"] for model in json.loads(done.out)["models"]] == ["good", "bad"]
    too_small = rank(*files)
    assert too_small.code == 0
    assert "it takes 30 of each" in too_small.out


def test_people_can_read_it(table: Path) -> None:
    done = rank("--table", table)
    assert done.code == 0
    assert "good − bad: +0.300" in done.out


def test_what_it_cannot_do_is_said_with_exit_code_2(table: Path) -> None:
    for arguments in (
        (),
        ("--table", table, table),
        ("--table", table, "--seed", "x"),
        ("--table", table, "--seed=-1"),
    ):
        done = rank(*arguments, "--json")
        assert (done.code, done.out) == (2, "")
        assert done.err
        assert "Traceback" not in done.err


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = rank("--table", tmp_path / "nowhere.csv", "--json")
    assert done.code == 3
    assert "is not a file" in done.err


def test_attributes_have_the_promised_shape(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(
        HEADER
        + "".join(
            f"{model},A,c{n},p{n},{(n * k) % 7},{'FM'[n % 2]}\n" for model, k in (("a", 3), ("b", 5)) for n in range(80)
        )
    )
    found = json.loads(rank("--table", path, "--by", "sex", "--json").out)["attributes"]
    assert list(found) == ["sex"]
    assert set(found["sex"]) >= {"verdict", "p", "p_adjusted", "tau", "tau_null", "reversals"}
    assert found["sex"]["verdict"] in {"changes", "no change detected"}
    people = rank("--table", path)
    assert "By sex: " in people.out
    nowhere = rank("--table", path, "--by", "race")
    assert (nowhere.code, "no column 'race'" in nowhere.err) == (2, True)


@pytest.mark.parametrize("method", ["mean", "median", "rank-then-mean", "rank-then-median", "test", "test-holm"])
def test_other_methods_rank_for_comparison(table: Path, method: str) -> None:
    found = json.loads(rank("--table", table, "--method", method, "--json").out)
    assert found["method"] == method
    assert [(one["model"], one["rank"], one["transfer_rank"]) for one in found["models"]] == [
        ("good", 1, 1),
        ("bad", 2, 2),
    ]
    assert "For comparison only" in rank("--table", table, "--method", method).out
    low = json.loads(rank("--table", table, "--method", method, "--lower-is-better", "--json").out)
    assert low["models"][0]["model"] == "bad"


def test_low_values_first_and_unknown_methods(table: Path) -> None:
    found = json.loads(rank("--table", table, "--lower-is-better", "--json").out)
    assert [model["model"] for model in found["models"]] == ["bad", "good"]
    assert found["pairs"][0]["high"] < 0
    assert rank("--table", table, "--method", "best").code == 2


def test_a_snapshot_is_verified_and_a_changed_one_refused(tmp_path: Path) -> None:
    one, other = (
        results(model, *(counted(h, found=found, cancers=40, cleared=36, healthy=40) for h in "AB"))
        for model, found in (("good", 38), ("bad", 20))
    )
    snapshot, content = make_snapshot([one, other], replicates=100, seed=2)
    write_snapshot(tmp_path / "s", snapshot, content)
    done = call("rank", "--verify", tmp_path / "s", "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert (found["identical"], found["differences"]) == (True, [])
    record = tmp_path / "s" / "snapshot.json"
    record.write_text(record.read_text().replace('"seed": 2', '"seed": 3'))
    done = call("rank", "--verify", tmp_path / "s", "--json")
    assert done.code == 3
    assert json.loads(done.out)["identical"] is False
    assert "ranking.critical" in done.err or "id" in done.err
    assert "does not give its own numbers" in done.err
    assert "it differs" in call("rank", "--verify", tmp_path / "s").out


def test_a_snapshot_is_verified_alone(table: Path, tmp_path: Path) -> None:
    assert rank("--table", table, "--verify", tmp_path).code == 2
    assert rank("--verify", tmp_path).code == 3
