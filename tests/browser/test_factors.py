"""An app and a passkey in real Chromium, under the site's content security policy; the passkey is a virtual one."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.conftest import Visit
from tests.browser.desk import PASSWORD
from tests.browser.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("workers")]


def key_in(page: Page) -> CDPSession:
    """A device that keeps passkeys and says yes to everything."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    return devices


def log_in(page: Page, address: str) -> None:
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def test_a_passkey_is_added_and_logs_in_alone_and_after_a_password(visit: Visit) -> None:
    visitor = visit(host="localhost")
    page = visitor.page
    key_in(page)
    visitor.go("/accounts/login/")
    log_in(page, "keyholder@example.org")
    page.get_by_role("link", name="Kim Keyholder").click()
    page.get_by_role("link", name="Second factor and passkeys").click()
    page.get_by_role("link", name="Add a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("My laptop")
    page.get_by_label("Let it log in alone").check()
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    expect(page.locator("pre.log")).to_contain_text("\n")
    visitor.go("/accounts/second-factor/")
    expect(page.locator("tr", has_text="My laptop")).to_contain_text("yes")

    page.get_by_role("button", name="Log out").click()
    page.get_by_role("link", name="Log in").click()
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("link", name="Kim Keyholder")).to_be_visible()

    page.get_by_role("button", name="Log out").click()
    page.get_by_role("link", name="Log in").click()
    log_in(page, "keyholder@example.org")
    expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("link", name="Kim Keyholder")).to_be_visible()

    visitor.go("/accounts/second-factor/")
    page.get_by_role("link", name="Remove").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
    page.get_by_role("link", name="Use a security key").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("link", name="Add a passkey")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("My laptop")


def test_a_passkey_that_is_not_there_is_told_in_words(visit: Visit) -> None:
    visitor = visit(host="localhost")
    page = visitor.page
    devices = key_in(page)
    visitor.go("/accounts/login/")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The passkey was not used.")
    expect(page.get_by_role("alert")).to_contain_text("Try again, or use another way.")
    devices.send("WebAuthn.disable")


def test_an_app_is_set_up_from_the_page_and_its_code_opens_the_account(
    visit: Visit, installation: Installation
) -> None:
    visitor = visit()
    page = visitor.page
    visitor.go(installation.desk("login_link", part="appholder"))
    visitor.go("/accounts/second-factor/")
    page.get_by_role("link", name="Set up an app").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_alt_text("The secret below")).to_be_visible()
    assert page.get_by_alt_text("The secret below").evaluate("image => image.naturalWidth") > 0
    secret = page.locator("[data-secret]").inner_text()

    def code() -> str:
        return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))

    page.get_by_label("Authenticator code").fill(code())
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    expect(page.locator(".notice.success").first).to_be_visible()

    other = visit()
    other.go(installation.desk("login_link", part="appholder"))
    expect(other.page.get_by_role("heading", level=1)).to_have_text("Second factor")
    other.page.get_by_label("Code").fill(code())
    other.page.get_by_role("button", name="Go on").click()
    expect(other.page.get_by_role("link", name="Ada Appholder")).to_be_visible()
    other.go("/accounts/second-factor/app/remove/")
    other.page.get_by_label("Password").fill(PASSWORD)
    other.page.get_by_role("button", name="Confirm").click()
    other.page.get_by_role("button", name="Remove the app").click()
    expect(other.page.get_by_role("link", name="Set up an app")).to_be_visible()
