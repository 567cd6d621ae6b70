"""Who may open what: every address of the project has a decision for every role, read from the URL configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from pytest_django import Settings

from leaderboard.accounts.models import Invitation, Token, User
from leaderboard.accounts.services import team_add
from leaderboard.accounts.tokens import token_create
from leaderboard.adjudication.models import Suspect
from leaderboard.audit.models import Record
from leaderboard.awards.models import Letter
from leaderboard.awards.services import review_assign, seat_add
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Received, Run
from leaderboard.hospitals.models import Alert, Case, CohortCheck, CohortOffer, Hospital
from leaderboard.lib import encrypted
from leaderboard.notices.models import Announcement
from leaderboard.submissions.models import Submission
from leaderboard.webhooks.models import Delivery, Hook
from tests import factories, letters
from tests.leaderboard.decisions import FORMS, GET, POST, ROLES

pytestmark = pytest.mark.django_db


OF_MACHINES = {"hospitals:acknowledge-alert", "hospitals:accept-offer"}
PAGES = sorted(set(GET) - {*POST, "icon", "accounts:logout", "uploads:one", "api-1:api-root"})


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    for item in patterns:
        if isinstance(item, URLResolver):
            space = f"{item.namespace}:" if item.namespace else ""
            yield from addresses(item.url_patterns, prefix + space)
        else:
            yield f"{prefix}{item.name}", set(item.pattern.converters)


ADDRESSES = dict(addresses(get_resolver().url_patterns))


@pytest.fixture(autouse=True)
def without_a_broker(settings: Settings) -> None:
    """Nobody is enrolled by who may: it would be at a real RabbitMQ."""
    settings.BROKER_ADMIN_URL = ""


@pytest.fixture
def clients(ranked: Benchmark, member: User, rival: User, organiser: User, funder: User) -> dict[str, Client]:
    steward = factories.UserFactory.create(name="Stig Steward")
    Hospital.objects.earliest("pk").stewards.add(steward)  # the hospital that `address` names
    users = {"rival": rival, "member": member, "steward": steward, "organiser": organiser, "funder": funder}
    team = member.teams.get()
    Invitation.objects.create(
        team=team, email="n@example.org", invited_by=member, token_sha256="0" * 64, expires=timezone.now()
    )
    token_create(user=member, name="build server", scopes=["read"], days=30)
    clients = {"anonymous": Client()}
    for role, user in users.items():
        clients[role] = Client()
        clients[role].force_login(user)
    return clients


def a_check() -> CohortCheck:
    hospital = Hospital.objects.earliest("pk")
    return CohortCheck.objects.get_or_create(hospital=hospital, folder="/nowhere", state=CohortCheck.State.FAULTY)[0]


def a_message() -> Received:
    now = timezone.now()
    told = {"serial": 1, "sent": now, "size": 2, "text": "{}"}
    hospital = Hospital.objects.earliest("pk")
    return Received.objects.get_or_create(hospital=hospital, kind="presence", sha256="0" * 64, defaults=told)[0]


def a_hook() -> Hook:
    told = {"url": "https://example.org/", "events": ["alert.raised"], "secret": encrypted.encrypt("secret")}
    return Hook.objects.get_or_create(name="Pager", defaults=told)[0]


def a_delivery() -> Delivery:
    return Delivery.objects.get_or_create(hook=a_hook(), event="alert.raised", defaults={"body": "{}"})[0]


def a_run_at_a_desk() -> list[object]:
    """At a hospital that the steward looks after; the sample's has no runs."""
    run = Run.objects.filter(evaluation__submission__model="Careful").earliest("pk")
    run.hospital.stewards.add(User.objects.get(name="Stig Steward"))
    return [run.hospital.slug, run.evaluation.submission_id]


def an_announcement() -> Announcement:
    return Announcement.objects.get_or_create(title="Maintenance", text="On Sunday.")[0]


# What addresses name that the ranked benchmark has none of.
MADE: dict[str, Callable[[], list[object]]] = {
    **dict.fromkeys(
        ("hospitals:check", "hospitals:check-state", "hospitals:check-csv", "hospitals:check-again"),
        lambda: [a_check().pk],
    ),
    "hospitals:check-cohort": lambda: [Hospital.objects.earliest("pk").cohorts.earliest("pk").pk],
    "desk:decide": a_run_at_a_desk,
    "desk:message": lambda: [a_message().hospital.slug, a_message().pk],
    **dict.fromkeys(("webhooks:hook", "webhooks:switch", "webhooks:test", "webhooks:delete"), lambda: [a_hook().pk]),
    "webhooks:again": lambda: [a_delivery().pk],
    "notices:take-back": lambda: [an_announcement().pk],
    **dict.fromkeys(
        ("accounts:person", "accounts:person-link", "accounts:person-lock", "accounts:person-factors"),
        lambda: [User.objects.get(email="member@example.org").pk],
    ),
}


def closed_call(submission: Submission) -> Letter:
    """The member's team answered a call that is closed by now. The funder is on its panel and asked for a review, and
    the organiser, too, has declared that there is no conflict."""
    member, funder, organiser = (
        User.objects.get(email=f"{who}@example.org") for who in ("member", "funder", "organiser")
    )
    call = letters.make_call(submission.benchmark, by=organiser)
    seat_add(call=call, user=funder, decides=True, by=organiser)
    letters.letter_row(call, submission.team, by=member, submissions=[submission])
    letters.close(call)
    letter = Letter.objects.select_related("call", "team").get()
    letters.clear(letter, funder, organiser)
    review_assign(letter=letter, reviewer=funder, by=organiser)
    return letter


def awards_address(name: str, submission: Submission) -> str:
    letter = Letter.objects.select_related("call").first() or closed_call(submission)
    pks = {"awards:unseat": letter.call.seats.first(), "awards:release": letter.reviews.first()}
    found = pks.get(name, letter)
    assert found is not None
    values = {"slug": letter.call.slug, "team": submission.team.slug, "number": 1, "pk": found.pk}
    return reverse(name, kwargs={key: values[key] for key in ADDRESSES[name]})


def address(name: str, submission: Submission) -> str:
    """The address with real objects of the member's team in it."""
    if name.startswith("awards:") and name != "awards:name-finalist":
        return awards_address(name, submission)
    run = Run.objects.filter(evaluation__submission=submission).earliest("pk")
    if name in OF_MACHINES:
        hospital = Hospital.objects.earliest("pk")
        kept = {"kind": "refused", "said": "It sent something."}
        alert, _ = Alert.objects.get_or_create(hospital=hospital, acknowledged_at=None, defaults=kept)
        told = {"fingerprint": "sha256:0", "name": "offered", "version": "1", "records": []}
        offer, _ = CohortOffer.objects.get_or_create(hospital=hospital, defaults=told)
        return reverse(name, args=[alert.pk if name == "hospitals:acknowledge-alert" else offer.pk])
    if name.startswith("adjudication:") and ADDRESSES[name]:
        hospital = Hospital.objects.earliest("pk")
        case = Case.objects.filter(cohort__hospital=hospital).earliest("pk")
        suspect = Suspect.objects.filter(case=case).first() or factories.make_suspect(case)
        of_suspects = name in ("adjudication:place", "adjudication:decide")
        of_cohorts = name in ("adjudication:cohort", "adjudication:next", "adjudication:draft")
        key = hospital.slug if "slug" in ADDRESSES[name] else suspect.pk if of_suspects else case.pk
        return reverse(name, args=[case.cohort_id if of_cohorts else key])
    if name == "accounts:token-take-back":
        return reverse(name, args=[Token.objects.get().pk])
    if name in ("accounts:role", "accounts:leave"):
        return reverse(name, args=[submission.team.memberships.earliest("pk").pk])
    if name == "accounts:invitation-take-back":
        return reverse(name, args=[submission.team.invitations.get().pk])
    if name in ("accounts:team", "accounts:verify"):
        return reverse(name, args=[submission.team.slug])
    if name in MADE:
        return reverse(name, args=MADE[name]())
    pk = run.pk if name.endswith(("-run", ":logs")) else 1 if name.startswith("mfa_") else submission.pk
    of_hospital = name.startswith(("hospitals:", "desk:"))
    slug = Hospital.objects.earliest("pk").slug if of_hospital else submission.benchmark.slug
    if name == "dashboards:hospital":
        slug = run.hospital.slug
    values = {"pk": pk, "slug": slug, "token": "unknown", "number": 1, "version": 1, "contract": "folder"}
    return reverse(name, kwargs={key: values[key] for key in ADDRESSES[name]})


def outcome(status: int, location: str) -> str:
    return "login" if status == 302 and location.startswith(reverse("accounts:login")) else str(status)


def test_every_address_has_a_decision() -> None:
    assert set(GET) == set(ADDRESSES)
    assert {name for name, decision in GET.items() if decision == "post"} == {*POST, "accounts:logout"}


@pytest.mark.parametrize("name", sorted(name for name, decision in GET.items() if decision not in ("post", "other")))
def test_pages_open_for_whom_they_are_meant(name: str, clients: dict[str, Client], member: User) -> None:
    submission = Submission.objects.filter(team__members=member, model="Careful").get()
    at = address(name, submission)
    found = []
    for role in ROLES:
        response = clients[role].get(at)
        b"".join(response)  # of a file, this closes it
        found.append(outcome(response.status_code, response.get("Location", "")))
    assert dict(zip(ROLES, found, strict=True)) == dict(zip(ROLES, GET[name].split(), strict=True))


@pytest.mark.parametrize("name", sorted(name for name, decision in GET.items() if decision == "post"))
def test_acts_answer_no_get(name: str, clients: dict[str, Client], member: User) -> None:
    submission = Submission.objects.filter(team__members=member, model="Careful").get()
    assert clients["organiser"].get(address(name, submission)).status_code == 405


@pytest.mark.parametrize("name", PAGES)
def test_no_page_takes_another_method(name: str, clients: dict[str, Client], member: User) -> None:
    """Who is not logged in is sent to log in, and nobody gets an answer but "not allowed"."""
    submission = Submission.objects.filter(team__members=member, model="Careful").get()
    at = address(name, submission)
    for method in ("put", "patch", "delete", *(() if name in FORMS else ("post",))):
        for role in ROLES:
            response = getattr(clients[role], method)(at)
            answer = outcome(response.status_code, response.get("Location", ""))
            # The login page sends who is logged in to the front page, whatever is asked of it.
            allowed = ("405", "302") if name == "accounts:login" else ("405", "login")
            assert answer in allowed, f"{method}, {role}: {answer}"


@pytest.mark.parametrize("name", sorted(POST))
@pytest.mark.parametrize("role", ROLES)
def test_acts_are_done_only_by_whom_they_are_meant_for(
    name: str, role: str, clients: dict[str, Client], member: User
) -> None:
    submission = Submission.objects.filter(team__members=member, model="Careful").get()
    response = clients[role].post(address(name, submission))
    expected = dict(zip(ROLES, POST[name].split(), strict=True))[role]
    assert outcome(response.status_code, response.get("Location", "")) == expected


# What somebody with an account does not get to see is not public: who is shown it leaves a record.
CLOSED = sorted(name for name, decision in GET.items() if {"403", "404"} & set(decision.split()) and "200" in decision)


@pytest.mark.parametrize("name", CLOSED)
def test_whoever_sees_what_is_not_public_is_told_of_and_who_does_not_is_not(
    name: str, clients: dict[str, Client], member: User
) -> None:
    submission = Submission.objects.filter(team__members=member, model="Careful").get()
    for role in ROLES:
        before = Record.objects.count()
        shown = clients[role].get(address(name, submission)).status_code == 200
        told = Record.objects.filter(number__gt=before, act__in=("seen", "run.log-read", "letter.opened"))
        assert [one.actor for one in told] == ([f"user {clients[role].session['_auth_user_id']}"] if shown else [])


def test_a_data_steward_switches_only_the_own_hospital(benchmark_rows: Benchmark, client: Client) -> None:
    own, other = Hospital.objects.filter(cohorts__benchmarks=benchmark_rows)
    steward = factories.UserFactory.create()
    own.stewards.add(steward)
    client.force_login(steward)
    assert client.post(reverse("hospitals:switch", args=[own.slug])).status_code == 302
    assert client.post(reverse("hospitals:switch", args=[other.slug])).status_code == 404
    own.refresh_from_db()
    other.refresh_from_db()
    assert (own.active, other.active) == (False, True)


def test_a_second_member_of_the_team_sees_the_submission(ranked: Benchmark, member: User, client: Client) -> None:
    submission = Submission.objects.filter(team__members=member, model="Careful").get()
    colleague = factories.UserFactory.create()
    team_add(team=submission.team, user=colleague)
    client.force_login(colleague)
    assert client.get(reverse("evaluations:submission", args=[submission.pk])).status_code == 200
