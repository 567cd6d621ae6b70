"""Every request gets a number that its log lines carry, and its duration is counted."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from leaderboard.lib.logs import bound
from leaderboard.operations.metrics import durations

logger = logging.getLogger("leaderboard.requests")

GIVEN = re.compile(r"[A-Za-z0-9-]{8,64}")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class RequestMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._durations = durations()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        number = number_of(request)
        began = time.perf_counter()
        with bound(request=number):
            response = self._get_response(request)
            self._tell(request, response, time.perf_counter() - began)
        response["X-Request-Id"] = number
        return response

    def _tell(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        """The view's name, never the path: a path may hold a login link."""
        match = request.resolver_match
        view = (match.view_name if match else "") or "none"
        method = request.method if request.method in METHODS else "other"
        if self._durations is not None:
            self._durations.labels(view=view, method=method, status=str(response.status_code)).observe(seconds)
        if settings.LOG_JSON:
            told = {"view": view, "method": method, "status": response.status_code, "seconds": round(seconds, 4)}
            logger.info("%s %s %d", method, view, response.status_code, extra=told)


def number_of(request: HttpRequest) -> str:
    """The proxy's, where one is in front; else a new one."""
    given = request.headers.get("X-Request-Id", "") if settings.BEHIND_PROXY else ""
    return given if GIVEN.fullmatch(given) else uuid4().hex
