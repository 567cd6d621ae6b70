"""The page of one's notices, and what organisers announce."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import require_organiser
from leaderboard.audit.services import seen
from leaderboard.lib.errors import Refusal
from leaderboard.notices.announcements import announcement_publish, announcement_take_back
from leaderboard.notices.forms import AnnouncementForm
from leaderboard.notices.models import Announcement
from leaderboard.notices.selectors import announcements_for, by_mail, notices_of
from leaderboard.notices.services import by_mail_set, notices_read


@login_required
@never_cache
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """Newest first. What is unread is marked; looking does not change that, so that two windows agree."""
    context = {"notices": notices_of(request.user), "by_mail": by_mail(request.user)}
    return render(request, "notices/list.html", context)


@login_required
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    notices_read(user=cast("User", request.user))
    return redirect("notices:list")


@login_required
@require_POST
def mail(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("by_mail") == "on"
    by_mail_set(user=cast("User", request.user), wanted=wanted)
    messages.success(request, "Notices come by e-mail, too." if wanted else "Notices are shown here only.")
    return redirect("notices:list")


@require_safe
def announcements(request: HttpRequest) -> HttpResponse:
    """Newest first; without an account the public ones."""
    return render(request, "notices/announcements.html", {"announcements": announcements_for(request.user)[:100]})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def announce(request: HttpRequest) -> HttpResponse:
    """Write one, see it as it will be read, publish it. With ``act=publish`` it goes out; before, it is only shown."""
    require_organiser(request.user)
    user = cast("User", request.user)
    seen("announcements", by=user.pk)
    form = AnnouncementForm(request.POST or None)
    preview = None
    if request.method == "POST" and form.is_valid():
        preview = form.save(commit=False)
        if request.POST.get("act") == "publish":
            announcement_publish(announcement=preview, by=user)
            messages.success(request, f"“{preview.title}” is published.")
            return redirect("notices:announcements")
    context = {"form": form, "preview": preview, "announcements": Announcement.objects.select_related("by")[:100]}
    status = 422 if request.method == "POST" and preview is None else 200
    return render(request, "notices/announce.html", context, status=status)


@login_required
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    require_organiser(request.user)
    found = get_object_or_404(Announcement, pk=pk)
    try:
        announcement_take_back(announcement=found, by=cast("User", request.user))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"“{found.title}” is shown no more.")
    return redirect("notices:announce")
