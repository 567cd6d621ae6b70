"""Every page at two widths in two themes: nothing sticks out, all can be read; and a picture of each to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.desk import PASSWORD
from tests.browser.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.containers, pytest.mark.xdist_group("workers")]

INSPECT = Path(__file__).with_name("inspect.js").read_text()
WIDTHS = {390: 844, 1440: 900}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
BOARD = "/leaderboard/pancreas-ct/"

# Who opens it, its address with the submissions of some models in it, and what it answers.
PAGES = {
    "home": ("", "/", 200),
    "leaderboard": ("", BOARD, 200),
    "leaderboard-of-two-columns": ("", f"{BOARD}?columns=sensitivity&columns=specificity&prevalence=4+%25", 200),
    "leaderboard-of-nothing": ("", f"{BOARD}?text=nobody", 200),
    "card": ("", "/models/{Careful}/", 200),
    "compare": ("", f"{BOARD}compare/", 200),
    "compare-two": ("", f"{BOARD}compare/?model={{Careful}}&model={{Wolf}}", 200),
    "hospitals": ("", "/hospitals/", 200),
    "needle": ("", "/needle/", 200),
    "needle-refused": ("", "/needle/?found=101&cancers=100", 200),
    "login": ("", "/accounts/login/", 200),
    "link-refused": ("", "/accounts/login/unknown/", 410),
    "not-found": ("", "/nowhere/", 404),
    "submit": ("member", "/submissions/submit/", 200),
    "submissions": ("member", "/submissions/", 200),
    "submission-done": ("member", "/evaluations/{Careful}/", 200),
    "submission-refused": ("member", "/evaluations/{Crashing}/", 200),
    "submission-waiting": ("member", "/evaluations/{Slow}/", 200),
    "profile": ("member", "/accounts/profile/", 200),
    "not-allowed": ("member", "/evaluations/operations/", 403),
    "no-team": ("funder", "/submissions/", 200),
    "operations": ("organiser", "/evaluations/operations/", 200),
    "candidates": ("funder", "/awards/", 200),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_can_be_read(name: str, visit: Visit, installation: Installation, screenshots: Path) -> None:
    part, path, status = PAGES[name]
    path = path.format(**installation.desk("submissions"))
    found = []
    for width, height in WIDTHS.items():
        # Without motion a colour is what it is, and not on its way there.
        options = {"viewport": {"width": width, "height": height}, "reduced_motion": "reduce"}
        visitor = visit(part, color_scheme="light", **options)
        visitor.go(path, status=status)
        page = visitor.page
        drawn = page.locator("figure.plot:has(script) .area")
        for number in range(drawn.count()):
            expect(drawn.nth(number).locator(".main-svg").first).to_be_visible()
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
            found += [f"{width} px, {theme}: {fault}" for fault in page.evaluate(INSPECT)]
            page.screenshot(path=screenshots / f"{name}-{width}-{theme}.png", full_page=True)
    assert found == []


def test_the_theme_is_chosen_and_kept(visit: Visit) -> None:
    visitor = visit(color_scheme="light")
    page = visitor.page
    visitor.go("/")
    button = page.locator("[data-theme-button]")
    for theme, shown in (("light", "light"), ("dark", "dark")):
        button.click()
        expect(button).to_have_text(f"Theme: {theme}")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", shown)
    visitor.go("/needle/")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_menu_of_a_small_screen_opens(visit: Visit) -> None:
    visitor = visit(viewport={"width": 390, "height": 844})
    page = visitor.page
    visitor.go("/")
    place = page.get_by_role("navigation", name="Site").get_by_role("link", name="Hospitals")
    expect(place).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    place.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hospitals")


def test_the_keyboard_skips_to_the_content(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    visitor.go(BOARD)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="To the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('content').contains(document.activeElement)")


def test_one_logs_in_by_keyboard_alone(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    visitor.go("/accounts/login/")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type("Rival@example.org")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    expect(page.locator(".notice.error")).to_contain_text("do not fit together")
    expect(page.get_by_label("E-mail address")).to_have_value("Rival@example.org")
    page.get_by_label("Password").focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Rita Rival")).to_be_visible()
