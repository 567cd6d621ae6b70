"""The organisers' web-hooks, and the last deliveries of each."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import require_organiser
from leaderboard.audit.services import seen
from leaderboard.lib.errors import Refusal
from leaderboard.webhooks.forms import HookForm
from leaderboard.webhooks.models import Delivery, Hook
from leaderboard.webhooks.selectors import hooks, latest_deliveries
from leaderboard.webhooks.services import delivery_again, hook_delete, hook_save, hook_switch, hook_test


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hooks_page(request: HttpRequest) -> HttpResponse:
    """All of them, and a form for a new one. A secret that was made is in the answer, and nowhere else."""
    require_organiser(request.user)
    seen("web-hooks", by=cast("User", request.user).pk)
    return filled_in(request, Hook(), "webhooks/list.html", {"hooks": hooks()})


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hook(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them, with its last deliveries."""
    require_organiser(request.user)
    found = get_object_or_404(Hook, pk=pk)
    seen(f"web-hook {found.pk}", by=cast("User", request.user).pk)
    context = {"hook": get_object_or_404(hooks(), pk=pk), "deliveries": latest_deliveries(found)}
    return filled_in(request, found, "webhooks/hook.html", context)


def filled_in(request: HttpRequest, found: Hook, template: str, context: dict[str, Any]) -> HttpResponse:
    user, refusal = cast("User", request.user), None
    form = HookForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        made = found.pk is None
        try:
            secret = hook_save(hook=form.save(commit=False), secret=form.cleaned_data["secret"], by=user)
        except Refusal as error:
            refusal = error
        else:
            if secret:
                return render(request, template, context | {"form": HookForm(instance=Hook()), "secret": secret})
            messages.success(request, f"“{found.name}” is {'set' if made else 'changed'}.")
            return redirect("webhooks:hook", found.pk)
    context |= {"form": form, "refusal": refusal}
    return render(request, template, context, status=422 if request.method == "POST" else 200)


@login_required
@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """On with ``active=on``, off without it."""
    require_organiser(request.user)
    found, active = get_object_or_404(Hook, pk=pk), request.POST.get("active") == "on"
    hook_switch(hook=found, active=active, by=cast("User", request.user))
    messages.success(request, f"“{found.name}” is switched {'on' if active else 'off'}.")
    return redirect("webhooks:hook", pk)


@login_required
@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    require_organiser(request.user)
    hook_test(hook=get_object_or_404(Hook, pk=pk), by=cast("User", request.user))
    messages.success(request, "A test is in the post; what becomes of it is below.")
    return redirect("webhooks:hook", pk)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    require_organiser(request.user)
    found = get_object_or_404(Hook, pk=pk)
    hook_delete(hook=found, by=cast("User", request.user))
    messages.success(request, f"“{found.name}” is gone, with its deliveries.")
    return redirect("webhooks:list")


@login_required
@require_POST
def again(request: HttpRequest, pk: UUID) -> HttpResponse:
    require_organiser(request.user)
    found = get_object_or_404(Delivery.objects.select_related("hook"), pk=pk)
    try:
        delivery_again(delivery=found, by=cast("User", request.user))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "It is in the post again.")
    return redirect("webhooks:hook", found.hook_id)
