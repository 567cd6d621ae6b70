"""What several pages share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from leaderboard.dashboards.forms import SnapshotForm

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def with_figures(view: View) -> View:
    """plotly.js writes styles into its drawings; nonces and hashes do not help everywhere."""
    return cast("View", csp_update({"style-src": ["'unsafe-inline'"]})(view))


def file_answer(content: str | bytes, name: str, kind: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)


def csv_answer(content: str, name: str) -> HttpResponse:
    return file_answer(content, name, "text/csv; charset=utf-8")


def named_in(request: HttpRequest, field: str = "snapshot") -> int | str | None:
    """The ranking that an address names; None where it names none. Http404 for what names nothing."""
    form = SnapshotForm(request.GET)
    form.is_valid()
    if field in form.errors:
        raise Http404("No such ranking.")
    found: int | str | None = form.cleaned_data.get(field)
    return found
