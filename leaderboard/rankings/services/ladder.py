"""What may be shown before the final: teams and verified organisations climb the Ladder, each submission once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.db.models import Max

from evaluator.errors import EvaluatorError
from evaluator.ranking import PanelLosses, panel_losses
from evaluator.statistics.ladder import VERSION, Ladder, climb
from leaderboard.accounts.models import Team
from leaderboard.accounts.selectors import standing_together
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
    """With the other teams of its organisation, which together would ask as often as there are of them.

    Under a lock, so that two workers do not compute a rung of two Ladders.
    """
    teams = list(standing_together(team).select_for_update().order_by("pk"))
    benchmark.refresh_from_db()
    if not benchmark.is_on_ladder:
        return []
    return [rung for evaluation in due(benchmark, teams) if (rung := climbed(benchmark, teams, evaluation))]


def due(benchmark: Benchmark, teams: Sequence[Team]) -> Iterator[Evaluation]:
    """Done and not computed yet; what was handed in after one that is still under way waits for it."""
    rows = Submission.objects.filter(benchmark=benchmark, team__in=teams, public=True).order_by("created", "pk")
    for submission in rows.select_related("benchmark", "evaluation__rung"):
        evaluation = getattr(submission, "evaluation", None)
        if submission.state in Submission.GONE:
            continue
        if evaluation is None or evaluation.state in (State.QUEUED, State.RUNNING) or not evaluation.is_told:
            return
        if evaluation.state == State.DONE and not hasattr(evaluation, "rung"):
            yield evaluation


def climbed(benchmark: Benchmark, teams: Sequence[Team], evaluation: Evaluation) -> Rung | None:
    """The rung of one evaluation; None where its results cannot be used, which is said in the log of the program."""
    try:
        found = losses_of(benchmark, evaluation)
    except EvaluatorError as error:
        logger.warning("evaluation %s is not on the Ladder: %s", evaluation.pk, error)
        return None
    if found is None or found.trained_here:
        return None
    patients = test_set(evaluation)
    before = Rung.objects.filter(benchmark=benchmark, team__in=teams)
    # The lowest is also the last, but where teams that had climbed alone were found to be of one organisation.
    best = before.filter(test_set=patients, released=True).order_by("-loss", "pk").last()
    step = climb(standing(benchmark, best), found.losses)
    rung = Rung(
        benchmark=benchmark,
        team_id=evaluation.submission.team_id,
        evaluation=evaluation,
        number=(before.aggregate(last=Max("number"))["last"] or 0) + 1,
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
    """Where a climber stands: the best it was shown, with its losses, counted again from the cohort results."""
    found = losses_of(benchmark, best.evaluation) if best else None
    if best is None or found is None:
        return Ladder()
    return Ladder(shown=best.loss, losses=found.losses)


def test_set(evaluation: Evaluation) -> str:
    """Digest of the cohorts, as they were frozen."""
    held_out = CohortResult.objects.filter(run__evaluation=evaluation, run__calibrates=False, run__sealed=False)
    return json_digest(sorted(held_out.values_list("run__cohort__fingerprint", flat=True)))
