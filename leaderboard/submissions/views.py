"""Handing in, the team's list, and taking back. The page of one submission is the evaluations': it shows its runs."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leaderboard.accounts.limits import limited
from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import teams_of
from leaderboard.benchmarks.selectors import main_benchmark
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.forms import SubmissionForm
from leaderboard.submissions.selectors import get_submission_for, quota, submissions_for
from leaderboard.submissions.services import submission_create, submission_withdraw

PAGE = "evaluations:submission"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited("upload")
def submit(request: HttpRequest) -> HttpResponse:
    """The form. A refused one comes back with every entry kept but the file, which browsers do not refill."""
    user = cast("User", request.user)
    form = SubmissionForm(request.POST or None, request.FILES or None, user=user)
    refusal: Refusal | None = None
    if request.method == "POST" and form.is_valid():
        try:
            submission = submission_create(**form.cleaned_data, by=user)
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, f"“{submission.model}” was taken in. This page shows how far it is.")
            if request.headers.get("X-Requested-With") == "XMLHttpRequest":
                # A script would follow a redirect unseen, and use up the message before the person's page is there.
                return HttpResponse(status=201, headers={"Location": reverse(PAGE, args=[submission.pk])})
            return redirect(PAGE, submission.pk)
    benchmark = main_benchmark()
    quotas = [(team, quota(team=team, benchmark=benchmark)) for team in teams_of(user)] if benchmark else []
    context = {"form": form, "refusal": refusal, "benchmark": benchmark, "quotas": quotas}
    status = 422 if request.method == "POST" else 200
    return render(request, "submissions/submit.html", context, status=status)


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    submissions = submissions_for(request.user).prefetch_related("evaluation__runs__hospital")
    context = {"submissions": submissions, "has_team": teams_of(request.user).exists()}
    return render(request, "submissions/list.html", context)


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = get_submission_for(request.user, pk)
    try:
        submission_withdraw(submission=submission, by=cast("User", request.user))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"“{submission.model}” is withdrawn. Rankings published before keep their entry.")
    return redirect(PAGE, pk)
