from __future__ import annotations

import pytest

from evaluator.statistics.goals import Verdict
from leaderboard.awards.models import Criterion
from leaderboard.awards.selectors import candidates
from leaderboard.benchmarks.models import Benchmark
from leaderboard.rankings.models import Entry
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.core]


def set_counts(sensitivity: list[int], specificity: list[int], small: list[int]) -> None:
    counts = {
        "sensitivity": {"all": {"A": sensitivity}, "le20": {"A": small}},
        "specificity": {"all": {"A": specificity}},
    }
    Entry.objects.filter(evaluation__submission__model="Careful").update(counts=counts)


def test_eight_patients_are_too_few_for_every_criterion_but_the_badge(ranked: Benchmark) -> None:
    found = candidates(benchmark=ranked)
    assert [(one.metric, one.goal, one.badge) for one in found.criteria] == [
        ("sensitivity", 0.92, False),
        ("specificity", 0.96, False),
        ("sensitivity", 0.44, True),
    ]
    verdicts = {row.submission.model: row.verdict for row in found.rows}
    # Of 8 patients Blind finds 2, and Wolf clears 2: surely below the goals, and more of them would not help.
    assert verdicts == {"Careful": Verdict.TOO_FEW, "Blind": Verdict.DOES_NOT, "Wolf": Verdict.DOES_NOT}
    careful = next(row for row in found.rows if row.submission.model == "Careful")
    assert [one.verdict.needed for one in careful.judgements] == [45, 91, 5]


def test_both_criteria_must_be_exceeded_and_the_badge_decides_nothing(ranked: Benchmark) -> None:
    set_counts([240, 242], [322, 323], [0, 100])
    first = candidates(benchmark=ranked).rows[0]
    assert first.submission.model == "Careful"
    assert first.verdict is Verdict.EXCEEDS
    assert first.judgements[2].verdict.verdict is Verdict.DOES_NOT
    set_counts([240, 242], [310, 323], [90, 100])
    careful = next(row for row in candidates(benchmark=ranked).rows if row.submission.model == "Careful")
    assert careful.verdict is Verdict.DOES_NOT


def test_without_a_ranking_there_are_criteria_and_no_candidates() -> None:
    benchmark = factories.make_benchmark(hospitals=1)
    found = candidates(benchmark=benchmark)
    assert (found.snapshot, found.rows) == (None, [])
    assert len(found.criteria) == Criterion.objects.count() == 3
