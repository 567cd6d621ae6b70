"""What a final ranking's table and report cards tell together: nothing of fewer patients than may be shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from evaluator.errors import UsageError
from evaluator.ranking import make_snapshot
from evaluator.ranking.published import WITHHELD
from evaluator.records import CaseResult, CohortResult
from evaluator.report import make_report
from evaluator.results import Results
from tests.evaluator.statistics.by_hand import cohort, negative, positive, results

MINIMUM = 10


def hospital(name: str, *, women: tuple[int, int], men: tuple[int, int]) -> CohortResult:
    """So many with and without cancer; all answers are right."""
    cases: list[CaseResult] = []
    for sex, (ill, healthy) in (("F", women), ("M", men)):
        made = [positive(f"{name}{sex}p{n}", 0.9) for n in range(ill)]
        made += [negative(f"{name}{sex}n{n}", 0.1) for n in range(healthy)]
        cases += [replace(one, case=replace(one.case, sex=sex)) for one in made]
    return cohort(name, *cases)


def table_of(found: Results) -> pd.DataFrame:
    _, content = make_snapshot([found], panel_minimum=20, public_minimum=MINIMUM, replicates=20)
    return pd.read_csv(BytesIO(content), dtype=str, keep_default_na=False)


def left(found: Results) -> Iterator[tuple[str, int, int]]:
    """Of every count on the card: which, how many of it the table does not show, and at how many hospitals."""
    table = table_of(found)
    card = make_report([found], prevalences=[0.01], public_minimum=MINIMUM).models[0].overall
    for attribute, groups in card.by_attribute.items():
        if attribute not in table:
            continue
        for group, rates in groups.items():
            for truth, rate in (("1", rates.sensitivity), ("0", rates.specificity)):
                mine = table[table["truth"] == truth]
                if rate.n is not None:
                    unread = mine[mine[attribute] == WITHHELD]["hospital"].nunique()
                    yield f"{group}, {truth}", rate.n - int((mine[attribute] == group).sum()), unread


def test_one_man_at_a_hospital_is_not_14_on_the_card_less_13_elsewhere() -> None:
    found = results("m", hospital("A", women=(27, 25), men=(1, 3)), hospital("B", women=(15, 15), men=(13, 13)))
    assert {which: n for which, n, _ in left(found)} == {"F, 1": 42, "F, 0": 40, "M, 1": 14, "M, 0": 16}
    assert set(table_of(found)["sex"]) == {WITHHELD}


def drawn(seed: int) -> Results:
    rng = np.random.default_rng(seed)
    cohorts = []
    for name in "ABCD"[: rng.integers(2, 5)]:
        few, patients = rng.choice([0.02, 0.05, 0.3, 0.5]), int(rng.integers(25, 80))
        cases = []
        for made in (
            *(positive(f"{name}p{n}") for n in range(patients)),
            *(negative(f"{name}n{n}") for n in range(60)),
        ):
            phase = "arterial" if rng.random() < few else "venous"
            sex, race = str(rng.choice(["F", "M"])), str(rng.choice(["W", "B", "A"], p=[0.86, 0.08, 0.06]))
            cases.append(replace(made, case=replace(made.case, phase=phase, sex=sex, race=race)))
        cohorts.append(cohort(name, *cases))
    return results("m", *cohorts)


def test_no_card_less_the_table_gives_a_few_patients_away() -> None:
    found = [one for seed in range(25) for one in left(drawn(seed))]
    assert [one for one in found if one[1] and (one[1] < MINIMUM or one[2] < 2)] == []
    assert sum(n > 0 for _, n, _ in found) > 50  # there is something to subtract
    assert sum(n == 0 for _, n, _ in found) > 50  # and not everything is withheld


LARGE = (hospital("A", women=(20, 20), men=(20, 20)), hospital("B", women=(15, 15), men=(15, 15)))


def test_few_patients_off_the_panel_follow_from_a_card_less_the_table_so_it_is_refused() -> None:
    with pytest.raises(UsageError, match="off the panel have 5 patients with cancer"):
        table_of(results("m", *LARGE, hospital("C", women=(5, 12), men=(0, 13))))
    with pytest.raises(UsageError, match="off the panel have 3 patients without cancer"):
        table_of(results("m", *LARGE, hospital("C", women=(12, 3), men=(13, 0))))


def test_an_attribute_that_few_off_the_panel_share_is_withheld_of_everybody() -> None:
    assert set(table_of(results("m", *LARGE))["sex"]) == {"F", "M"}
    # 40 men with cancer on the card less 35 at A and B are 5 at C.
    beside = results("m", *LARGE, hospital("C", women=(11, 30), men=(5, 30)))
    assert set(table_of(beside)["sex"]) == {WITHHELD}
    enough = results("m", *LARGE, hospital("C", women=(0, 30), men=(18, 30)))
    assert set(table_of(enough)["sex"]) == {"F", "M"}
