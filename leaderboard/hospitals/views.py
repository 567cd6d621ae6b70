"""A hospital's own pages: its data stewards may, and organisers."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import is_organiser, require_organiser
from leaderboard.audit.services import seen
from leaderboard.hospitals.models import Alert, Cohort, CohortOffer, Hospital
from leaderboard.hospitals.selectors import get_hospital_for, is_steward, overlap_checks
from leaderboard.hospitals.services import alert_acknowledge, hospital_set_active, hospital_set_approves, offer_accept
from leaderboard.lib.errors import Refusal


@login_required
@require_POST
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """On with ``active=on``, off without it; ``back`` says from which page."""
    hospital = get_hospital_for(request.user, slug)
    active = request.POST.get("active") == "on"
    try:
        hospital_set_active(hospital=hospital, active=active, by=cast("User", request.user))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        paused = is_steward(request.user, hospital)  # what its own data stewards do is called so on their desk
        off, on = ("paused", "resumed") if paused else ("switched off", "switched on")
        words = f"is {on}; its runs go on" if active else f"is {off}; its runs wait"
        messages.success(request, f"{hospital} {words}.")
    return back(request, hospital)


@login_required
@require_POST
def approves(request: HttpRequest, slug: str) -> HttpResponse:
    """Whether its data stewards approve every submission: with ``approves=on`` from now on, without it no more."""
    hospital = get_hospital_for(request.user, slug)
    wanted = request.POST.get("approves") == "on"
    try:
        hospital_set_approves(hospital=hospital, approves=wanted, by=cast("User", request.user))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        said = "Every submission waits for your approval." if wanted else "Submissions need no approval any more."
        messages.success(request, said)
    return redirect("desk:hospital", slug)


def back(request: HttpRequest, hospital: Hospital) -> HttpResponse:
    where = request.POST.get("back", "")
    if where == "desk" or not is_organiser(request.user):
        return redirect("desk:hospital", hospital.slug)
    if where == "manage":
        return redirect("hospitals:manage", hospital.slug)
    return redirect("evaluations:operations")


@login_required
@require_safe
def overlap(request: HttpRequest, slug: str) -> HttpResponse:
    """Which of its scans are in a training set, or look as if."""
    hospital = get_hospital_for(request.user, slug)
    seen(f"overlap of hospital {hospital.slug}", by=cast("User", request.user).pk)
    return render(request, "hospitals/overlap.html", {"hospital": hospital, "checks": overlap_checks(hospital)})


@login_required
@require_POST
def acknowledge_alert(request: HttpRequest, pk: int) -> HttpResponse:
    require_organiser(request.user)
    alert = get_object_or_404(Alert, pk=pk)
    try:
        alert_acknowledge(alert=alert, by=cast("User", request.user))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The alert of {alert.hospital} is acknowledged.")
    return redirect("evaluations:operations")


@login_required
@require_POST
def accept_offer(request: HttpRequest, pk: int) -> HttpResponse:
    """Freeze a cohort that a hospital offers, for the purpose that is posted."""
    require_organiser(request.user)
    offer = get_object_or_404(CohortOffer.objects.select_related("hospital"), pk=pk)
    purpose = request.POST.get("purpose", "")
    if purpose not in Cohort.Purpose.values:
        messages.error(request, "Choose what the cohort is for.")
        return back(request, offer.hospital)
    try:
        cohort = offer_accept(offer=offer, by=cast("User", request.user), purpose=purpose)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{cohort} is frozen. Add it to a benchmark.")
    return back(request, offer.hospital)
