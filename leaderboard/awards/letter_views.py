"""A team's own letter: handing in, replacing, withdrawing; and the download, for whoever may have it."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leaderboard.accounts.limits import limited
from leaderboard.accounts.models import Team, User
from leaderboard.accounts.selectors import is_member
from leaderboard.audit.services import seen
from leaderboard.awards.forms import LetterForm
from leaderboard.awards.models import Call, Letter, LetterVersion
from leaderboard.awards.selectors.calls import recusal_reasons, shown
from leaderboard.awards.selectors.standing import Undeclared, get_letter_for, get_own_letter
from leaderboard.awards.services import letter_hand_in, letter_read, letter_withdraw
from leaderboard.awards.services.reading import LARGEST_LETTER
from leaderboard.lib.errors import Refusal


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("letter")
def own_letter(request: HttpRequest, slug: str, team: str) -> HttpResponse:
    """For the team's members. A refused form comes back with every entry kept but the file."""
    user = cast("User", request.user)
    call, found, letter = get_own_letter(user, slug, team)
    form = LetterForm(request.POST or None, request.FILES or None, call=call, team=found, letter=letter)
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            version = hand_in(form, call, found, user)
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, f"Version {version.number} is received: SHA-256 {version.sha256}.")
            return redirect("awards:own-letter", slug, team)
    seen(f"letter of {found.slug} for {call.slug}, its page", by=user.pk)
    context = {
        "call": call,
        "shown": shown([call])[0],
        "team": found,
        "letter": letter,
        "versions": letter.versions.select_related("by") if letter else (),
        "recused": recusal_reasons(call).get(letter.pk) if letter else None,
        "decision": getattr(letter, "decision", None),
        "form": form,
        "refusal": refusal,
    }
    return render(request, "awards/own_letter.html", context, status=422 if request.method == "POST" else 200)


def hand_in(form: LetterForm, call: Call, team: Team, by: User) -> LetterVersion:
    given = dict(form.cleaned_data)
    file = cast("UploadedFile[Any]", given.pop("file"))
    content = file.read(LARGEST_LETTER + 1)  # one byte more says that it is too large
    return letter_hand_in(call=call, team=team, name=file.name or "", content=content, by=by, **given)


@login_required
@require_POST
def withdraw(request: HttpRequest, slug: str, team: str) -> HttpResponse:
    user = cast("User", request.user)
    _, _, letter = get_own_letter(user, slug, team)
    if letter is None:
        raise Http404("No such letter.")
    try:
        letter_withdraw(letter=letter, by=user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The letter is withdrawn. Nobody of the panel sees it any more.")
    return redirect("awards:own-letter", slug, team)


@login_required
@never_cache
@require_safe
@limited("download", reads=True)
def version(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The file, never shown inline: to the team any version, to the panel the newest one once the call is closed."""
    user = cast("User", request.user)
    letter = Letter.objects.select_related("team", "call").filter(pk=pk).first()
    if letter is None:
        raise Http404("No such letter.")
    versions = letter.versions.all()
    if not is_member(user, letter.team):
        try:
            letter = get_letter_for(user, pk)
        except Undeclared:
            return redirect("awards:declare", pk)
        versions = versions[:1]
    found = next((one for one in versions if one.number == number), None)
    if found is None:
        raise Http404("No such version.")
    name = f"{letter.call.slug}-{letter.team.slug}-{found.number}.pdf"
    return HttpResponse(
        letter_read(version=found, by=user),
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        },
    )
