"""The dirty tables of the issue, each by name: nothing of them is ever ranked in silence."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluator.errors import TableRefused, UsageError
from evaluator.ranking import Ranking, rank_table, read_table
from tests.evaluator.ranking.test_rank_table import long_table, names


def rank(table: pd.DataFrame, **how: object) -> Ranking:
    return rank_table(table, replicates=200, **how)  # type: ignore[arg-type]


def with_groups(n: int = 80, *, third: int = 0) -> pd.DataFrame:
    """Two models at one hospital, right or wrong, with a sex: F and M in turns, the first ``third`` patients X."""
    rng = np.random.default_rng(3)
    rows = [
        (model, "A", f"c{p}", f"p{p}", int(rng.random() < chance), p // 2 % 2, "X" if p < third else "FM"[p % 2])
        for model, chance in (("good", 0.9), ("bad", 0.6))
        for p in range(2 * n)
    ]
    return pd.DataFrame(rows, columns=["model", "hospital", "case", "patient", "correct", "truth", "sex"])


def test_duplicate_case_names_of_one_model() -> None:
    table = pd.concat([long_table(), long_table().tail(1)])
    ranking = rank(table)
    assert names(ranking) == ["good"]
    assert ranking.refused[0].what == "1 rows repeat a case"
    assert "model bad" in ranking.refused[0].where


def test_one_case_name_at_two_hospitals_is_two_cases() -> None:
    table = long_table().assign(case=lambda t: t["case"].str[1:])
    assert rank(table).refused == ()


def test_a_structure_that_only_one_model_marks_0_and_the_others_leave_out() -> None:
    table = long_table({"good": 0.8, "bad": 0.5, "zero": 0.6})
    extra = table[(table["model"] == "zero") & (table["case"] == "A0")].assign(case="A0 absent", value=0.0)
    ranking = rank(pd.concat([table, extra]))
    assert names(ranking) == ["good", "bad"]
    assert ranking.refused[0].what == "1 cases that most models do not have"
    assert "A0 absent" in ranking.refused[0].where


def test_unknown_groups_are_counted_by_name_and_are_no_group() -> None:
    table = with_groups()
    table.loc[table["patient"].isin(["p0", "p1"]), "sex"] = "Unknown"
    table.loc[table["patient"] == "p2", "sex"] = None
    ranking = rank(table, value="correct")
    assert [order.group for order in ranking.attributes["sex"].groups] == ["F", "M"]
    assert any(
        note.startswith("sex: 3 of 160 patients have no known group (blank, 'Unknown')") for note in ranking.notes
    )


def test_a_group_of_three_is_named_as_too_few() -> None:
    found = rank(with_groups(third=3), value="correct").attributes["sex"]
    assert found.too_few == ("X",)
    assert "X" not in {gap.group for gap in found.gaps}


def test_one_hospital_with_79_percent_of_the_cases_is_named() -> None:
    """49 patients of 62."""
    large, small = (long_table(hospitals=(name,)) for name in ("big", "small"))
    copies = [large.assign(case=large["case"] + f"/{n}", patient=large["patient"] + f"/{n}") for n in range(4)]
    one_more = [part[part["patient"] == "p0"].assign(case="more", patient="more") for part in (large, small)]
    table = pd.concat([*copies, small, *one_more])
    assert any(note.startswith("big holds 79% of the patients") for note in rank(table).notes)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, "", "n/a", "1,5"])
def test_a_value_that_is_no_finite_number_costs_the_model_its_place(value: float | str) -> None:
    table = long_table().astype({"value": object})
    table.loc[table.index[-1], "value"] = value
    ranking = rank(table)
    assert names(ranking) == ["good"]
    assert "missing, infinite or no number" in ranking.refused[0].what


def test_model_names_that_differ_only_by_case() -> None:
    ranking = rank(long_table({"nnU": 0.8, "NNU": 0.5, "other": 0.6}))
    assert names(ranking) == ["other"]
    assert "'NNU', 'nnU'" in ranking.refused[0].where


def test_groups_that_differ_only_by_case() -> None:
    table = with_groups()
    table.loc[table["patient"] == "p1", "sex"] = "m"
    ranking = rank(table, value="correct")
    assert "sex" not in ranking.attributes
    assert ranking.refused[0].what == "groups of sex that differ only by case: 'M', 'm'"


def test_a_patient_of_two_groups_is_in_none_and_named() -> None:
    table = with_groups()
    row = table.index[(table["patient"] == "p7") & (table["model"] == "bad")][0]
    table.loc[row, "sex"] = "F"
    ranking = rank(table, value="correct")
    assert any("1 patients name more than one group (first: hospital A, patient p7)" in note for note in ranking.notes)
    found = ranking.attributes["sex"]
    assert sum(count or 0 for order in found.groups for count in order.patients.values()) == 159
    assert sum(count or 0 for count in found.uncounted.values()) == 1


def test_a_byte_order_mark_a_missing_case_and_a_doubled_one_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    table = long_table({"good": 0.8, "bad": 0.5, "less": 0.6, "more": 0.6})
    table = pd.concat([table[(table["model"] != "less") | (table["case"] != "A3")], table.tail(1)])
    path.write_bytes(b"\xef\xbb\xbf" + table.to_csv(index=False).encode())
    rows, notes = read_table(path)
    ranking = rank(rows, notes=notes)
    assert names(ranking) == ["good", "bad"]
    assert {fault.what for fault in ranking.refused} == {"1 of 24 cases are missing", "1 rows repeat a case"}
    assert "byte-order mark" in ranking.notes[0]


@pytest.mark.parametrize("right", [0, 1])
def test_all_right_and_all_wrong_are_ties_in_whole_sentences(right: int) -> None:
    table = with_groups().assign(correct=right)
    ranking = rank(table, value="correct")
    assert [model.rank_set for model in ranking.models] == [(1, 2), (1, 2)]
    assert ranking.attributes["sex"].verdict == "no change detected"
    assert ranking.kendall_tau.mean is None


def test_a_table_without_positives_has_no_sensitivity_and_says_where() -> None:
    table = with_groups().query("truth == 0")
    ranking = rank(table, value="correct")
    assert ranking.models == ()
    assert ranking.refused[0].where == "hospital A"
    assert any("No hospital has enough patients" in note for note in ranking.notes)


def test_an_attribute_that_is_not_there_is_said_with_the_columns_that_are() -> None:
    with pytest.raises(UsageError, match="no column 'race'") as refused:
        rank(with_groups(), value="correct", by=["race"])
    assert "sex" in str(refused.value)


def test_any_column_can_be_looked_at() -> None:
    table = with_groups().rename(columns={"sex": "vendor"})
    assert list(rank(table, value="correct").attributes) == ["hospital"]
    assert list(rank(table, value="correct", by=["vendor"]).attributes) == ["vendor"]


def test_right_answers_are_never_ranked_with_the_fewest_first() -> None:
    with pytest.raises(UsageError, match="fewest first"):
        rank(with_groups(), value="correct", lower_is_better=True)


def test_low_values_can_be_the_good_ones_and_stay_in_their_units() -> None:
    high = rank(long_table().assign(value=lambda t: -t["value"]))
    low = rank(long_table(), lower_is_better=True)
    assert names(low) == names(high) == ["bad", "good"]
    first = low.models[0]
    assert first.score == pytest.approx(-high.models[0].score)
    assert first.hospitals["A"].low < first.hospitals["A"].value < first.hospitals["A"].high
    assert first.score_by_patients_limits is not None
    assert first.score_by_patients_limits[0] < first.score_by_patients < first.score_by_patients_limits[1]
    assert first.worst_hospital.value == pytest.approx(max(one.value for one in first.hospitals.values()))
    (pair,) = low.pairs
    assert (pair.a, pair.b) == ("bad", "good")
    assert pair.low < pair.difference < pair.high < 0
    assert "lower is better" in low.statistic


def test_a_table_with_nothing_but_a_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("model,hospital,case,patient,value\n")
    with pytest.raises(TableRefused, match="no rows"):
        rank(read_table(path)[0])
