"""What would tell of a few patients is hidden, by subtraction too; everything else stays."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import FaultLine
from evaluator.ranking import publishable, rank_results
from evaluator.ranking.attribute_records import AttributeResult, Gap, GroupOrder
from evaluator.ranking.attributes import CROSSED, encode
from evaluator.ranking.panel import NEGATIVE, POSITIVE, Cell
from evaluator.ranking.publishable import veiled
from evaluator.ranking.robustness import robustness
from tests.evaluator.ranking.panels import youden_panel
from tests.evaluator.statistics.by_hand import counted, results

MINIMUM = 10
SEXES, RACES = ("F", "M", ""), ("W", "B", "A", "")
PEOPLE = list(product(SEXES, RACES))


def order(group: str, positive: int, negative: int) -> GroupOrder:
    return GroupOrder(
        group=group,
        patients={"positive": positive, "negative": negative},
        tau=0.5,
        tau_null=0.6,
        tau_null_low=0.2,
        tau_null_high=1.0,
        tau_p=0.3,
    )


RESULT = AttributeResult(
    verdict="no change detected",
    why="Nothing was found.",
    p=0.4,
    tau=0.5,
    groups=(order("F", 40, 35), order("M", 60, 31)),
    gaps=(Gap(model="m", group="F", measure="sensitivity", difference=0.1, low=-0.1, high=0.3),),
    uncounted={"positive": 3, "negative": 12},
)


def veil(result: AttributeResult, *, minimum: int) -> AttributeResult:
    return veiled({"sex": result}, minimum=minimum)["sex"]


def test_three_patients_cannot_be_worked_out_from_the_total() -> None:
    shown = veil(RESULT, minimum=10)
    # 103 with cancer in all: 40 + 60 + 3. Hidden are the 3 and the smaller of the others.
    assert [one.patients["positive"] for one in shown.groups] == [None, 60]
    assert [one.patients["negative"] for one in shown.groups] == [35, 31]
    assert shown.uncounted == {"positive": None, "negative": 12}
    assert [one.tau for one in shown.groups] == [0.5, 0.5]


def test_nothing_is_hidden_where_nobody_or_enough_are_left_over() -> None:
    nobody = replace(RESULT, uncounted={"positive": 0, "negative": 0})
    assert veil(nobody, minimum=10) == nobody
    assert veil(RESULT, minimum=3) == RESULT
    assert veil(RESULT, minimum=0) == RESULT


def test_a_group_below_the_minimum_takes_the_numbers_of_all_groups_with_it() -> None:
    shown = veil(RESULT, minimum=32)
    assert (shown.verdict, shown.p, shown.groups, shown.gaps, shown.tau) == ("no change detected", 0.4, (), (), None)
    assert shown.uncounted == {}
    assert shown.why.endswith("is hidden: one has fewer than 32 patients of a truth.")


def test_five_women_cannot_be_worked_out_from_sex_and_from_sex_and_race() -> None:
    nobody: dict[str, int | None] = {"positive": 0, "negative": 0}
    sex = replace(RESULT, groups=(order("F", 40, 40), order("M", 60, 60)), uncounted=nobody)
    both = replace(
        RESULT, groups=(order("F × W", 35, 30), order("M × W", 50, 45)), uncounted={"positive": 15, "negative": 25}
    )
    shown = veiled({"sex": sex, CROSSED: both}, minimum=10)
    # 40 women with cancer, 35 of them W: 5 are not. Without cancer it is 10 women and 15 men, which may be known.
    assert shown["sex"] == sex
    assert [one.patients for one in shown[CROSSED].groups] == [
        {"positive": None, "negative": 30},
        {"positive": None, "negative": 45},
    ]
    assert shown[CROSSED].uncounted == {"positive": None, "negative": 25}


def determined(rows: list[NDArray[np.float64]], wanted: NDArray[np.float64]) -> bool:
    """Whether a sum of patients follows from the sums that are known: it is a combination of them."""
    known = np.array(rows).T
    weights = np.linalg.lstsq(known, wanted, rcond=None)[0]
    return bool(np.allclose(known @ weights, wanted, atol=1e-8))


def drawn(seed: int) -> tuple[dict[str, AttributeResult], dict[str, NDArray[np.float64]]]:
    """400 patients of either truth, of some of whom sex or race is unknown, and how many there are of each kind."""
    rng = np.random.default_rng(seed)
    odds = (rng.dirichlet([3, 3, 0.3]), rng.dirichlet([4, 2, 0.4, 0.3]))
    values = {}
    for name, kinds, chance in zip(("sex", "race"), (SEXES, RACES), odds, strict=True):
        names, at = np.unique(np.array(kinds)[rng.choice(len(kinds), size=800, p=chance)], return_inverse=True)
        values[name] = ([str(one) for one in names], at.astype(np.int64))
    known = encode(values)
    cells = [
        Cell(
            hospital="A",
            group=kind,
            weight=1.0,
            answers=(rng.random((400, 2)) < 0.8).astype(float),
            labels={name: codes[mine] for name, codes in known.codes.items()},
        )
        for kind, mine in ((POSITIVE, slice(400)), (NEGATIVE, slice(400, 800)))
    ]
    panel = youden_panel(*cells, models=2, groups=dict(known.groups))
    found = robustness(panel, known.groups, replicates=20, seed=1)
    counts = {kind: np.zeros(len(PEOPLE)) for kind in (POSITIVE, NEGATIVE)}
    for cell in cells:
        for sex, race in zip(cell.labels["sex"], cell.labels["race"], strict=True):
            person = (
                known.groups["sex"][sex] if sex >= 0 else "",
                known.groups["race"][race] if race >= 0 else "",
            )
            counts[cell.group][PEOPLE.index(person)] += 1
    return found, counts


def label(name: str, person: tuple[str, str]) -> str:
    sex, race = person
    return {"sex": sex, "race": race, CROSSED: f"{sex} × {race}" if sex and race else ""}[name]


def test_no_algebra_gives_a_few_patients_away() -> None:
    shown_in_all = hidden_in_all = risky = 0
    for seed in range(60):
        whole, counts = drawn(seed)
        shown = veiled(whole, minimum=MINIMUM)
        for kind in (POSITIVE, NEGATIVE):
            rows, wanted = [np.ones(len(PEOPLE))], list(np.eye(len(PEOPLE)))
            for name, result in shown.items():
                counted_groups = [one.group for one in whole[name].groups]
                labels = [label(name, person) for person in PEOPLE]
                columns = {group: np.array([float(one == group) for one in labels]) for group in counted_groups}
                rest = np.array([float(one not in counted_groups) for one in labels])
                wanted += [*columns.values(), rest]
                for one in result.groups:
                    hidden_in_all += one.patients[kind] is None
                    shown_in_all += one.patients[kind] is not None
                    rows += [] if one.patients[kind] is None else [columns[one.group]]
                rows += [rest] if result.uncounted.get(kind) is not None else []
            few = [sum_of for sum_of in wanted if 0 < sum_of @ counts[kind] < MINIMUM]
            risky += len(few)
            assert not any(determined(rows, sum_of) for sum_of in few), seed
    assert risky > 100
    assert shown_in_all > hidden_in_all > 100


def test_a_hospital_off_the_panel_is_named_without_its_few_patients() -> None:
    submission = results(
        "m",
        counted("A", found=30, cancers=40, cleared=30, healthy=40),
        counted("B", found=2, cancers=3, cleared=30, healthy=40),
    )
    ranking = rank_results([submission], replicates=20)
    assert ranking.off_panel[0].reason.startswith("3 positive and 40 negative patients")
    (shown,) = publishable(ranking, minimum=MINIMUM).off_panel
    assert shown.hospital == "B"
    assert shown.reason == "too few patients: it takes 30 positive and as many negative"
    assert publishable(ranking, minimum=0) == ranking


def test_what_was_refused_names_the_submission_and_no_patient() -> None:
    ranking = rank_results([results("m", counted("A", found=30, cancers=40, cleared=30, healthy=40))], replicates=20)
    faults = (
        FaultLine(what="patient P7 is both with and without cancer", where="model x, A, case P7-1"),
        FaultLine(what="the patient has 2 index scans", where="model x, A, patient P7"),
    )
    shown = publishable(replace(ranking, refused=faults), minimum=MINIMUM).refused
    assert shown == (FaultLine(what="results that cannot be counted", where="model x"),)
