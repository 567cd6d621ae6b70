"""What a run's audit makes of its evaluation: a mark, a line in the log, a message to the organisers."""

from __future__ import annotations

import logging

from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from evaluator.records import Audit
from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import organisers
from leaderboard.audit.services import record
from leaderboard.evaluations.models import CohortResult, Evaluation, Run
from leaderboard.evaluations.selectors import read_audit
from leaderboard.lib.errors import Refusal

logger = logging.getLogger(__name__)

State = Evaluation.Audit


def run_audited(run: Run, result: CohortResult) -> None:
    """Look at what the audit of a kept cohort result found. The worst of an evaluation's runs is its own."""
    audit = read_audit(result)
    found = says(audit)
    if audit is None or found == State.NONE_YET:
        return
    evaluations = Evaluation.objects.select_for_update(of=("self",)).select_related("submission__team")
    evaluation = evaluations.get(pk=run.evaluation_id)
    worst = max(State(evaluation.audit), found, key=list(State).index)
    alarm = found in Evaluation.ALARMS
    if worst != evaluation.audit or alarm:
        evaluation.audited_at = timezone.now()
    evaluation.audit = worst
    if alarm:
        evaluation.audit_acknowledged_at = evaluation.audit_acknowledged_by = None
        raise_alarm(run, evaluation, audit)
    evaluation.save(update_fields=["audit", "audited_at", "audit_acknowledged_at", "audit_acknowledged_by"])


def says(audit: Audit | None) -> State:
    if audit is None:
        return State.NONE_YET
    if audit.differs:
        return State.DIFFERS
    if audit.broke_down:
        return State.BROKE_DOWN
    return State.AGREES if audit.agrees else State.NONE_YET


def raise_alarm(run: Run, evaluation: Evaluation, audit: Audit) -> None:
    """The message names no case: mail leaves the house, and the operations page has the numbers."""
    found = findings(audit)
    logger.error("run %s: audit of evaluation %s: %s", run.pk, evaluation.pk, found)
    submission = evaluation.submission
    text = (
        f"“{submission.model}” of {submission.team} at {run.hospital}: cases drawn at random were scored again with "
        f"another program, and {found}.\n\n"
        "Where numbers differ, the evaluation is marked: its team and its report card say that you check its scores, "
        f"and no more. All numbers are under Operations, {reverse('evaluations:operations')}; acknowledge the alarm "
        "there.\n"
    )
    to = list(organisers().values_list("email", flat=True))

    def tell() -> None:
        send_mail("Audit: scores that another program does not find", text, None, to)

    if to:
        # Robust: a mail server that is down is logged, and takes nothing from the result that has just been kept.
        transaction.on_commit(tell, robust=True)


def findings(audit: Audit) -> str:
    numbers = sum(len(case.differences) for case in audit.cases)
    broken = sum(bool(case.error) for case in audit.cases)
    said = []
    if numbers:
        compared = sum(case.compared for case in audit.cases)
        said.append(f"{numbers} of {compared} numbers differ by more than {audit.tolerance:g}")
    if broken:
        said.append(f"the audit of {broken} of {len(audit.cases)} cases broke down")
    return " and ".join(said)


@transaction.atomic
def audit_acknowledge(*, evaluation: Evaluation, by: User) -> Evaluation:
    """An organiser has seen the alarm. The mark stays: the numbers are what they are.

    Raises
    ------
    Refusal
        There is no alarm, or somebody was faster.
    """
    alarms = Evaluation.objects.filter(
        pk=evaluation.pk, audit__in=Evaluation.ALARMS, audit_acknowledged_at__isnull=True
    )
    if not alarms.update(audit_acknowledged_at=timezone.now(), audit_acknowledged_by=by):
        raise Refusal(
            "There is nothing to acknowledge.", why="The audit raised no alarm, or it is acknowledged already."
        )
    logger.info("evaluation %s: alarm of its audit acknowledged by user %s", evaluation.pk, by.pk)
    record("evaluation.alarm-acknowledged", f"evaluation {evaluation.pk}", by=by.pk)
    evaluation.refresh_from_db()
    return evaluation
