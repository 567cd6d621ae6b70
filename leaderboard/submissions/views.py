"""Handing in, the team's list, and taking back. The page of one submission is the evaluations': it shows its runs."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leaderboard.accounts.limits import limited
from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import is_member, teams_of
from leaderboard.audit.services import seen
from leaderboard.benchmarks.selectors import get_benchmark_for, main_benchmark
from leaderboard.lib.bodies import body_up_to
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.forms import StatementsForm, SubmissionForm, VersionForm
from leaderboard.submissions.selectors import get_submission_for, quota, submissions_for
from leaderboard.submissions.services import (
    starter_kit,
    statements_keep,
    submission_create,
    submission_draft,
    submission_follow,
    submission_release,
    submission_withdraw,
)

PAGE = "evaluations:submission"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited("upload")
@body_up_to(2 * settings.LARGEST_ARCHIVE + settings.LARGEST_BODY)
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
    return form_page(request, form, refusal)


@login_required
@require_POST
@limited("begin-upload")
def look(request: HttpRequest) -> HttpResponse:
    """The fields beside the archive, before gigabytes are sent. An empty answer says that nothing is wrong there."""
    user = cast("User", request.user)
    form = SubmissionForm(request.POST, user=user, archive_follows=True)
    refusal: Refusal | None = None
    if form.is_valid():
        entries = form.cleaned_data.copy()
        for name in ("archive", "weights", "trained_on"):
            del entries[name]
        try:
            submission_draft(**entries, by=user)
        except Refusal as error:
            refusal = error
        else:
            return HttpResponse(status=204)
    return form_page(request, form, refusal)


def form_page(request: HttpRequest, form: SubmissionForm, refusal: Refusal | None) -> HttpResponse:
    benchmark = main_benchmark()
    quotas = [(team, quota(team=team, benchmark=benchmark)) for team in teams_of(request.user)] if benchmark else []
    context = {"form": form, "refusal": refusal, "benchmark": benchmark, "quotas": quotas}
    status = 422 if request.method == "POST" else 200
    return render(request, "submissions/submit.html", context, status=status)


@require_safe
@limited("download", reads=True)
def kit(request: HttpRequest, slug: str, contract: str) -> FileResponse:
    """The starter kit, written to a file that is gone when it is sent."""
    benchmark = get_benchmark_for(request.user, slug)
    file = TemporaryFile()  # noqa: SIM115, the response closes it
    try:
        starter_kit(benchmark=benchmark, contract=contract, into=file)
    except Refusal as refusal:
        file.close()
        raise Http404(str(refusal)) from refusal
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{slug}-{contract}.zip", content_type="application/zip")


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    submissions = submissions_for(request.user).prefetch_related("evaluation__runs__hospital")
    context = {"submissions": submissions, "has_team": teams_of(request.user).exists()}
    return render(request, "submissions/list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def about(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Which version of what it is, and what the team says of it. Organisers read; the words are the team's."""
    user = cast("User", request.user)
    submission = get_submission_for(user, pk)
    seen(f"submission {submission.pk}", by=user.pk)
    own = is_member(user, submission.team)
    if request.method == "POST" and not own:
        raise PermissionDenied("Only the team itself says something of its model.")
    of = request.POST.get("form") if request.method == "POST" else None
    version = VersionForm(request.POST if of == "version" else None, submission=submission)
    statements = StatementsForm(request.POST if of == "statements" else None, submission=submission)
    refusal: Refusal | None = None
    try:
        if of == "version" and version.is_valid():
            submission_follow(submission=submission, earlier=version.cleaned_data["earlier"], by=user)
            messages.success(request, "The version is kept.")
            return redirect("submissions:about", pk)
        if of == "statements" and statements.is_valid():
            added = statements_keep(submission=submission, texts=statements.cleaned_data, by=user)
            messages.success(request, f"{len(added)} statements are kept." if added else "Nothing was changed.")
            return redirect("submissions:about", pk)
    except Refusal as error:
        refusal = error
    context = {"submission": submission, "version": version, "statements": statements, "refusal": refusal, "own": own}
    return render(request, "submissions/about.html", context, status=422 if of else 200)


@login_required
@require_POST
def release(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = get_submission_for(request.user, pk)
    try:
        submission_release(submission=submission, by=cast("User", request.user))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"“{submission.model}” is published: the next ranking has it.")
    return redirect(PAGE, pk)


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
