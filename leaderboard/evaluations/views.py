"""One submission and its runs, as they stand; and the organisers' operations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import is_organiser, require_organiser
from leaderboard.audit.services import seen
from leaderboard.evaluations.models import Run
from leaderboard.evaluations.selectors import Progress, alike, audit_alarms, get_run_for, operations, progress_of
from leaderboard.evaluations.services import audit_acknowledge, evaluation_cancel, logs_read, run_cancel, run_requeue
from leaderboard.hospitals.models import Hospital
from leaderboard.hospitals.selectors import machines, open_alerts
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Submission
from leaderboard.submissions.selectors import get_submission_for, twins


@login_required
@require_safe
def submission(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = get_submission_for(request.user, pk)
    seen(f"submission {found.pk}", by=cast("User", request.user).pk)
    return render(
        request, "evaluations/submission.html", {"submission": found, "progress": progress_for(request, found)}
    )


@login_required
@never_cache
@require_safe
def state(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part of the page that changes; the page asks for it every few seconds while something is open."""
    found = get_submission_for(request.user, pk)
    seen(f"submission {found.pk}", by=cast("User", request.user).pk)
    return render(request, "evaluations/state.html", {"submission": found, "progress": progress_for(request, found)})


def progress_for(request: HttpRequest, found: Submission) -> Progress:
    return progress_of(found, everything=is_organiser(request.user))


@login_required
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = get_submission_for(request.user, pk)
    try:
        evaluation_cancel(evaluation=found.evaluation, by=cast("User", request.user))
    except ObjectDoesNotExist:
        messages.error(request, "Nothing of it runs yet. Withdraw the submission to stop its check.")
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, "Cancelled. What runs is asked to stop; a run that ends before it hears of that counts as done."
        )
    return redirect("evaluations:submission", pk)


@login_required
@require_safe
def operations_page(request: HttpRequest) -> HttpResponse:
    require_organiser(request.user)
    seen("operations", by=cast("User", request.user).pk)
    context = {
        "operations": operations(),
        "acknowledged": audit_alarms(acknowledged=True),
        "hospitals": Hospital.objects.all(),
        "machines": machines(silent_after=timedelta(seconds=settings.HOSPITAL_LEASE_SECONDS)),
        "alerts": open_alerts(),
        "twins": twins(),
        "alike": alike(),
    }
    return render(request, "evaluations/operations.html", context)


@login_required
@never_cache
@require_safe
def operations_state(request: HttpRequest) -> HttpResponse:
    require_organiser(request.user)
    seen("operations", by=cast("User", request.user).pk)
    return render(request, "evaluations/operations_state.html", {"operations": operations()})


@login_required
@require_POST
def acknowledge_audit(request: HttpRequest, pk: UUID) -> HttpResponse:
    require_organiser(request.user)
    found = get_submission_for(request.user, pk)
    try:
        audit_acknowledge(evaluation=found.evaluation, by=cast("User", request.user))
    except ObjectDoesNotExist:
        messages.error(request, "There is no evaluation of it.")
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The alarm on “{found.model}” is acknowledged.")
    return redirect("evaluations:operations")


@login_required
@require_POST
def cancel_run(request: HttpRequest, pk: int) -> HttpResponse:
    return act_on_run(request, pk, run_cancel, "is asked to stop")


@login_required
@require_POST
def requeue_run(request: HttpRequest, pk: int) -> HttpResponse:
    require_organiser(request.user)
    return act_on_run(request, pk, run_requeue, "stands in line again")


@login_required
@never_cache
@require_safe
def logs(request: HttpRequest, pk: int) -> HttpResponse:
    require_organiser(request.user)
    run = get_run_for(request.user, pk)
    found = logs_read(run=run, by=cast("User", request.user))
    return render(request, "evaluations/logs.html", {"run": run, "logs": found, "days": settings.LOG_DAYS})


def may_tell(run: Run) -> bool:
    return run.evaluation.submission.benchmark.final_at is not None if run.sealed else run.evaluation.is_told


def act_on_run(request: HttpRequest, pk: int, act: Callable[..., Run], done: str) -> HttpResponse:
    run = get_run_for(request.user, pk)
    if not is_organiser(request.user) and not may_tell(run):
        # An answer would say whether it has ended.
        messages.error(request, "A single run cannot be cancelled here before it is told of. Cancel all of them.")
        return redirect("evaluations:submission", run.evaluation.submission_id)
    try:
        act(run=run, by=cast("User", request.user))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The run of “{run.evaluation.submission.model}” at {run.hospital} {done}.")
    if is_organiser(request.user):
        return redirect("evaluations:operations")
    return redirect("evaluations:submission", run.evaluation.submission_id)
