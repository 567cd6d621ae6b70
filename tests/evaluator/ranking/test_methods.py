"""The methods of challengeR, against an R session and the cases its own documentation gives."""

from collections.abc import Mapping

import numpy as np
import pytest

from evaluator.errors import UsageError
from evaluator.ranking.admission import Admission
from evaluator.ranking.methods import METHODS, MethodRanking, rank_by_method
from evaluator.ranking.panel import Cell, Panel

# tests/oracles/challenge_methods.R
VALUES = {
    "a": (0.91, 0.84, 0.77, 0.95, 0.60, 0.88, 0.71, 0.93, 0.82),
    "b": (0.85, 0.84, 0.70, 0.90, 0.65, 0.80, 0.71, 0.90, 0.80),
    "c": (0.60, 0.72, 0.77, 0.70, 0.55, 0.81, 0.60, 0.75, 0.70),
    "d": (0.60, 0.72, 0.70, 0.40, 0.55, 0.20, 0.60, 0.75, 0.99),
}
PAIRS = ["ab", "ac", "ad", "ba", "bc", "bd", "ca", "cb", "cd", "da", "db", "dc"]
P = (0.054159690365002, 0.00707370194301077, 0.0220054920064757, 0.962036518508721, 0.012195120716527,
     0.0400289599922174, 0.995252516628051, 0.991091405620211, 0.180655214263089, 0.98351530937789,
     0.970646295784398, 0.899378689521138)  # fmt: skip
HOLM = (0.433277522920016, 0.0848844233161292, 0.220054920064757, 1, 0.134146327881797, 0.360260639929956,
        1, 1, 1, 1, 1, 1)  # fmt: skip


def admission(values: Mapping[str, tuple[float, ...]], *, hospitals: int = 3, sign: float = 1.0) -> Admission:
    answers = sign * np.array(list(values.values())).T
    parts = np.array_split(answers, min(hospitals, len(answers)))
    cells = tuple(Cell(hospital=f"H{h}", group="patients", weight=1.0, answers=part) for h, part in enumerate(parts))
    panel = Panel(
        models=tuple(values),
        hospitals=tuple(cell.hospital for cell in cells),
        cells=cells,
        offset=0.0,
        pooled_weights={"patients": 1.0},
        cases={},
        statistic="",
    )
    return Admission(panel=panel)


def ranked(values: Mapping[str, tuple[float, ...]], method: str) -> MethodRanking:
    return rank_by_method(admission(values), method=method)


@pytest.mark.parametrize(
    ("method", "scores", "places"),
    [
        ("mean", (0.823333333333333, 0.794444444444444, 0.688888888888889, 0.612222222222222), (1, 2, 3, 4)),
        ("median", (0.84, 0.8, 0.7, 0.6), (1, 2, 3, 4)),
        ("rank-then-mean", (1.22222222222222, 2, 2.77777777777778, 3), (1, 2, 3, 4)),
        ("rank-then-median", (1, 2, 3, 3), (1, 2, 3, 3)),
        ("test", (0.666666666666667, 0.666666666666667, 0, 0), (1, 1, 3, 3)),
        ("test-holm", (0, 0, 0, 0), (1, 1, 1, 1)),
    ],
)
def test_scores_and_ranks_are_those_of_the_r_session(method: str, scores: object, places: object) -> None:
    found = ranked(VALUES, method)
    assert [one.model for one in found.models] == ["a", "b", "c", "d"]
    assert tuple(one.score for one in found.models) == pytest.approx(scores)
    assert tuple(one.rank for one in found.models) == places


def test_the_p_values_are_rs_wilcox_test() -> None:
    found = ranked(VALUES, "test-holm").pairs
    assert [pair.a + pair.b for pair in found] == PAIRS
    assert [pair.p for pair in found] == pytest.approx(P)
    assert [pair.p_adjusted for pair in found] == pytest.approx(HOLM)


def test_test_then_rank_gives_what_challenger_documents() -> None:
    """Four cases of 0.2 against 1.0 are significant; two of 0.6 against 0.8 are not, and equals share rank 1."""
    four = ranked({"A1": (0.2,) * 4, "A2": (1.0,) * 4}, "test")
    assert [(one.model, one.score, one.rank) for one in four.models] == [("A2", 1, 1), ("A1", 0, 2)]
    two = ranked({"A1": (0.6, 0.6), "A2": (0.8, 0.8)}, "test")
    assert [(one.model, one.score, one.rank) for one in two.models] == [("A1", 0, 1), ("A2", 0, 1)]


def test_equal_models_share_the_better_rank_whatever_the_method() -> None:
    for method in METHODS[1:]:
        assert [one.rank for one in ranked({"a": (0.5, 0.7), "b": (0.5, 0.7)}, method).models] == [1, 1]


def test_low_values_can_be_the_good_ones() -> None:
    found = rank_by_method(admission(VALUES, sign=-1), method="mean", lower_is_better=True)
    assert [one.model for one in found.models] == ["d", "c", "b", "a"]
    assert found.models[-1].score == pytest.approx(0.823333333333333)


def test_the_transfer_rank_stands_beside_it() -> None:
    """Pooled, "big" wins through its 8 patients at the large hospital; over hospitals "even" does."""
    values = {"big": (1.0,) * 8 + (0.0, 0.0), "even": (0.6,) * 10}
    cells = tuple(
        Cell(hospital=h, group="patients", weight=1.0, answers=np.array([values["big"][s], values["even"][s]]).T)
        for h, s in (("A", slice(0, 8)), ("B", slice(8, 10)))
    )
    panel = Panel(
        models=("big", "even"),
        hospitals=("A", "B"),
        cells=cells,
        offset=0.0,
        pooled_weights={"patients": 1.0},
        cases={},
        statistic="",
    )
    found = rank_by_method(Admission(panel=panel), method="mean")
    assert [(one.model, one.rank, one.transfer_rank) for one in found.models] == [("big", 1, 2), ("even", 2, 1)]
    assert found.kendall_tau == -1
    assert any("comparison only" in note for note in found.notes)


def test_one_model_and_none_are_sentences() -> None:
    alone = ranked({"a": (0.5, 0.6)}, "test")
    assert [(one.score, one.rank) for one in alone.models] == [(0, 1)]
    assert any("Only one model" in note for note in alone.notes)
    nobody = rank_by_method(Admission(panel=admission(VALUES).panel.only([])), method="mean")
    assert nobody.models == ()
    assert any("No model can be ranked" in note for note in nobody.notes)


def test_another_method_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="no method 'best'"):
        ranked(VALUES, "best")
