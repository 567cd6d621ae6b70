"""A snapshot gives its own numbers again, and any change to it is found."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator.errors import InputRefused, TableRefused, UsageError
from evaluator.ranking import make_snapshot, rank_results, verify_snapshot, write_snapshot
from evaluator.ranking.snapshot import RECORD, TABLE, identify, read_snapshot
from evaluator.records import CaseResult
from evaluator.results import Results, to_builtins
from tests.evaluator.statistics.by_hand import cohort, counted, negative, positive, results


def case(name: str, *, cancer: bool, right: bool, rng: np.random.Generator) -> CaseResult:
    made = positive(name, 0.9 if right else 0.1) if cancer else negative(name, 0.1 if right else 0.9)
    record = replace(
        made.case,
        sex=str(rng.choice(["F", "M"])),
        age=int(rng.integers(30, 90)),
        phase="venous" if rng.random() < 0.97 else "arterial",
    )
    return replace(made, case=record)


def model(name: str, chance: float, *, trained_on: tuple[str, ...] = (), n: int = 70) -> Results:
    """Answers differ by model, patients and their attributes do not."""
    people, answers = np.random.default_rng(5), np.random.default_rng(len(name))
    cohorts = [
        cohort(
            hospital,
            *(
                case(f"{hospital}{kind}{number}", cancer=kind == "p", right=answers.random() < chance, rng=people)
                for kind in "pn"
                for number in range(n)
            ),
        )
        for hospital in ("A", "B")
    ]
    return results(name, *cohorts, trained_on=trained_on, submitted="2026-01-01")


SUBMISSIONS = [model("good", 0.9), model("middling", 0.8), model("bad", 0.6), model("trained", 0.95, trained_on=("A",))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    snapshot, table = make_snapshot(SUBMISSIONS, replicates=200, seed=3, public_minimum=10)
    write_snapshot(tmp_path / "snapshot", snapshot, table)
    return tmp_path / "snapshot"


def edit(folder: Path, change: Callable[[dict[str, Any]], None], *, seal: bool = False) -> None:
    record = json.loads((folder / RECORD).read_text())
    change(record)
    (folder / RECORD).write_text(json.dumps(record))
    if seal:  # somebody who knows how the ID is made
        record["id"] = identify(read_snapshot(folder)[0])
        (folder / RECORD).write_text(json.dumps(record))


def places(folder: Path) -> list[str]:
    found = verify_snapshot(folder)
    assert found.identical is (not found.differences)
    return [one.where for one in found.differences]


def test_a_snapshot_gives_its_own_numbers_again(folder: Path) -> None:
    found = verify_snapshot(folder)
    assert found.differences == ()
    assert found.identical
    assert "attributes.phase" in found.not_verified  # a few arterial scans are withheld
    assert "attributes.hospital" not in found.not_verified
    assert "attributes.sex" not in found.not_verified


def test_its_ranking_is_that_of_the_results(folder: Path) -> None:
    snapshot, _ = read_snapshot(folder)
    assert snapshot.ranking == json.loads(json.dumps(to_builtins(rank_results(SUBMISSIONS, replicates=200, seed=3))))
    assert [one["model"] for one in snapshot.ranking["models"]][-1] == "bad"
    assert snapshot.panel == {h: {"positive": 70, "negative": 70} for h in "AB"}
    assert set(snapshot.inputs) == {"good 1", "middling 1", "bad 1", "trained 1"}
    assert snapshot.versions.keys() >= {"ranking", "statistics", "evaluator"}


def test_no_patient_or_case_of_the_results_is_in_the_table(folder: Path) -> None:
    text = (folder / TABLE).read_text() + (folder / RECORD).read_text()
    assert not any(one.case.case in text for entry in SUBMISSIONS for c in entry.cohorts for one in c.cases)
    assert not any(f",{age}," in text for age in range(30, 90))  # bands only


def test_two_snapshots_of_the_same_results_number_the_patients_differently() -> None:
    (one, first), (other, second) = (make_snapshot(SUBMISSIONS[:2], replicates=50) for _ in range(2))
    assert first != second
    assert one.ranking == other.ranking
    assert one.id != other.id


def test_the_id_does_not_depend_on_how_the_record_is_laid_out(folder: Path) -> None:
    edit(folder, lambda record: None)
    assert places(folder) == []


def turn(record: dict[str, Any]) -> None:
    record["ranking"]["models"][0]["score"] += 1e-6


def test_a_changed_digit_is_found(folder: Path) -> None:
    edit(folder, turn)
    assert places(folder) == ["id", "ranking.models[0].score"]


def test_a_changed_digit_is_found_even_under_a_new_id(folder: Path) -> None:
    edit(folder, turn, seal=True)
    assert places(folder) == ["ranking.models[0].score"]


def test_another_seed_is_found(folder: Path) -> None:
    edit(folder, lambda record: record.update(seed=4), seal=True)
    found = places(folder)
    assert "ranking.seed" in found
    assert "ranking.critical" in found


def test_another_verdict_of_an_attribute_is_found(folder: Path) -> None:
    edit(folder, lambda record: record["ranking"]["attributes"]["sex"].update(verdict="changes"), seal=True)
    assert places(folder) == ["ranking.attributes.sex.verdict"]


def test_a_missing_row_is_found(folder: Path) -> None:
    lines = (folder / TABLE).read_bytes().splitlines(keepends=True)
    (folder / TABLE).write_bytes(b"".join(lines[:-1]))
    found = places(folder)
    assert found[0] == "table_sha256"
    assert any(where.startswith("panel.") for where in found)


def test_a_changed_answer_is_found(folder: Path) -> None:
    lines = (folder / TABLE).read_text().splitlines()
    fields = lines[1].split(",")
    fields[-1] = "10"[int(fields[-1])]
    (folder / TABLE).write_text("\n".join([lines[0], ",".join(fields), *lines[2:]]) + "\n")
    found = places(folder)
    assert found[0] == "table_sha256"
    assert any(where.startswith("ranking.") for where in found)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("correct: good", "correct: best", "patients.csv, columns"),
        (",1,", ",2,", "patients.csv, truth"),
        ("\n002,", "\n001,", "patients.csv, patient"),
        (",A,", ",C,", "panel.A"),
    ],
)
def test_a_table_that_is_another_table_is_said_so(folder: Path, old: str, new: str, where: str) -> None:
    path = folder / TABLE
    path.write_text(path.read_text().replace(old, new))
    assert where in places(folder)


def test_a_table_that_is_none_is_a_difference_and_no_crash(folder: Path) -> None:
    (folder / TABLE).write_bytes(b"\xff\xfe")
    assert places(folder) == ["table_sha256", "patients.csv, columns"]


def test_a_snapshot_is_frozen(folder: Path) -> None:
    with pytest.raises(UsageError, match="holds a snapshot already"):
        write_snapshot(folder, *read_snapshot(folder))


def test_what_is_no_snapshot_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputRefused, match="is not a file"):
        verify_snapshot(tmp_path)
    edit(folder, lambda record: record.update(schema="other/1"))
    with pytest.raises(TableRefused, match="has schema"):
        verify_snapshot(folder)
    (folder / RECORD).write_text("{}")
    with pytest.raises(TableRefused, match="not a ranking's snapshot"):
        verify_snapshot(folder)


def test_a_panel_with_fewer_patients_than_may_be_shown_is_refused() -> None:
    small = results("m", counted("A", found=5, cancers=8, cleared=30, healthy=30))
    with pytest.raises(UsageError, match="has 8 patients of a truth"):
        make_snapshot([small], panel_minimum=5, replicates=20)
    assert make_snapshot([small], panel_minimum=5, public_minimum=8, replicates=20)[0].panel["A"]["positive"] == 8


def mixed(name: str, chance: float) -> Results:
    """Two hospitals of 90 and 90 patients, half of them women; of five with and five without cancer race is unknown."""
    rng = np.random.default_rng(len(name))
    cohorts = []
    for hospital in ("A", "B"):
        cases = [case(f"{hospital}{n}", cancer=n % 2 == 0, right=rng.random() < chance, rng=rng) for n in range(180)]
        known = [
            replace(one.case, sex="FM"[n // 2 % 2], race="" if n < 10 else "WB"[n // 4 % 2], age=None, phase="venous")
            for n, one in enumerate(cases)
        ]
        cohorts.append(cohort(hospital, *(replace(one, case=of) for one, of in zip(cases, known, strict=True))))
    return results(name, *cohorts)


def test_where_counts_are_hidden_the_table_withholds_too(tmp_path: Path) -> None:
    snapshot, table = make_snapshot([mixed("one", 0.9), mixed("other", 0.6)], replicates=50, public_minimum=10)
    shown = snapshot.ranking["attributes"]
    # Of ten with cancer race is unknown, 6 women and 4 men: race may say how many, race by sex may not.
    assert shown["race"]["uncounted"]["positive"] == 10
    assert {one["patients"]["positive"] for one in shown["sex × race"]["groups"]} == {None}
    assert {one["patients"]["positive"] for one in shown["sex"]["groups"]} == {90}
    write_snapshot(tmp_path / "snapshot", snapshot, table)
    found = verify_snapshot(tmp_path / "snapshot")
    assert found.differences == ()
    assert set(found.not_verified) >= {"attributes.race", "attributes.sex × race"}
    assert "attributes.sex" not in found.not_verified


def test_without_a_panel_there_is_nothing_to_publish() -> None:
    small = results("m", counted("A", found=1, cancers=2, cleared=2, healthy=2))
    with pytest.raises(UsageError, match="nothing to publish"):
        make_snapshot([small])
