"""Who may open what: every address of the project has a decision for every role, read from the URL configuration."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from leaderboard.accounts.models import User
from leaderboard.accounts.services import team_add
from leaderboard.audit.models import Record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Run
from leaderboard.hospitals.models import Hospital
from leaderboard.submissions.models import Submission
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.core]

ROLES = ("anonymous", "rival", "member", "steward", "funder", "organiser")
OPEN = "200 200 200 200 200 200"
SIGNED_IN = "login 200 200 200 200 200"
OWN = "login 404 200 404 404 200"
ORGANISER = "login 403 403 403 403 200"

# The answer to a GET, role by role. "post" is an address that only takes posts; those are decided below.
GET = {
    "icon": "302 302 302 302 302 302",
    "dashboards:home": OPEN,
    "dashboards:leaderboards": "302 302 302 302 302 302",
    "dashboards:leaderboard": OPEN,
    "dashboards:leaderboard-csv": OPEN,
    "dashboards:leaderboard-json": OPEN,
    "dashboards:compare": OPEN,
    "dashboards:transfer": OPEN,
    "dashboards:transfer-pairs": OPEN,
    "dashboards:transfer-hospitals": OPEN,
    "dashboards:card": OPEN,
    "dashboards:hospitals": OPEN,
    "dashboards:needle": OPEN,
    "dashboards:numbers": OPEN,
    "dashboards:terms": OPEN,
    "dashboards:terms-version": OPEN,
    "accounts:login": "200 302 302 302 302 302",
    "accounts:login-link": "410 410 410 410 410 410",
    "accounts:profile": SIGNED_IN,
    "accounts:delete": SIGNED_IN,
    "accounts:logout": "post",
    "account_login": "200 302 302 302 302 302",  # the same page, by the name that allauth looks for
    "account_reauthenticate": SIGNED_IN,
    "usersessions_list": SIGNED_IN,
    "mfa_login_webauthn": "login 302 302 302 302 302",  # scripts ask it for JSON
    "mfa_index": SIGNED_IN,
    "mfa_authenticate": "login 302 302 302 302 302",  # between password and second factor only
    "mfa_reauthenticate": "login 302 302 302 302 302",  # nobody here has a second factor:
    "mfa_reauthenticate_webauthn": "login 302 302 302 302 302",  # to the way that they have
    "mfa_activate_totp": "login 302 302 302 302 302",  # to confirm the password first
    "mfa_deactivate_totp": "login 404 404 404 404 404",
    "mfa_view_recovery_codes": "login 404 404 404 404 404",
    "mfa_generate_recovery_codes": "login 302 302 302 302 302",
    "mfa_add_webauthn": "login 302 302 302 302 302",
    "mfa_remove_webauthn": "login 302 302 302 302 302",
    "submissions:list": SIGNED_IN,
    "submissions:submit": SIGNED_IN,
    "submissions:withdraw": "post",
    "evaluations:submission": OWN,
    "evaluations:state": OWN,
    "evaluations:cancel": "post",
    "evaluations:acknowledge-audit": "post",
    "evaluations:operations": ORGANISER,
    "evaluations:operations-state": ORGANISER,
    "evaluations:cancel-run": "post",
    "evaluations:logs": ORGANISER,
    "evaluations:requeue-run": "post",
    "hospitals:switch": "post",
    "hospitals:overlap": "login 404 404 200 404 200",
    "rankings:list": OPEN,
    "rankings:snapshot-zip": "404 404 404 404 404 404",  # no ranking is final here
    "awards:candidates": "login 403 403 403 200 200",
    "awards:candidates-csv": "login 403 403 403 200 200",
    "awards:name-finalist": "post",
}
# Pages that are forms: what a post to them does is decided by the form, and tested with it.
FORMS = {"accounts:login", "accounts:login-link", "accounts:profile", "accounts:delete", "submissions:submit"} | {
    name for name in GET if name.startswith(("account_", "mfa_", "usersessions_"))
}
POST = {
    "submissions:withdraw": "login 404 302 404 404 302",
    "evaluations:cancel": "login 404 302 404 404 302",
    "evaluations:acknowledge-audit": "login 403 403 403 403 302",
    "evaluations:cancel-run": "login 404 302 404 404 302",
    "evaluations:requeue-run": "login 403 403 403 403 302",
    "hospitals:switch": "login 404 404 302 404 302",
    "awards:name-finalist": "login 404 302 404 404 302",
}


PAGES = sorted(set(GET) - {*POST, "icon", "accounts:logout"})
OTHER_METHODS = [
    *((name, method) for name in PAGES for method in ("put", "patch", "delete")),
    *((name, "post") for name in PAGES if name not in FORMS),
]


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    for item in patterns:
        if isinstance(item, URLResolver):
            space = f"{item.namespace}:" if item.namespace else ""
            yield from addresses(item.url_patterns, prefix + space)
        else:
            yield f"{prefix}{item.name}", set(item.pattern.converters)


ADDRESSES = dict(addresses(get_resolver().url_patterns))


@pytest.fixture
def clients(ranked: Benchmark, member: User, rival: User, organiser: User, funder: User) -> dict[str, Client]:
    steward = factories.UserFactory.create(name="Stig Steward")
    Hospital.objects.earliest("pk").stewards.add(steward)  # the hospital that `address` names
    users = {"rival": rival, "member": member, "steward": steward, "organiser": organiser, "funder": funder}
    clients = {"anonymous": Client()}
    for role, user in users.items():
        clients[role] = Client()
        clients[role].force_login(user)
    return clients


def address(name: str, submission: Submission) -> str:
    """The address with real objects of the member's team in it."""
    run = Run.objects.filter(evaluation__submission=submission).earliest("pk")
    pk = run.pk if name.endswith(("-run", ":logs")) else 1 if name.startswith("mfa_") else submission.pk
    slug = Hospital.objects.earliest("pk").slug if name.startswith("hospitals:") else submission.benchmark.slug
    values = {"pk": pk, "slug": slug, "token": "unknown", "number": 1, "version": 1}
    return reverse(name, kwargs={key: values[key] for key in ADDRESSES[name]})


def outcome(status: int, location: str) -> str:
    return "login" if status == 302 and location.startswith(reverse("accounts:login")) else str(status)


def test_every_address_has_a_decision() -> None:
    assert set(GET) == set(ADDRESSES)
    assert {name for name, decision in GET.items() if decision == "post"} == {*POST, "accounts:logout"}


@pytest.mark.parametrize("name", sorted(name for name, decision in GET.items() if decision != "post"))
def test_pages_open_for_whom_they_are_meant(name: str, clients: dict[str, Client], member: User) -> None:
    submission = Submission.objects.filter(team__members=member, model="Careful").get()
    at = address(name, submission)
    found = []
    for role in ROLES:
        response = clients[role].get(at)
        found.append(outcome(response.status_code, response.get("Location", "")))
    assert dict(zip(ROLES, found, strict=True)) == dict(zip(ROLES, GET[name].split(), strict=True))


@pytest.mark.parametrize("name", sorted(name for name, decision in GET.items() if decision == "post"))
def test_acts_answer_no_get(name: str, clients: dict[str, Client], member: User) -> None:
    submission = Submission.objects.filter(team__members=member, model="Careful").get()
    assert clients["organiser"].get(address(name, submission)).status_code == 405


@pytest.mark.parametrize(("name", "method"), OTHER_METHODS)
def test_no_page_takes_another_method(name: str, method: str, clients: dict[str, Client], member: User) -> None:
    """Who is not logged in is sent to log in, and nobody gets an answer but "not allowed"."""
    submission = Submission.objects.filter(team__members=member, model="Careful").get()
    at = address(name, submission)
    for role in ROLES:
        response = getattr(clients[role], method)(at)
        answer = outcome(response.status_code, response.get("Location", ""))
        # The login page sends who is logged in to the front page, whatever is asked of it.
        allowed = ("405", "302") if name == "accounts:login" else ("405", "login")
        assert answer in allowed, f"{role}: {answer}"


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
        told = Record.objects.filter(number__gt=before, act__in=("seen", "run.log-read"))
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
