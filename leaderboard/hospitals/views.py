"""A hospital's own pages: its data stewards may, and organisers."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import is_organiser
from leaderboard.audit.services import seen
from leaderboard.hospitals.selectors import get_hospital_for, overlap_checks
from leaderboard.hospitals.services import hospital_set_active


@login_required
@require_POST
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """On with ``active=on``, off without it."""
    hospital = get_hospital_for(request.user, slug)
    active = request.POST.get("active") == "on"
    hospital_set_active(hospital=hospital, active=active, by=cast("User", request.user))
    words = "is switched on; its runs go on" if active else "is switched off; its runs wait"
    messages.success(request, f"{hospital} {words}.")
    return redirect("evaluations:operations" if is_organiser(request.user) else "dashboards:hospitals")


@login_required
@require_safe
def overlap(request: HttpRequest, slug: str) -> HttpResponse:
    """Which of its scans are in a training set, or look as if."""
    hospital = get_hospital_for(request.user, slug)
    seen(f"overlap of hospital {hospital.slug}", by=cast("User", request.user).pk)
    return render(request, "hospitals/overlap.html", {"hospital": hospital, "checks": overlap_checks(hospital)})
