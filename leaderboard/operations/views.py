"""For programs that watch this one: whether it lives, whether it can work, and figures. For organisers: usage."""

from __future__ import annotations

import hmac
from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import require_organiser
from leaderboard.audit.services import seen
from leaderboard.lib.addresses import client_is_in
from leaderboard.operations.metrics import exposition
from leaderboard.operations.selectors import readiness
from leaderboard.operations.usage import usage


@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """This process answers. Nothing else is asked: who restarts it must not do so because a database is away."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Whether what it needs is there, a word for each; sentences are the doctor's, on the machine."""
    found = readiness()
    ok = all(found.values())
    checks = {name: "ok" if fine else "failed" for name, fine in found.items()}
    return JsonResponse({"status": "ok" if ok else "failed", "checks": checks}, status=200 if ok else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For whom METRICS_FROM names, or who brings METRICS_TOKEN; for nobody where neither is set."""
    if not (client_is_in(request, settings.METRICS_FROM) or has_token(request)):
        return HttpResponse("Metrics are for METRICS_FROM or a METRICS_TOKEN.\n", status=403, content_type="text/plain")
    body, content_type = exposition()
    return HttpResponse(body, content_type=content_type)


def has_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(given, settings.METRICS_TOKEN.encode())


@login_required
@require_safe
def usage_page(request: HttpRequest) -> HttpResponse:
    require_organiser(request.user)
    seen("usage", by=cast("User", request.user).pk)
    return render(request, "operations/usage.html", {"usage": usage()})
