"""What a published per-patient table gives away: nothing of fewer patients than the minimum."""

from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from evaluator.ranking.published import from_cells, publish, to_csv, withhold
from tests.evaluator.ranking.panels import planted


def shown(*hospitals: str, minimum: int, groups: str = "FMX") -> list[str]:
    """Of one attribute, a letter a patient; "." is unknown."""
    codes = np.array([groups.find(value) for value in "".join(hospitals)])
    found = withhold(
        np.repeat(np.arange(len(hospitals)), [len(values) for values in hospitals]),
        {"sex": codes},
        {"sex": tuple(groups)},
        in_order=("sex",),
        kinds=np.zeros(len(codes), dtype=np.int64),
        minimum=minimum,
    )
    letters = "".join("~" if value == "withheld" else value or "." for value in found["sex"])
    ends = np.cumsum([len(values) for values in hospitals]).tolist()
    return [letters[end - len(values) : end] for values, end in zip(hospitals, ends, strict=True)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("FFFFMMMM", "FFFFMMMM"),
        ("FFFFFFMM", "~~~~~~~~"),  # two hidden men could be counted off, so the women go with them
        ("FFFFFMMMMXX", "FFFFF~~~~~~"),  # X alone could be counted off, so the next smallest goes too
        ("FFFFFMX", "~~~~~~~"),  # M and X are two groups but only two patients
        ("FFFFFMMXX", "FFFFF~~~~"),
        ("FFFFFFFF.", "~~~~~~~~~"),  # that nothing is known of one patient is known too
        ("FFFF....", "FFFF...."),
    ],
)
def test_small_groups_are_withheld_so_that_nothing_can_be_subtracted(values: str, expected: str) -> None:
    company = "FFFFMMMMXXXX"  # another hospital: with one alone, its groups' totals are the report card's
    assert shown(values, company, minimum=4)[0] == expected


def test_a_minimum_of_0_withholds_nothing() -> None:
    assert shown("FFFFMX.", minimum=0) == ["FFFFMX."]


def test_each_hospital_and_truth_is_looked_at_by_itself() -> None:
    # Five men on a card less the three that are shown are two, at two hospitals.
    assert shown("FFFMMM", "FFFFM", "FFM", minimum=2) == ["FFFMMM", "~~~~~", "~~~"]


def test_one_man_is_not_three_on_a_report_card_less_two_elsewhere() -> None:
    assert shown("FFMM", "FFFM", minimum=2) == ["~~~~", "~~~~"]


def test_no_combination_of_attributes_is_held_by_fewer_than_the_minimum() -> None:
    rng = np.random.default_rng(1)
    people = rng.integers(0, 4, 600)
    attributes = {name: rng.integers(-1, 4, 600) for name in ("sex", "race", "phase")}
    found = withhold(
        people,
        attributes,
        dict.fromkeys(attributes, tuple("abcd")),
        in_order=tuple(attributes),
        kinds=people % 2,
        minimum=10,
    )
    table = pd.DataFrame({"people": people, **found})
    assert table.groupby(list(table.columns)).size().min() >= 10
    assert (table["sex"] != "withheld").any()


def test_numbers_mean_nothing_and_the_rows_are_in_their_order() -> None:
    panel = planted([[0.9, 0.5]] * 2)
    first, second = (publish(panel, minimum=10, rng=np.random.default_rng(s)) for s in (1, 2))
    assert list(first.columns) == ["patient", "hospital", "truth", "sex", "correct: m0", "correct: m1"]
    assert first["patient"].tolist() == [f"{n:03d}" for n in range(1, 361)]
    assert not first.equals(second)
    rest = list(first.columns[1:])
    assert first[rest].value_counts(sort=False).sort_index().equals(second[rest].value_counts(sort=False).sort_index())


def test_the_csv_can_be_read_by_anybody() -> None:
    content = to_csv(publish(planted([[0.9, 0.5]] * 2), minimum=0, rng=np.random.default_rng(1)))
    assert content.splitlines()[0] == b"patient,hospital,truth,sex,correct: m0,correct: m1"
    assert len(content.splitlines()) == 361


def test_a_name_that_begins_like_a_formula_is_text_to_a_spreadsheet_and_itself_to_us() -> None:
    names = ["=HYPERLINK(1)", "+1", "-1", "@x", "'quoted", "plain", ""]
    content = to_csv(pd.DataFrame({"hospital": names}))
    assert content.decode().splitlines()[1:5] == ["'=HYPERLINK(1)", "'+1", "'-1", "'@x"]
    read = pd.read_csv(BytesIO(content), dtype=str, keep_default_na=False, skip_blank_lines=False)
    assert from_cells(read)["hospital"].tolist() == names
