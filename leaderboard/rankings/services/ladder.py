"""What may be shown before the final: each team climbs the Ladder, in the order of its submissions."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.db import transaction

from evaluator.errors import EvaluatorError
from evaluator.ranking import PanelLosses, panel_losses
from evaluator.statistics.ladder import VERSION, Ladder, climb
from leaderboard.accounts.models import Team
from leaderboard.audit.services import record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult, Evaluation
from leaderboard.evaluations.selectors import results_of
from leaderboard.lib.files import json_digest
from leaderboard.rankings.models import Rung
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)

State = Evaluation.State


def ladder_climb(*, benchmark: Benchmark) -> list[Rung]:
    """Compute what is due, each once; the rungs that are new."""
    teams = Team.objects.filter(submissions__benchmark=benchmark).distinct().order_by("pk")
    return [rung for team in teams for rung in team_climb(benchmark=benchmark, team=team)]


@transaction.atomic
def team_climb(*, benchmark: Benchmark, team: Team) -> list[Rung]:
    """Under a lock, so that two workers do not compute a rung of two Ladders."""
    Team.objects.select_for_update().get(pk=team.pk)
    benchmark.refresh_from_db()
    if not benchmark.is_on_ladder:
        return []
    return [rung for evaluation in due(benchmark, team) if (rung := climbed(benchmark, team, evaluation))]


def due(benchmark: Benchmark, team: Team) -> Iterator[Evaluation]:
    """Done and not computed yet; what was handed in after one that is still under way waits for it."""
    rows = Submission.objects.filter(benchmark=benchmark, team=team, public=True).order_by("created", "pk")
    for submission in rows.select_related("benchmark", "evaluation__rung"):
        evaluation = getattr(submission, "evaluation", None)
        if submission.state in (Submission.State.REFUSED, Submission.State.WITHDRAWN):
            continue
        if evaluation is None or evaluation.state in (State.QUEUED, State.RUNNING) or not evaluation.is_told:
            return
        if evaluation.state == State.DONE and not hasattr(evaluation, "rung"):
            yield evaluation


def climbed(benchmark: Benchmark, team: Team, evaluation: Evaluation) -> Rung | None:
    """The rung of one evaluation; None where its results cannot be used, which is said in the log of the program."""
    try:
        found = losses_of(benchmark, evaluation)
    except EvaluatorError as error:
        logger.warning("evaluation %s is not on the Ladder: %s", evaluation.pk, error)
        return None
    if found is None or found.trained_here:
        return None
    patients = test_set(evaluation)
    before = Rung.objects.filter(benchmark=benchmark, team=team)
    step = climb(standing(benchmark, before.filter(test_set=patients, released=True).last()), found.losses)
    last = before.last()
    rung = Rung(
        benchmark=benchmark,
        team=team,
        evaluation=evaluation,
        number=last.number + 1 if last else 1,
        test_set=patients,
        released=step.accepted,
        loss=step.shown,
        step=step.step,
        patients=step.cases,
        hospitals=len(found.hospitals),
        version=VERSION,
    )
    rung.full_clean()
    rung.save()
    record("ladder.climbed", f"submission {evaluation.submission_id}", released=rung.released, loss=rung.loss)
    return rung


def losses_of(benchmark: Benchmark, evaluation: Evaluation) -> PanelLosses | None:
    results = results_of(evaluation)
    return panel_losses([results], panel_minimum=benchmark.panel_minimum) if results else None


def standing(benchmark: Benchmark, best: Rung | None) -> Ladder:
    """Where a team stands: what it was shown last, and the losses behind it, counted again from the cohort results."""
    found = losses_of(benchmark, best.evaluation) if best else None
    if best is None or found is None:
        return Ladder()
    return Ladder(shown=best.loss, losses=found.losses)


def test_set(evaluation: Evaluation) -> str:
    """Digest of the cohorts, as they were frozen."""
    held_out = CohortResult.objects.filter(run__evaluation=evaluation, run__calibrates=False, run__sealed=False)
    return json_digest(sorted(held_out.values_list("run__cohort__fingerprint", flat=True)))
