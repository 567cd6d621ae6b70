"""The line of runs: where one takes its place, whose turn it is, and the bell that tells somebody to look."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from leaderboard.evaluations.models import Permission, Run
from leaderboard.hospitals.models import Hospital
from leaderboard.lib import bell
from leaderboard.lib.leases import next_ring

EXECUTE = "evaluations.execute"
ORDERS = "evaluations.orders"
LATELY = timedelta(days=1)
State = Run.State
APPROVAL = "The hospital's data steward has to approve it."


def take_place(run: Run) -> None:
    """Give a run its place in line, unsaved: held-out patients come after the calibration patients."""
    run.reason = ""
    if not run.calibrates and run.evaluation.operating_point is None:
        run.state = State.CALIBRATION
    elif not run.hospital.active:
        run.state = State.WAITING
    elif run.hospital.approves and not is_approved(run):
        run.state, run.reason = State.WAITING, APPROVAL
    else:
        run.state = State.QUEUED


def is_approved(run: Run) -> bool:
    submission = run.evaluation.submission_id
    return Permission.objects.filter(hospital=run.hospital_id, submission=submission, granted=True).exists()


def is_refused(run: Run) -> bool:
    submission = run.evaluation.submission_id
    return Permission.objects.filter(hospital=run.hospital_id, submission=submission, granted=False).exists()


def may_run() -> Q:
    """Of runs: their submission was not refused by the hospital, and approved where every one must be."""
    of_it = Permission.objects.filter(hospital=OuterRef("hospital"), submission=OuterRef("evaluation__submission"))
    approved = Q(hospital__approves=False) | Exists(of_it.filter(granted=True))
    return approved & ~Q(Exists(of_it.filter(granted=False)))


def line_update(hospital: Hospital) -> None:
    """Who stands in the hospital's line moves or waits, as the hospital is on or off and approves. In a transaction."""
    line = Run.objects.filter(hospital=hospital, order_token__isnull=True).order_by()
    changes = {"state_since": timezone.now(), "ring_at": next_ring()}
    if not hospital.active:
        line.filter(state=State.QUEUED).update(state=State.WAITING, reason="", **changes)
        return
    free = set(line.filter(may_run(), state__in=(State.QUEUED, State.WAITING)).values_list("pk", flat=True))
    line.filter(state=State.QUEUED).exclude(pk__in=free).update(state=State.WAITING, reason=APPROVAL, **changes)
    moved = list(line.filter(state=State.WAITING, pk__in=free).values_list("pk", flat=True))
    line.filter(pk__in=moved).update(state=State.QUEUED, reason="", **changes)
    for pk in moved:
        ring_hospital(hospital, pk)


def ring(run: Run) -> None:
    if run.state == State.QUEUED:
        ring_hospital(run.hospital, run.pk)


def ring_hospital(hospital: Hospital, run_pk: int) -> None:
    """A worker of the platform looks at the hospital's line; or the platform sends orders to the hospital's own."""
    if hospital.is_remote:
        bell.ring(ORDERS, hospital.pk)
    else:
        bell.ring(EXECUTE, run_pk, queue=hospital.queue)


def in_line(hospital_id: int) -> QuerySet[Run]:
    """Who may begin at a hospital now, the next one first.

    Priority decides; then the team that has the fewest runs there now, and the fewest begun in the last day, so that
    one team's many submissions do not make the others wait; then who came first.
    """
    now = timezone.now()
    due = Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=now)
    team = "evaluation__submission__team"
    here = Run.objects.filter(hospital=hospital_id).order_by()
    now_there = here.filter(Q(state__in=Run.HELD) | Q(order_token__isnull=False))
    lately = here.filter(started__gte=now - LATELY)
    order: list[Case | str] = ["-evaluation__submission__priority"]
    order += [weight(counts, team) for counts in (busy(now_there, team), busy(lately, team)) if counts]
    line = Run.objects.filter(due, may_run(), hospital=hospital_id, state=State.QUEUED)
    return line.order_by(*order, "created", "pk")


def busy(runs: QuerySet[Run], team: str) -> dict[int, int]:
    return dict(runs.values_list(team).annotate(Count("pk")))


def weight(counts: dict[int, int], team: str) -> Case:
    whens = [When(**{team: pk}, then=Value(count)) for pk, count in counts.items()]
    return Case(*whens, default=Value(0), output_field=IntegerField())
