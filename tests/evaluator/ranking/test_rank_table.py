"""Long tables: what is ranked, and every way to be dirty."""

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluator.errors import InputRefused, TableRefused
from evaluator.ranking import Ranking, rank_table, read_table

HOSPITALS, PATIENTS = ("A", "B"), 12


def long_table(models: dict[str, float] | None = None, *, hospitals: tuple[str, ...] = HOSPITALS) -> pd.DataFrame:
    """A row a patient, values spread by 0.04 around each model's level."""
    rows = [
        (model, hospital, f"{hospital}{n}", f"p{n}", round(level + 0.04 * ((n * 7) % 5 - 2) / 2, 4))
        for model, level in (models or {"good": 0.8, "bad": 0.5}).items()
        for hospital in hospitals
        for n in range(PATIENTS)
    ]
    return pd.DataFrame(rows, columns=["model", "hospital", "case", "patient", "value"])


def rank(table: pd.DataFrame, value: str = "value") -> Ranking:
    return rank_table(table, value=value, replicates=200, seed=1)


def names(ranking: Ranking) -> list[str]:
    return [model.model for model in ranking.models]


def test_the_better_model_is_first_everywhere() -> None:
    ranking = rank(long_table())
    good, bad = ranking.models
    assert (good.model, good.rank, good.rank_set) == ("good", 1, (1, 1))
    assert (bad.model, bad.rank, bad.rank_set) == ("bad", 2, (2, 2))
    assert good.hospitals["A"].patients == PATIENTS
    (pair,) = ranking.pairs
    assert (pair.a, pair.b) == ("good", "bad")
    assert pair.difference == pytest.approx(0.3)
    assert 0 < pair.low < 0.3 < pair.high
    assert [(tau.a, tau.b, tau.tau) for tau in ranking.kendall_tau.pairs] == [("A", "B", 1.0)]
    assert ranking.leave_one_hospital_out == {"A": {"bad": 2, "good": 1}, "B": {"bad": 2, "good": 1}}
    assert ranking.new_hospital.verdict == "not estimable"
    assert ranking.refused == ()


def test_a_score_is_the_mean_over_hospitals_of_patients_means() -> None:
    """A: p1 has values 0 and 1, p2 has 1: mean of 0.5 and 1. B: 0.2 and 0.4. Score: mean of 0.75 and 0.3."""
    text = """model,hospital,case,patient,value
m,A,a1,p1,0\nm,A,a2,p1,1\nm,A,a3,p2,1\nm,B,b1,p1,0.2\nm,B,b2,p2,0.4\n"""
    (model,) = rank(pd.read_csv(StringIO(text))).models
    assert model.hospitals["A"].value == pytest.approx(0.75)
    assert (model.hospitals["A"].cases, model.hospitals["A"].patients) == (3, 2)
    assert model.score == pytest.approx((0.75 + 0.3) / 2)
    assert model.score_by_patients == pytest.approx((0.5 + 1 + 0.2 + 0.4) / 4)
    assert model.worst_hospital.hospital == "B"
    assert model.worst_hospital.value == pytest.approx(0.3)
    assert model.spread == pytest.approx(0.45)


def test_the_order_of_rows_changes_nothing() -> None:
    table = long_table()
    assert rank(table) == rank(table.sample(frac=1, random_state=3))


def test_right_answers_with_truth_are_ranked_by_youden() -> None:
    """Se 3/4 and Sp 1/2: θ = 0.25."""
    rows = [
        ("m", "A", f"c{n}", f"p{n}", right, truth)
        for n, (right, truth) in enumerate([(1, 1), (1, 1), (1, 1), (0, 1), (1, 0), (0, 0)])
    ]
    table = pd.DataFrame(rows, columns=["model", "hospital", "case", "patient", "correct", "truth"])
    (model,) = rank(table, "correct").models
    assert model.hospitals["A"].value == pytest.approx(0.25)
    assert model.score_by_patients == pytest.approx(0.25)


def test_truth_stratifies_another_metric_without_changing_it() -> None:
    table = long_table()
    table["truth"] = [int(patient[1:]) % 3 == 0 for patient in table["patient"]]
    plain, stratified = rank(table.drop(columns="truth")), rank(table)
    assert [m.score for m in stratified.models] == pytest.approx([m.score for m in plain.models])
    assert [m.score_by_patients for m in stratified.models] == pytest.approx(
        [m.score_by_patients for m in plain.models]
    )


def test_equal_models_share_a_rank() -> None:
    ranking = rank(long_table({"a": 0.7, "b": 0.7, "c": 0.4}))
    assert [(m.rank, m.rank_set) for m in ranking.models] == [(1, (1, 2)), (1, (1, 2)), (3, (3, 3))]
    assert (ranking.pairs[0].p, ranking.pairs[0].p_adjusted, ranking.pairs[0].low) == (1, 1, 0)


def test_a_model_trained_at_a_hospital_of_the_panel_is_listed_with_its_gap() -> None:
    table = long_table({"good": 0.8, "home": 0.6, "bad": 0.5})
    table["trained_on"] = np.where(table["model"] == "home", "elsewhere; A", "")
    table.loc[(table["model"] == "home") & (table["hospital"] == "A"), "value"] += 0.3
    ranking = rank(table)
    assert names(ranking) == ["good", "bad"]
    (home,) = ranking.unranked
    assert home.model == "home"
    assert home.reason == "was trained on data of A"
    assert home.gap == pytest.approx(0.3)


FIRST_ROW: dict[str, tuple[str, str | float]] = {
    "nan": ("value", np.nan),
    "blank": ("value", ""),
    "infinite": ("value", np.inf),
    "words": ("value", "n/a"),
    "blank hospital": ("hospital", " "),
    "blank patient": ("patient", ""),
}


def spoil(table: pd.DataFrame, how: str) -> pd.DataFrame:
    """Make one thing of model "dirty" wrong."""
    table = table.astype({"value": object})
    mine = table.index[table["model"] == "dirty"]
    first = table.loc[[mine[0]]]
    if how in FIRST_ROW:
        column, value = FIRST_ROW[how]
        table.loc[mine[0], column] = value
        return table
    return {
        "duplicate": pd.concat([table, first]),
        "extra": pd.concat([table, first.assign(case="only mine")]),
        "fewer": table.drop(index=mine[:3]),
        "no hospital B": table.drop(index=mine[PATIENTS:]),
    }[how]


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("duplicate", "1 rows repeat a case"),
        ("fewer", "3 of 24 cases are missing"),
        ("no hospital B", "12 of 24 cases are missing"),
        ("extra", "1 cases that most models do not have"),
        ("nan", "1 values that are missing, infinite or no number"),
        ("blank", "1 values that are missing, infinite or no number"),
        ("infinite", "1 values that are missing, infinite or no number"),
        ("words", "1 values that are missing, infinite or no number"),
        ("blank hospital", "1 rows without a hospital"),
        ("blank patient", "1 rows without a patient"),
    ],
)
def test_a_dirty_model_is_refused_by_name_and_the_others_are_ranked(how: str, what: str) -> None:
    table = spoil(long_table({"good": 0.8, "bad": 0.5, "dirty": 0.9}), how)
    if how == "blank patient":  # else the case would be of two patients, which no model can be blamed for
        case = table.loc[table["patient"] == "", "case"].iloc[0]
        table = table[(table["case"] != case) | (table["model"] == "dirty")]
    ranking = rank(table)
    assert names(ranking) == ["good", "bad"]
    assert [fault.what for fault in ranking.refused] == [what]
    assert "dirty" in ranking.refused[0].where
    assert ranking.refused[0].next


@pytest.mark.parametrize("twin", ["GOOD", "good ", " Good", "ｇｏｏｄ"])
def test_names_that_a_person_reads_as_one_are_refused(twin: str) -> None:
    ranking = rank(long_table({"good": 0.8, twin: 0.7, "bad": 0.5, "fair": 0.6}))
    assert names(ranking) == ["fair", "bad"]
    (fault,) = ranking.refused
    assert "case or spaces" in fault.what
    assert repr("good") in fault.where
    assert repr(twin) in fault.where


def test_a_hospital_of_one_patient_is_refused_and_not_ranked() -> None:
    table = long_table(hospitals=("A", "B", "tiny"))
    table = table[(table["hospital"] != "tiny") | (table["patient"] == "p0")]
    ranking = rank(table)
    assert list(ranking.models[0].hospitals) == ["A", "B"]
    assert ranking.refused[0].where == "hospital tiny"


def test_a_large_hospital_is_pointed_out() -> None:
    table = long_table(hospitals=("A", "B"))
    table = table[(table["hospital"] == "A") | table["patient"].isin(["p0", "p1", "p2"])]
    assert any(note.startswith("A holds 80% of the patients") for note in rank(table).notes)


def test_a_zero_where_others_are_blank_is_pointed_out() -> None:
    table = long_table({"good": 0.8, "bad": 0.5, "blank": 0.6}).astype({"value": object})
    at = table["case"] == "A0"
    table.loc[at, "value"] = 0
    table.loc[at & (table["model"] == "blank"), "value"] = ""
    ranking = rank(table)
    assert names(ranking) == ["good", "bad"]
    assert any("blank for some models and 0 for all others" in note for note in ranking.notes)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda t: t.drop(columns="patient"), "no column 'patient'"),
        (lambda t: t.rename(columns={"value": "score"}), "no column 'value'"),
        (lambda t: t.assign(extra=1).rename(columns={"extra": "case"}), "column 'case' appears twice"),
        (lambda t: t.iloc[:0], "no rows"),
        (lambda t: t.assign(model=["", *t["model"][1:]]), "a row without a model"),
        (lambda t: t.assign(patient=["q", *t["patient"][1:]]), "a case of more than one patient"),
        (lambda t: t.assign(hospital=["a", *t["hospital"][1:]]), "differ only by case or spaces"),
        (lambda t: t.assign(truth="maybe"), "truth is 'maybe', not 0 or 1"),
        (lambda t: t.assign(truth=[1] + [0] * (len(t) - 1)), "a patient with more than one truth"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_whole(change: object, what: str) -> None:
    assert callable(change)
    with pytest.raises(TableRefused) as refused:
        rank(change(long_table()))
    assert any(what in fault.what for fault in refused.value.faults)


def test_one_model_one_hospital_or_nothing_left_is_said_in_a_sentence() -> None:
    alone = rank(long_table({"only": 0.8}, hospitals=("A",)))
    assert (alone.models[0].rank, alone.models[0].rank_set, alone.pairs, alone.kendall_tau.mean) == (
        1,
        (1, 1),
        (),
        None,
    )
    assert [note.split(",")[0] for note in alone.notes] == [
        "Only one model can be ranked",
        "Only one hospital is on the panel",
    ]
    spoiled = spoil(long_table({"dirty": 0.8}), "nan")
    nothing = rank(spoiled)
    assert nothing.models == ()
    assert "No model can be ranked; the reasons are listed." in nothing.notes


def test_a_byte_order_mark_is_taken_off_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xef\xbb\xbf" + long_table().to_csv(index=False).encode())
    table, notes = read_table(path)
    assert next(iter(table.columns)) == "model"
    assert "byte-order mark" in notes[0]
    assert names(rank_table(table, replicates=200, notes=notes)) == ["good", "bad"]


@pytest.mark.parametrize("name", ["NA", "null", "007", "nan", "1e5"])
def test_no_name_is_guessed_at(tmp_path: Path, name: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(long_table({name: 0.8, "bad": 0.5}).to_csv(index=False))
    assert names(rank(read_table(path)[0])) == [name, "bad"]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfem\x00o\x00", b"model,hospital\nm,A,surplus,fields\n", b"a\xe9,b\n1,2\n"]
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(TableRefused, match="cannot be read as a table"):
        read_table(path)
    with pytest.raises(InputRefused, match="not a file"):
        read_table(tmp_path / "nowhere.csv")


def test_a_row_that_ends_early_is_a_missing_value(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(long_table().to_csv(index=False) + "bad,B,extra,p0\n")
    ranking = rank(read_table(path)[0])
    assert names(ranking) == ["good"]
    assert "values that are missing" in ranking.refused[0].what
