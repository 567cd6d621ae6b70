"""The numbers of a submission that is not public: for its team and organisers, by the rules that hold for everybody.

What may not be told before the final is not told here either: nothing at all on a Ladder, and no stratum where strata
are kept.
"""

from __future__ import annotations

from django.core.cache import caches

from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation
from leaderboard.lib import bell
from leaderboard.lib.errors import Refusal
from leaderboard.lib.files import json_digest
from leaderboard.rankings.models import EvaluationNumbers
from leaderboard.rankings.services.make import inputs_of
from leaderboard.rankings.services.numbers import numbers_of, rules_of
from leaderboard.submissions.models import Submission

TASK = "rankings.private_numbers"
AGAIN = 60  # seconds until a page that waits rings once more


def require_told(evaluation: Evaluation) -> None:
    """Whether anything may be told of it now.

    Raises
    ------
    Refusal
        It was not accepted, is not done, not told yet, or on a Ladder before its final.
    """
    submission, benchmark = evaluation.submission, evaluation.submission.benchmark
    if benchmark.is_on_ladder:
        raise Refusal(
            "Before the final nothing is told of a private submission.",
            why="On the Ladder every number is one that it released, and it releases none of a private one.",
            next_step="Its report card comes when the final is opened.",
        )
    if submission.state != Submission.State.ACCEPTED:
        raise Refusal("There is no report card of it.", why=f"It is {submission.get_state_display()}.")
    if evaluation.state != Evaluation.State.DONE or not evaluation.is_told:
        raise Refusal(
            "Its report card is not there yet.",
            why="It has not run at every hospital, or this is told at a published time that is still to come.",
            next_step="See how far it is on the page of the submission.",
        )


def private_numbers(*, evaluation: Evaluation) -> EvaluationNumbers | None:
    """As they follow from the rules of today; None while a worker still counts them, who is told to.

    Raises
    ------
    Refusal
        Nothing may be told.
    """
    require_told(evaluation)
    benchmark = evaluation.submission.benchmark
    known = EvaluationNumbers.objects.filter(key=key_of(benchmark, evaluation)).first()
    if known is None and caches["pages"].add(f"{TASK}-{evaluation.pk}", 1, timeout=AGAIN):
        bell.ring(TASK, evaluation.pk)
    return known


def key_of(benchmark: Benchmark, evaluation: Evaluation) -> str:
    """As `numbers_of` names them."""
    (given,) = inputs_of(benchmark, [evaluation])["submissions"]
    return json_digest({"rules": rules_of(benchmark), "submission": given})


def private_numbers_make(*, pk: int) -> EvaluationNumbers | None:
    """Count them, once; None where nothing may be told by now."""
    evaluation = Evaluation.objects.select_related("submission__benchmark").filter(pk=pk).first()
    if evaluation is None:
        return None
    try:
        require_told(evaluation)
    except Refusal:
        return None
    benchmark = evaluation.submission.benchmark
    (given,) = inputs_of(benchmark, [evaluation])["submissions"]
    return numbers_of(benchmark, evaluation, given=given)
