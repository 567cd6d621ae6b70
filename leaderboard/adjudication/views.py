"""The case gallery and the queue of suspected missed lesions: a hospital's data stewards may, and organisers.

Scans are patients' data: each look is recorded before anything is shown, and nothing may be kept on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from leaderboard.accounts.models import User
from leaderboard.adjudication import selectors, services
from leaderboard.adjudication.models import Decision, Suspect
from leaderboard.audit.services import seen
from leaderboard.hospitals.models import Case, Hospital
from leaderboard.hospitals.selectors import get_hospital_for
from leaderboard.lib.errors import Refusal

View = Callable[..., HttpResponseBase]
VOLUME = "application/gzip"  # not inflated by the browser: the viewer does, and knows by it that it is compressed


# Hounsfield units that are black and white; in soft tissue the usual 400 wide about 40, for the liver 160 about 60.
WINDOWS = (
    ("1", "Pancreas", -160, 240),
    ("2", "Liver", -20, 140),
    ("3", "Lung", -1350, 150),
    ("4", "Bone", -450, 1050),
    ("5", "Wide", -1000, 1000),
)
PLANES = (("3", "All three"), ("0", "Axial"), ("1", "Coronal"), ("2", "Sagittal"))  # niivue's numbers
LOOKING: dict[str, Any] = {"windows": WINDOWS, "planes": PLANES}


def user_of(request: HttpRequest) -> User:
    return cast("User", request.user)


@login_required
@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    """The hospitals whose cases this person may see."""
    user = selectors.require_reader(request.user)
    seen("gallery", by=user.pk)
    return render(request, "adjudication/gallery.html", {"galleries": selectors.galleries(user)})


@login_required
@require_safe
def cohort(request: HttpRequest, pk: int) -> HttpResponse:
    """A cohort's cases, a page at a time."""
    found = selectors.get_cohort_for(request.user, pk)
    seen(f"cases of cohort {found.pk}", by=user_of(request).pk)
    pages = Paginator(selectors.cases_of(found), selectors.PAGE)
    context = {
        "cohort": found,
        "here": selectors.is_here(found),
        "cases": pages.get_page(request.GET.get("page")),
        "versions": selectors.versions_of(found),
    }
    return render(request, "adjudication/cohort.html", context)


@login_required
@require_safe
def next_version(request: HttpRequest, pk: int) -> HttpResponse:
    """What was accepted, and how it gets into the next version."""
    found = selectors.get_cohort_for(request.user, pk)
    seen(f"next version of cohort {found.pk}", by=user_of(request).pk)
    blind = not selectors.may_see_taken(user_of(request), found)
    rows = selectors.taken(found).none() if blind else selectors.taken(found)
    context = {"cohort": found, "here": selectors.is_here(found), "taken": rows, "blind": blind}
    return render(request, "adjudication/next.html", context)


@login_required
@never_cache
@require_safe
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for `python -m evaluator cohort revise`, where the scans lie."""
    found = selectors.get_cohort_for(request.user, pk)
    if not selectors.may_see_taken(user_of(request), found):
        return redirect("adjudication:next", pk)
    seen(f"draft of cohort {found.pk}", by=user_of(request).pk)
    name = f"{found.hospital.slug}-{found.pk}-draft.json"
    return HttpResponse(
        services.draft_json(found),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@login_required
@never_cache
@require_safe
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """Scan, reference and the findings of one model overlaid: of the first, or of the one that ``model`` names."""
    found = selectors.get_case_for(request.user, pk)
    seen(f"case {found.pk} of hospital {found.cohort.hospital.slug}", by=user_of(request).pk)
    try:
        picture = selectors.picture(found, asked=request.GET.get("model"))
    except Refusal as refusal:  # what its document holds is lost or altered
        messages.error(request, str(refusal))
        picture = selectors.picture(found, asked="")
    context = {"case": found, "picture": picture, "viewer": viewer_of_case(picture), **LOOKING}
    return render(request, "adjudication/case.html", context)


def viewer_of_case(picture: selectors.CasePicture) -> dict[str, Any] | None:
    """What the script that draws is told; None where there is no scan to draw."""
    if picture.scan is None:
        return None
    pk = picture.case.pk
    layers = []
    if picture.reference is not None:
        layers.append({"role": "reference", "url": reverse("adjudication:reference", args=[pk])})
    if picture.found and picture.evaluation is not None:
        query = f"?model={picture.evaluation.submission_id}"
        layers.append({"role": "findings", "url": reverse("adjudication:findings", args=[pk]) + query})
    return {
        "scan": reverse("adjudication:ct", args=[pk]),
        "bytes": picture.scan.stat().st_size,
        "layers": layers,
        "start": list(picture.found[0].finding.centre_mm) if picture.found else first_lesion(picture),
    }


def first_lesion(picture: selectors.CasePicture) -> list[float] | None:
    lesions = picture.result.lesions if picture.result else ()
    return list(lesions[0].centre_mm) if lesions else None


def stream(request: HttpRequest, found: Case, path: Path | None, what: str) -> FileResponse:
    """A file as it lies there, whole: no range of it, and nothing of it kept by the browser or anything between."""
    if path is None:
        raise Http404(f"There is no {what} of this case on this machine.")
    seen(f"{what} of case {found.pk}", by=user_of(request).pk)
    response = FileResponse(path.open("rb"), content_type=VOLUME)
    unkept(response)
    return response


def unkept(response: HttpResponseBase) -> None:
    response["Cache-Control"] = "private, no-store"
    response["Accept-Ranges"] = "none"


@login_required
@require_safe
def scan(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = selectors.get_case_for(request.user, pk)
    return stream(request, found, selectors.scan_of(found), "scan")


@login_required
@require_safe
def reference(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = selectors.get_case_for(request.user, pk)
    return stream(request, found, selectors.reference_of(found), "reference")


@login_required
@require_safe
def findings(request: HttpRequest, pk: int) -> HttpResponse:
    """The findings of the model that ``model`` names, as balls of their size."""
    found = selectors.get_case_for(request.user, pk)
    scan_path = selectors.scan_of(found)
    shown = selectors.shown_findings(found, asked=request.GET.get("model", ""))
    if scan_path is None:
        raise Http404("There is no scan of this case on this machine.")
    seen(f"findings of case {found.pk}", by=user_of(request).pk)
    return volume(lambda: services.findings_overlay(scan=scan_path, findings=shown))


@login_required
@require_safe
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a suspect is, as a ball of its size."""
    suspect = selectors.get_suspect_for(request.user, pk)
    scan_path = selectors.scan_of(suspect.case)
    if scan_path is None:
        raise Http404("There is no scan of this case on this machine.")
    seen(f"place of suspect {suspect.pk}", by=user_of(request).pk)
    centre = tuple(suspect.centre_mm)
    return volume(lambda: services.suspect_overlay(scan=scan_path, centre_mm=centre, volume_ml=suspect.volume_ml))


def volume(make: Callable[[], bytes]) -> HttpResponse:
    try:
        response = HttpResponse(make(), content_type=VOLUME)
    except Refusal as refusal:
        raise Http404(str(refusal)) from refusal
    unkept(response)
    return response


@login_required
@never_cache
@require_safe
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    """One suspect at a time. No model is named and no other reader's word told before this reader has decided."""
    user = user_of(request)
    hospital = get_hospital_for(user, slug)
    found = selectors.queue_of(user, hospital, asked=request.GET.get("suspect", ""))
    decides = selectors.may_decide(user, hospital)
    if found.suspect is not None and decides:
        services.suspect_show(suspect=found.suspect, to=user)
        seen(f"suspect {found.suspect.pk}", by=user.pk)
    else:
        seen(f"queue of hospital {slug}", by=user.pk)
    context = {
        "queue": found,
        "hospital": hospital,
        "decides": decides,
        "longest": services.LONGEST,
        "verdicts": Decision.Verdict,
        "viewer": viewer_of_suspect(found.suspect) if decides else None,
        **LOOKING,
    }
    return render(request, "adjudication/queue.html", context)


def viewer_of_suspect(suspect: Suspect | None) -> dict[str, Any] | None:
    scan_path = selectors.scan_of(suspect.case) if suspect is not None else None
    if suspect is None or scan_path is None:
        return None
    layers = [{"role": "suspect", "url": reverse("adjudication:place", args=[suspect.pk])}]
    if selectors.reference_of(suspect.case) is not None:
        layers.insert(0, {"role": "reference", "url": reverse("adjudication:reference", args=[suspect.case_id])})
    return {
        "scan": reverse("adjudication:ct", args=[suspect.case_id]),
        "bytes": scan_path.stat().st_size,
        "layers": layers,
        "start": suspect.centre_mm,
    }


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    user = user_of(request)
    suspect = selectors.get_suspect_for(user, pk)
    hospital: Hospital = suspect.case.cohort.hospital
    back = reverse("adjudication:queue", args=[hospital.slug])
    try:
        decision = services.decision_make(
            suspect=suspect,
            verdict=request.POST.get("verdict", ""),
            by=user,
            reason=request.POST.get("reason", "")[:1000],
        )
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect(f"{back}?suspect={suspect.pk}")
    messages.success(request, f"{suspect.case.case}: {decision.get_verdict_display()}. Press u to undo.")
    return redirect(back)


@login_required
@require_POST
def undo(request: HttpRequest, slug: str) -> HttpResponse:
    """The reader's own latest decision at this hospital; its suspect comes again."""
    user = user_of(request)
    hospital = get_hospital_for(user, slug)
    back = reverse("adjudication:queue", args=[slug])
    decision = selectors.latest_of(user, hospital)
    if decision is None:
        messages.error(request, "There is nothing of yours to undo.")
        return redirect(back)
    try:
        suspect = services.decision_undo(decision=decision, by=user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    messages.success(request, "Undone. It is before you again.")
    return redirect(f"{back}?suspect={suspect.pk}")
