"""What organisers do with people: add them, give and take roles, lock an account, help somebody back in."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import organisers
from leaderboard.accounts.services import login_link_create, person_add
from leaderboard.audit.services import record
from leaderboard.lib.errors import Refusal

DAYS = 7  # that a link sent to somebody is good for


@transaction.atomic
def person_welcome(*, email: str, name: str, team: str, organiser: bool, reviewer: bool, by: User) -> User:
    """An account for somebody new, who is sent a link to log in.

    Raises
    ------
    Refusal
        Somebody with this address is here.
    """
    if User.objects.filter(email=email.strip().lower()).exists():
        raise Refusal(
            f"{email} has an account already.", next_step="Find it in the list; its roles are changed on its page."
        )
    user = person_add(email=email, name=name, team=team or None, organiser=organiser, reviewer=reviewer)
    write_link(user, by)
    record("account.made", f"user {user.pk}", by=by.pk, organiser=organiser, reviewer=reviewer)
    return user


@transaction.atomic
def link_send(*, user: User, by: User) -> None:
    """Send a link that logs in once; it goes to the person alone, and no organiser sees it.

    Raises
    ------
    Refusal
        The account is locked.
    """
    if not user.is_active:
        raise Refusal(f"The account of {user} is locked.", next_step="Open it first.")
    write_link(user, by)
    record("account.link-sent", f"user {user.pk}", by=by.pk)


@transaction.atomic
def roles_set(*, user: User, organiser: bool, reviewer: bool, by: User) -> None:
    """From now on the person has these roles, and is told.

    Raises
    ------
    Refusal
        An organiser gives up the own role, or the account is locked.
    """
    _require_organiser(by)
    if user.pk == by.pk and not organiser:
        raise Refusal(
            "You cannot take the organiser’s role from yourself.",
            why="Somebody must be left who runs the platform.",
            next_step="Ask another organiser to do it.",
        )
    if not user.is_active:
        raise Refusal(f"The account of {user} is locked.", next_step="Open it first.")
    if (user.is_organiser, user.is_reviewer) == (organiser, reviewer):
        return
    user.is_organiser, user.is_reviewer = organiser, reviewer
    user.save(update_fields=["is_organiser", "is_reviewer", "email"])
    write(user, "Your roles have changed", "roles", by=by)
    record("account.roles", f"user {user.pk}", by=by.pk, organiser=organiser, reviewer=reviewer)


@transaction.atomic
def account_lock(*, user: User, locked: bool, by: User) -> None:
    """Nobody logs in with a locked account, its sessions end and its tokens are not answered; nothing of it is lost.

    Raises
    ------
    Refusal
        It is one's own.
    """
    if user.pk == by.pk:
        raise Refusal("You cannot lock your own account.", next_step="Ask another organiser to do it.")
    _require_organiser(by)
    if not User.objects.filter(pk=user.pk, is_active=locked).update(is_active=not locked):
        return
    if locked:
        for session in UserSession.objects.filter(user=user):
            session.end()
    record("account.locked" if locked else "account.unlocked", f"user {user.pk}", by=by.pk)


def _require_organiser(by: User) -> None:
    """Organisers' rows are the lock: two cannot take the role from each other, or lock each other, at once."""
    if by.pk not in {one.pk for one in organisers().select_for_update()}:
        raise Refusal("You are no organiser any more.")


def write_link(user: User, by: User) -> None:
    token = login_link_create(user=user, minutes=DAYS * 24 * 60)
    link = settings.SITE_URL + reverse("accounts:login-link", args=[token])
    write(user, "Your login link", "login_link", link=link, by=by, days=DAYS)


def write(user: User, subject: str, template: str, **facts: object) -> None:
    """By e-mail, once it is in the database."""
    text = render_to_string(f"accounts/{template}.txt", {"person": user, "site": settings.SITE_URL, **facts})
    subject = f"{subject} at the Cancer Imaging Leaderboard"
    transaction.on_commit(lambda: send_mail(subject, text, None, [user.email]) and None, robust=True)
