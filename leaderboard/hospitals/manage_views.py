"""Hospitals and their cohorts, as organisers look after them; checks of folders are for their data stewards, too."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import is_organiser, require_organiser
from leaderboard.audit.services import seen
from leaderboard.hospitals.forms import CohortForm, HospitalForm
from leaderboard.hospitals.models import CohortCheck, Hospital
from leaderboard.hospitals.selectors import get_check_for, get_cohort_for, latest_checks, managed_hospitals
from leaderboard.hospitals.services import (
    cohort_check_request,
    cohort_recheck_request,
    hospital_enrol,
    hospital_revoke,
    hospital_save,
)
from leaderboard.lib.cells import csv_text
from leaderboard.lib.errors import Refusal

ROW = re.compile(r"(?P<file>\S+) row (?P<row>\d+)(?:, column (?P<column>\w+))?")


@login_required
@require_safe
def hospitals(request: HttpRequest) -> HttpResponse:
    require_organiser(request.user)
    seen("hospitals", by=cast("User", request.user).pk)
    return render(request, "hospitals/manage.html", {"hospitals": managed_hospitals()})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    require_organiser(request.user)
    seen("hospitals", by=cast("User", request.user).pk)
    return edited(request, Hospital())


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def manage(request: HttpRequest, slug: str) -> HttpResponse:
    """One hospital: its facts, its machine, its cohorts."""
    require_organiser(request.user)
    return edited(request, get_object_or_404(managed_hospitals(), slug=slug))


def edited(request: HttpRequest, hospital: Hospital, **more: Any) -> HttpResponse:
    user = cast("User", request.user)
    posted = request.POST if request.method == "POST" and not more else None
    form = HospitalForm(posted, instance=hospital)
    if posted is not None and form.is_valid():
        saved = hospital_save(hospital=form.save(commit=False), stewards=form.cleaned_data["stewards"], by=user)
        messages.success(request, f"{saved} is saved.")
        return redirect("hospitals:manage", saved.slug)
    context: dict[str, Any] = {"form": form}
    if hospital.pk is not None:
        shown = managed_hospitals().get(pk=hospital.pk)  # the form has written into the other
        seen(f"hospital {shown.slug}", by=user.pk)
        taken_in = set(shown.cohorts.values_list("fingerprint", flat=True))
        offers = shown.offers.exclude(fingerprint__in=taken_in).defer("records")
        context |= {"hospital": shown, "checks": latest_checks(shown), "offers": offers}
    return render(request, "hospitals/hospital.html", context | more, status=422 if posted is not None else 200)


@login_required
@never_cache
@require_POST
def enrol(request: HttpRequest, slug: str) -> HttpResponse:
    """The answer shows the command, and nothing keeps it."""
    require_organiser(request.user)
    hospital = get_object_or_404(Hospital, slug=slug)
    try:
        enrolled = hospital_enrol(hospital=hospital, by=cast("User", request.user))
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("hospitals:manage", slug)
    return edited(request, hospital, command=enrolled.command)


@login_required
@require_POST
def revoke(request: HttpRequest, slug: str) -> HttpResponse:
    require_organiser(request.user)
    hospital = get_object_or_404(Hospital, slug=slug)
    try:
        hospital_revoke(hospital=hospital, by=cast("User", request.user))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{hospital} is revoked: its connections are ended, its runs wait.")
    return redirect("hospitals:manage", slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_cohort(request: HttpRequest, slug: str) -> HttpResponse:
    """A worker checks the folder; the page of that check shows how far it is, and every fault."""
    require_organiser(request.user)
    hospital = get_object_or_404(Hospital, slug=slug)
    seen(f"hospital {hospital.slug}", by=cast("User", request.user).pk)
    form, refusal = CohortForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            row = cohort_check_request(hospital=hospital, **form.cleaned_data, by=cast("User", request.user))
        except Refusal as error:
            refusal = error
        else:
            return redirect("hospitals:check", row.pk)
    context = {"hospital": hospital, "form": form, "refusal": refusal}
    return render(request, "hospitals/import.html", context, status=422 if request.method == "POST" else 200)


@dataclass(frozen=True, kw_only=True)
class FaultRow:
    """A fault as a row of a table: the file, and of a table its row and column."""

    file: str
    row: str
    column: str
    what: str
    why: str
    next_step: str


def fault_rows(faults: list[dict[str, str]]) -> list[FaultRow]:
    rows = []
    for fault in faults:
        at = ROW.fullmatch(fault["where"])
        place = at.groupdict("") if at else {"file": fault["where"], "row": "", "column": ""}
        rows.append(FaultRow(**place, what=fault["what"], why=fault["why"], next_step=fault["next_step"]))
    return rows


def shown(row: CohortCheck) -> dict[str, Any]:
    return {"check": row, "faults": fault_rows(row.faults), "warnings": fault_rows(row.warnings)}


@login_required
@require_safe
def check(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_check_for(request.user, pk)
    seen(f"cohort check {row.pk}", by=cast("User", request.user).pk)
    return render(request, "hospitals/check.html", shown(row))


@login_required
@never_cache
@require_safe
def check_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that changes; it asks for itself while the check is under way."""
    row = get_check_for(request.user, pk)
    seen(f"cohort check {row.pk}", by=cast("User", request.user).pk)
    return render(request, "hospitals/check_state.html", shown(row))


@login_required
@require_safe
def check_csv(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_check_for(request.user, pk)
    seen(f"cohort check {row.pk}", by=cast("User", request.user).pk)
    found = fault_rows([*row.faults, *row.warnings])
    heads = ("file", "row", "column", "what", "why", "next step")
    lines = [(one.file, one.row, one.column, one.what, one.why, one.next_step) for one in found]
    headers = {"Content-Disposition": f'attachment; filename="faults-{row.pk}.csv"'}
    return HttpResponse(csv_text([heads, *lines]), content_type="text/csv; charset=utf-8", headers=headers)


@login_required
@require_POST
def check_again(request: HttpRequest, pk: int) -> HttpResponse:
    """The same folder for the same purpose, once its faults are corrected."""
    row = get_check_for(request.user, pk)
    user = cast("User", request.user)
    if row.freezes:
        require_organiser(user)
        again = partial(cohort_check_request, hospital=row.hospital, folder=row.folder, purpose=row.purpose, by=user)
        return asked_for(request, again, row)
    assert row.cohort is not None
    return asked_for(request, partial(cohort_recheck_request, cohort=row.cohort, by=user), row)


@login_required
@require_POST
def check_cohort(request: HttpRequest, pk: int) -> HttpResponse:
    """Compare a frozen cohort with what was frozen: its data stewards may ask for it, and organisers."""
    cohort, user = get_cohort_for(request.user, pk), cast("User", request.user)
    return asked_for(request, partial(cohort_recheck_request, cohort=cohort, by=user), cohort)


def asked_for(request: HttpRequest, ask: Callable[[], CohortCheck], about: Any) -> HttpResponse:
    try:
        made = ask()
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("hospitals:check", about.pk) if isinstance(about, CohortCheck) else back(request, about)
    return redirect("hospitals:check", made.pk)


def back(request: HttpRequest, cohort: Any) -> HttpResponse:
    where = "hospitals:manage" if is_organiser(request.user) else "desk:hospital"
    return redirect(where, cohort.hospital.slug)
