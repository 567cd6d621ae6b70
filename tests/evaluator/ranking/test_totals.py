"""Counts of the ranking and of cards minus what the table shows leave nothing of fewer patients than may be shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from evaluator.ranking.attributes import CROSSED, encode
from evaluator.ranking.panel import NEGATIVE, POSITIVE, Cell, Panel
from evaluator.ranking.publishable import veiled
from evaluator.ranking.published import WITHHELD, publish
from evaluator.ranking.robustness import robustness
from tests.evaluator.ranking.panels import youden_panel

MINIMUM = 10


def of_two_sexes(*women_and_men: tuple[int, int]) -> Panel:
    """Of each hospital so many women and men with cancer, and fifty of each without."""
    cells = [
        Cell(
            hospital=f"H{number}",
            group=kind,
            weight=1.0,
            answers=np.ones((sum(people), 2)),
            labels={"sex": np.repeat([0, 1], people)},
        )
        for number, with_cancer in enumerate(women_and_men)
        for kind, people in ((POSITIVE, with_cancer), (NEGATIVE, (50, 50)))
    ]
    return youden_panel(*cells, models=2, groups={"sex": ("F", "M")})


def withheld(table: pd.DataFrame, *, truth: str) -> dict[str, int]:
    mine = table[(table["truth"] == truth) & (table["sex"] == WITHHELD)]
    return {str(hospital): len(rows) for hospital, rows in mine.groupby("hospital")}


def published(panel: Panel) -> pd.DataFrame:
    return publish(panel, minimum=MINIMUM, rng=np.random.default_rng(1))


def test_three_men_are_not_53_in_all_less_50_elsewhere() -> None:
    table = published(of_two_sexes((50, 3), (50, 50), (60, 60)))
    # 113 men in all. H1 has the fewest beside those of H0, so it keeps them company: 53 men at H0 or H1.
    assert withheld(table, truth="1") == {"H0": 53, "H1": 100}
    assert withheld(table, truth="0") == {}


def test_hospitals_are_withheld_until_they_are_enough() -> None:
    table = published(of_two_sexes((50, 3), (50, 2), (50, 50)))
    assert withheld(table, truth="1") == {"H0": 53, "H1": 52, "H2": 100}  # 5 men at H0 and H1 are still too few


def test_a_report_card_counts_groups_that_are_too_few_for_the_ranking() -> None:
    table = published(of_two_sexes((50, 3), (50, 0), (60, 20)))
    # The ranking says nothing of 23 men; a card does: less the 20 at H2 they are 3. H1 keeps the women company.
    assert withheld(table, truth="1") == {"H0": 53, "H1": 50, "H2": 80}


def test_what_is_published_nowhere_takes_nobody_with_it() -> None:
    table = published(of_two_sexes((50, 3), (50, 0), (60, 4)))
    # 7 men are on no card. They are 3 and 4, withheld with the women of their hospitals; H1 is not needed.
    assert withheld(table, truth="1") == {"H0": 53, "H2": 64}


def drawn(seed: int) -> Panel:
    rng = np.random.default_rng(seed)
    hospitals = rng.choice(4, size=1200)
    with_cancer = rng.random(1200) < 0.5
    values = {}
    for name, letters in (("sex", ["F", "M", ""]), ("race", ["W", "B", "A", ""]), ("scanner", ["S", "T", "U"])):
        odds = np.array([rng.dirichlet(np.linspace(3, 0.2, len(letters))) for _ in range(4)])
        written = [str(rng.choice(letters, p=odds[hospital])) for hospital in hospitals]
        names, at = np.unique(written, return_inverse=True)
        values[name] = ([str(one) for one in names], at.astype(np.int64))
    known = encode(values)
    cells = []
    for hospital in range(4):
        for kind, truth in ((POSITIVE, with_cancer), (NEGATIVE, ~with_cancer)):
            mine = (hospitals == hospital) & truth
            labels = {name: codes[mine] for name, codes in known.codes.items()}
            answers = (rng.random((mine.sum(), 2)) < 0.8).astype(float)
            cells.append(Cell(hospital=f"H{hospital}", group=kind, weight=1.0, answers=answers, labels=labels))
    return youden_panel(*cells, models=2, groups=dict(known.groups))


def subtractions(panel: Panel) -> Iterator[tuple[int, int]]:
    """Of every published count: how many of it the table does not show, and at how many hospitals they may be."""
    table = published(panel)
    of_both = np.where((table["sex"] == "") | (table["race"] == ""), "", table["sex"] + " × " + table["race"])
    table[CROSSED] = np.where((table["sex"] == WITHHELD) | (table["race"] == WITHHELD), WITHHELD, of_both)
    for name, result in veiled(robustness(panel, panel.groups, replicates=20, seed=1), minimum=MINIMUM).items():
        counted = [order.group for order in result.groups]
        for kind, truth in ((POSITIVE, "1"), (NEGATIVE, "0")):
            mine = table[table["truth"] == truth]
            unread = mine[name] == WITHHELD
            hospitals = mine[unread]["hospital"].nunique()
            shown = {order.group: order.patients[kind] for order in result.groups}
            for group, total in shown.items():
                if total is not None:
                    yield total - int((mine[name] == group).sum()), hospitals
            rest = result.uncounted.get(kind)
            if counted and rest is not None:
                yield rest - int((~unread & ~mine[name].isin(counted)).sum()), hospitals


@pytest.mark.parametrize("seed", range(15))
def test_no_subtraction_gives_a_few_patients_away(seed: int) -> None:
    found = list(subtractions(drawn(seed)))
    assert len(found) > 10
    assert [(left, at) for left, at in found if left and (left < MINIMUM or at < 2)] == []


def test_there_is_something_to_subtract() -> None:
    found = [left for seed in range(15) for left, _ in subtractions(drawn(seed))]
    assert sum(left > 0 for left in found) > 100
    assert any(left == 0 for left in found)
