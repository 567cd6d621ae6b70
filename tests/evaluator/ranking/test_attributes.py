"""Groups: what is known of patients, what is unknown, and what contradicts itself."""

import numpy as np
import pytest

from evaluator.errors import UsageError
from evaluator.ranking.attributes import age_band, case_attributes, columns_for, encode
from evaluator.records import CaseRecord, TruthSource


def codes(*at: int) -> np.ndarray:
    return np.array(at, dtype=np.int64)


@pytest.mark.parametrize(
    ("age", "band"),
    [("0", "under 50"), ("49.9", "under 50"), ("50", "50–64"), ("64", "50–64"), ("65", "65–79"), ("80", "80 and over"),
     ("65–79", "65–79"), ("unknown", "unknown"), ("nan", "")],
)  # fmt: skip
def test_an_age_has_a_band_and_a_band_stays(age: str, band: str) -> None:
    assert age_band(age) == band


@pytest.mark.parametrize("written", ["", "unknown", "Unknown ", "N/A", "nan", "None", "?", "-"])
def test_an_unknown_is_missing_and_no_group(written: str) -> None:
    found = encode({"sex": (["F", written], codes(0, 1, 0, -1))})
    assert found.groups["sex"] == ("F",)
    assert found.codes["sex"].tolist() == [0, -1, 0, -1]


def test_groups_that_differ_only_by_case_are_refused_by_name() -> None:
    found = encode({"sex": (["F", "M", "f"], codes(0, 1, 2)), "phase": (["venous"], codes(0, 0, 0))})
    assert list(found.groups) == ["phase"]
    (fault,) = found.refused
    assert fault.what == "groups of sex that differ only by case: 'F', 'f'"


def test_sex_and_race_are_crossed_where_both_are_known() -> None:
    found = encode({"sex": (["F", "M"], codes(0, 1, 1, 0)), "race": (["Asian", "Black", ""], codes(1, 0, 2, 1))})
    assert found.groups["sex × race"] == ("F × Black", "M × Asian")
    assert found.codes["sex × race"].tolist() == [0, 1, -1, 0]


def test_the_known_columns_are_found_and_others_on_request() -> None:
    header = ["model", "sex", "age", "vendor"]
    assert columns_for(header, None) == ("sex", "age")
    assert columns_for(header, ["vendor", "hospital"]) == ("vendor",)
    assert columns_for(["sex", "race"], ["sex × race"]) == ("sex", "race")
    with pytest.raises(UsageError, match="no column 'race'"):
        columns_for(header, ["sex × race"])


def test_index_scans_bring_their_attributes() -> None:
    def scan(sex: str | None, age: int | None) -> CaseRecord:
        return CaseRecord(
            case="c", patient="p", cancer=True, index_scan=True, reference=TruthSource.DIAGNOSIS, sex=sex, age=age
        )

    found = case_attributes([scan("F", 70), scan(None, 40), scan("M", None)])
    assert dict(found.groups) == {"sex": ("F", "M"), "age": ("under 50", "65–79")}
    assert found.codes["sex"].tolist() == [0, -1, 1]
    assert found.codes["age"].tolist() == [1, 0, -1]
