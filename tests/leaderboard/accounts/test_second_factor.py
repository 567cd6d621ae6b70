"""Second factors: whose role needs one, what opens without, and how their secrets are kept."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from leaderboard.accounts.models import User
from leaderboard.accounts.services import login_link_create
from leaderboard.audit.models import Record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Hospital
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(secret: str, *, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


def log_in(client: Client, user: User) -> str:
    user.set_password(PASSWORD)
    user.save()
    return client.post(reverse("accounts:login"), {"login": user.email, "password": PASSWORD}).headers["Location"]


def confirmed(client: Client, user: User) -> None:
    """Logged in, and just asked for the password once more."""
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


@pytest.fixture
def secret(organiser: User) -> str:
    """Of an organiser's authenticator app."""
    TOTP.activate(organiser, SECRET)
    return SECRET


def test_somebody_who_came_by_link_sets_up_an_app_and_is_asked_for_its_code_from_then_on(
    client: Client, organiser: User, django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]]
) -> None:
    organiser.set_unusable_password()
    organiser.save()
    client.get(reverse("accounts:login-link", args=[login_link_create(user=organiser)]))
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    found = re.search(r"data-secret>(\w+)<", page)
    assert found
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("mfa_activate_totp"), {"code": code(found[1])}, follow=True)
    assert response.redirect_chain[-1][0].startswith(reverse("mfa_reauthenticate"))  # the codes are asked for anew
    again = Client()
    answer = again.get(reverse("accounts:login-link", args=[login_link_create(user=organiser)]))
    assert answer.headers["Location"] == reverse("mfa_authenticate")
    assert again.get(reverse("accounts:profile")).status_code == 302
    answer = again.post(reverse("mfa_authenticate"), {"code": code(found[1], steps=1)})
    assert answer.headers["Location"] == reverse("evaluations:operations")
    assert again.get(reverse("accounts:profile")).status_code == 200
    told = Record.objects.filter(act="account.second-factor-added").values_list("details", flat=True)
    assert {one["kind"] for one in told} == {"totp", "recovery_codes"}


def test_sessions_that_were_opened_without_it_end(
    client: Client, organiser: User, django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]]
) -> None:
    older = Client()
    for browser in (older, client):
        browser.get(reverse("accounts:login-link", args=[login_link_create(user=organiser)]))
    client.post(
        reverse("accounts:profile"),
        {"change": "password"} | dict.fromkeys(("new_password1", "new_password2"), PASSWORD),
    )
    older.get(reverse("accounts:login-link", args=[login_link_create(user=organiser)]))
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    found = re.search(r"data-secret>(\w+)<", client.get(reverse("mfa_activate_totp")).content.decode())
    assert found
    assert older.get(reverse("evaluations:operations")).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("mfa_activate_totp"), {"code": code(found[1])})
    assert older.get(reverse("evaluations:operations")).status_code == 302
    assert client.get(reverse("evaluations:operations")).status_code == 200


def test_a_password_alone_does_not_open_an_account_with_an_app(client: Client, organiser: User, secret: str) -> None:
    assert log_in(client, organiser) == reverse("mfa_authenticate")
    assert client.get(reverse("evaluations:operations")).status_code == 302
    page = client.post(reverse("mfa_authenticate"), {"code": "000000"}).content.decode()
    assert "This code is not the present one." in page
    client.post(reverse("mfa_authenticate"), {"code": code(secret)})
    assert client.get(reverse("evaluations:operations")).status_code == 200


def test_a_code_works_once(client: Client, organiser: User, secret: str) -> None:
    used = code(secret)
    for browser, opens in ((client, 200), (Client(), 302)):
        log_in(browser, organiser)
        browser.post(reverse("mfa_authenticate"), {"code": used})
        assert browser.get(reverse("accounts:profile")).status_code == opens


def test_guessing_codes_ends_after_twenty(client: Client, organiser: User, secret: str) -> None:
    log_in(client, organiser)
    for _ in range(20):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    page = client.post(reverse("mfa_authenticate"), {"code": code(secret)}).content.decode()
    assert "There were too many attempts." in page


def test_the_secret_of_an_app_is_not_readable_in_the_database(
    client: Client, organiser: User, secret: str, settings: Settings
) -> None:
    assert secret not in str(Authenticator.objects.get().data)
    assert Authenticator.objects.get().wrap().validate_code(code(secret))
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "a new key" * 5
    assert Authenticator.objects.get().wrap().validate_code(code(secret, steps=1))
    settings.SECRET_KEY_FALLBACKS = []
    log_in(client, organiser)
    response = client.post(reverse("mfa_authenticate"), {"code": code(secret, steps=-1)})
    assert "This code is not the present one." in response.content.decode()


def test_recovery_codes_are_shown_after_a_confirmation_and_work_once(
    client: Client, organiser: User, secret: str
) -> None:
    log_in(client, organiser)
    client.post(reverse("mfa_authenticate"), {"code": code(secret)})
    asked = client.get(reverse("mfa_generate_recovery_codes"))
    assert asked.headers["Location"].startswith(reverse("account_reauthenticate"))
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.post(reverse("mfa_generate_recovery_codes"), follow=True).content.decode()
    listed = re.search(r'<pre class="log">(.*?)</pre>', page, re.DOTALL)
    assert listed
    codes = listed[1].split()
    assert len(codes) == 10
    for browser, opens in ((Client(), 200), (Client(), 302)):
        log_in(browser, organiser)
        browser.post(reverse("mfa_authenticate"), {"code": codes[0]})
        assert browser.get(reverse("accounts:profile")).status_code == opens


@pytest.mark.parametrize("role", ["organiser", "funder", "steward"])
def test_a_role_that_sees_more_needs_a_second_factor_where_the_site_asks_for_one(
    role: str, client: Client, request: pytest.FixtureRequest, settings: Settings, benchmark_rows: Benchmark
) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    if role == "steward":
        user = factories.UserFactory.create()
        Hospital.objects.earliest("pk").stewards.add(user)
    else:
        user = request.getfixturevalue(role)
    client.force_login(user)
    for name in ("dashboards:home", "awards:candidates", "evaluations:operations", "submissions:submit"):
        assert client.get(reverse(name)).headers["Location"] == reverse("mfa_index")
    page = client.get(reverse("mfa_index")).content.decode()
    assert "Your role needs a second factor." in page
    assert client.get(reverse("accounts:profile")).status_code == 200
    TOTP.activate(user, SECRET)
    assert client.get(reverse("dashboards:home")).status_code == 200


def test_a_member_of_a_team_needs_none(client: Client, member: User, settings: Settings) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    client.force_login(member)
    assert client.get(reverse("submissions:submit")).status_code == 200


@pytest.fixture
def app_page(organiser: User) -> str:
    TOTP.activate(organiser, SECRET)
    return reverse("mfa_deactivate_totp")


@pytest.fixture
def passkey_page(organiser: User) -> str:
    return reverse("mfa_remove_webauthn", args=[WebAuthn.add(organiser, "My laptop", {}).instance.pk])


@pytest.mark.parametrize("page", ["app_page", "passkey_page"])
def test_the_last_factor_of_an_organiser_stays_where_one_is_needed_and_the_pages_say_so(
    client: Client, organiser: User, settings: Settings, request: pytest.FixtureRequest, page: str
) -> None:
    address = request.getfixturevalue(page)
    settings.REQUIRE_SECOND_FACTOR = True
    confirmed(client, organiser)
    assert address not in client.get(reverse("mfa_index")).content.decode()
    for answer in (client.get(address), client.post(address)):
        told = answer.content.decode()
        assert "Add another one before you remove this." in told
        assert "Remove it" not in told
        assert "Remove the app" not in told
    assert Authenticator.objects.count() == 1
    assert client.get(reverse("evaluations:operations")).status_code == 200
    settings.REQUIRE_SECOND_FACTOR = False
    assert address in client.get(reverse("mfa_index")).content.decode()
    client.post(address)
    assert not Authenticator.objects.exists()
    assert Record.objects.filter(act="account.second-factor-removed").exists()


def test_one_of_two_factors_is_removed_and_the_other_one_stays(
    client: Client, organiser: User, settings: Settings, app_page: str, passkey_page: str
) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    confirmed(client, organiser)
    index = client.get(reverse("mfa_index")).content.decode()
    assert app_page in index
    assert passkey_page in index
    assert client.post(passkey_page).headers["Location"] == reverse("mfa_index")
    assert "Add another one before you remove this." in client.post(app_page).content.decode()
    assert [one.type for one in Authenticator.objects.all()] == ["totp"]


def test_who_lost_everything_is_let_in_by_an_organiser_on_the_command_line(
    client: Client, organiser: User, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("remove_second_factor", organiser.email)
    assert "1 second factors removed" in capsys.readouterr().out
    assert log_in(client, organiser) == reverse("evaluations:operations")
    assert Record.objects.get(act="account.second-factors-removed").about == f"user {organiser.pk}"


def test_a_passkey_is_not_asked_for_without_its_challenge(client: Client) -> None:
    options = client.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"}).json()
    assert options["request_options"]["publicKey"]["challenge"]
    page = client.post(reverse("mfa_login_webauthn"), {"credential": "{}"}, follow=True)
    assert page.status_code == 200
    assert "_auth_user_id" not in client.session
