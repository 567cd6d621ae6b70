"""Places on which models agree, each counted by hand: findings on a line, distances in whole millimetres."""

from __future__ import annotations

from typing import Any

import pytest

from evaluator.errors import FailureClass
from evaluator.records import CaseRecord, CaseResult, Finding, Lesion, TruthSource
from evaluator.statistics.suspects import Suspect, Voice, find_suspects

CASE = CaseRecord(case="one", patient="one", cancer=True, index_scan=True, reference=TruthSource.MASK)


def finding(at: float, *, id: int = 1, confidence: float = 0.9, **given: Any) -> Finding:  # noqa: A002
    return Finding(id=id, confidence=confidence, volume_ml=given.pop("ml", 1.0), centre_mm=(at, 0.0, 0.0), **given)


def lesion(at: float, *, diameter: float) -> Lesion:
    return Lesion(id=1, diameter_mm=diameter, volume_ml=1.0, centre_mm=(at, 0.0, 0.0))


def voice(team: str, *findings: Finding, threshold: float = 0.5, **given: Any) -> Voice:
    answer: dict[str, Any] = {"likelihood": 0.9, "likelihood_source": "findings"} | given
    result = CaseResult(case=CASE, findings=findings, **answer)
    return Voice(model=f"model of {team}", team=team, threshold=threshold, result=result)


def teams(suspects: tuple[Suspect, ...]) -> list[list[str]]:
    return [[mark.team for mark in suspect.marks] for suspect in suspects]


def test_two_teams_within_the_distance_agree() -> None:
    [suspect] = find_suspects([voice("a", finding(0, ml=1.0)), voice("b", finding(10, ml=3.0))])
    assert [mark.team for mark in suspect.marks] == ["a", "b"]
    assert suspect.centre_mm == (5.0, 0.0, 0.0)
    assert suspect.volume_ml == 2.0


def test_beyond_it_they_do_not() -> None:
    assert find_suspects([voice("a", finding(0)), voice("b", finding(10.001))]) == ()


def test_a_team_agrees_with_nobody_by_itself() -> None:
    assert find_suspects([voice("a", finding(0)), voice("a", finding(1))]) == ()
    assert find_suspects([voice("a", finding(0, id=1), finding(1, id=2))]) == ()


def test_findings_that_hit_a_lesion_or_lie_on_one_count_for_nothing() -> None:
    # A lesion of 20 mm ends at 10; what lies up to 10 mm further is left over of it.
    one = [lesion(0, diameter=20)]
    hits = [voice(team, finding(0, lesion=1), lesions=one) for team in "ab"]
    left_over = [voice(team, finding(20), lesions=one) for team in "ab"]
    beyond = [voice(team, finding(20.5), lesions=one) for team in "ab"]
    assert find_suspects(hits) == ()
    assert find_suspects(left_over) == ()
    assert teams(find_suspects(beyond)) == [["a", "b"]]


def test_a_lesion_is_as_long_as_its_longest_diameter() -> None:
    tall = Lesion(id=1, diameter_mm=4, diameter_3d_mm=40, volume_ml=1.0, centre_mm=(0.0, 0.0, 0.0))
    assert find_suspects([voice(team, finding(30), lesions=[tall]) for team in "ab"]) == ()


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ({"likelihood": 0.9, "likelihood_source": "findings"}, False),  # the finding lies below the operating point
        ({"likelihood": 0.9, "likelihood_source": "map"}, False),
        ({"likelihood": 0.9, "likelihood_source": "prediction"}, True),  # all findings of a flagged patient stay
        ({"likelihood": 0.4, "likelihood_source": "prediction"}, False),  # not flagged
        ({"likelihood": 0.9, "likelihood_source": "mask"}, True),
        ({"likelihood": None, "likelihood_source": None, "failure": FailureClass.EXIT_CODE}, False),
    ],
)
def test_a_finding_takes_part_as_it_does_in_rates(given: dict[str, Any], counts: bool) -> None:
    below = voice("a", finding(0, confidence=0.5), threshold=0.5, **given)
    assert bool(find_suspects([below, voice("b", finding(0))])) is counts


def test_every_team_has_one_vote_with_its_nearest_finding() -> None:
    near, nearer = finding(6, id=1), finding(2, id=2)
    [suspect] = find_suspects([voice("a", finding(0)), voice("b", near, nearer)])
    assert [mark.finding.id for mark in suspect.marks] == [1, 2]
    assert suspect.centre_mm == (1.0, 0.0, 0.0)


def test_the_place_of_most_teams_comes_first_and_uses_its_findings_up() -> None:
    # c at 8 reaches a at 0 and b at 16; d at 100 agrees with a's second finding there.
    found = find_suspects(
        [
            voice("a", finding(0, id=1), finding(103, id=2)),
            voice("b", finding(16)),
            voice("c", finding(8)),
            voice("d", finding(100)),
        ]
    )
    assert teams(found) == [["a", "b", "c"], ["a", "d"]]
    assert [suspect.centre_mm[0] for suspect in found] == [8.0, 101.5]


def test_no_chain_grows_across_an_organ() -> None:
    # Each is 9 mm from the next: whichever is the middle, its group ends 9 mm to either side.
    found = find_suspects([voice(team, finding(9 * place)) for place, team in enumerate("abcd")])
    assert teams(found) == [["a", "b", "c"]]


def test_of_equal_groups_the_closest_comes_first() -> None:
    found = find_suspects([voice("a", finding(0), finding(50, id=2)), voice("b", finding(8), finding(51, id=2))])
    assert [suspect.centre_mm[0] for suspect in found] == [50.5, 4.0]


def test_more_teams_can_be_asked_for() -> None:
    voices = [voice("a", finding(0)), voice("b", finding(1))]
    assert find_suspects(voices, least_teams=3) == ()
    assert find_suspects([]) == ()
