"""Every page at two widths in two themes: nothing sticks out, all can be read, axe agrees; and a picture of each."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.desk import PASSWORD
from tests.browser.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("workers")]

INSPECT = Path(__file__).with_name("inspect.js").read_text()
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()  # the program alone, without the package's wrapper
ASK_AXE = """async () => (await axe.run()).violations.map(
  (one) => `axe, ${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")}`
)"""
WIDTHS = {390: 844, 1440: 900}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
BOARD = "/leaderboard/pancreas-ct/"

# What each person opens: addresses with the submissions of some models in them, and what they answer if not 200.
PAGES = {
    "": {
        "home": "/",
        "leaderboard": BOARD,
        "leaderboard-of-two-columns": f"{BOARD}?columns=sensitivity&columns=specificity&prevalence=4+%25",
        "leaderboard-of-a-stratum": f"{BOARD}?stratum=gt10_le20&sort=-t_sen&versions=newest",
        "leaderboard-of-nothing": f"{BOARD}?text=nobody",
        "leaderboard-before": f"{BOARD}?as_of=2020-01-01",
        "changes": f"{BOARD}changes/",
        "progress": f"{BOARD}progress/?measure=sensitivity",
        "card": "/models/{Careful}/",
        "card-of-misses": "/models/{Blind}/",
        "compare": f"{BOARD}compare/",
        "compare-two": f"{BOARD}compare/?model={{Careful}}&model={{Wolf}}",
        "compare-three": f"{BOARD}compare/?model={{Careful}}&model={{Wolf}}&model={{Blind}}",
        "hospitals": "/hospitals/",
        "hospital": "/hospitals/{hospital}/",
        "rankings": f"{BOARD}rankings/",
        "transfer": f"{BOARD}transfer/",
        "needle": "/needle/",
        "numbers": "/numbers/",
        "documentation": "/docs/",
        "plain-words": "/docs/plain-words/",
        "contract": "/docs/contract/",
        "joining": "/docs/hospitals/",
        "terms": "/terms/",
        "needle-refused": "/needle/?found=101&cancers=100",
        "announcements": "/notices/announcements/",
        "calls": "/awards/calls/",
        "call": "/awards/calls/early-tumours/",
        "login": "/accounts/login/",
        "link-refused": "/accounts/login/unknown/",
        "not-found": "/nowhere/",
    },
    "member": {
        "submit": "/submissions/submit/",
        "submissions": "/submissions/",
        "submission-done": "/evaluations/{Careful}/",
        "submission-about": "/submissions/{Careful}/about/",
        "private-card": "/models/{Private}/private/",
        "submission-refused": "/evaluations/{Crashing}/",
        "submission-waiting": "/evaluations/{Slow}/",
        "profile": "/accounts/profile/",
        "tokens": "/accounts/tokens/",
        "team": "/accounts/teams/uppsala-imaging/",
        "notices": "/notices/",
        "delete": "/accounts/delete/",
        "second-factor": "/accounts/second-factor/",
        "sessions": "/accounts/sessions/",
        "confirm": "/accounts/confirm/",
        "own-letter": "/awards/calls/open/letters/uppsala-imaging/",
        "own-letter-in-review": "/awards/calls/early-tumours/letters/uppsala-imaging/",
        "not-allowed": "/evaluations/operations/",
    },
    "organiser": {
        "operations": "/evaluations/operations/",
        "usage": "/operations/usage/",
        "final": "/operations/pancreas-ct/final/",
        "people": "/accounts/people/",
        "person": "/accounts/people/{person}/",
        "team-of-others": "/accounts/teams/uppsala-imaging/",
        "benchmarks": "/benchmarks/",
        "benchmark-new": "/benchmarks/new/",
        "benchmark-edit": "/benchmarks/pancreas-ct/edit/",
        "benchmark-preview": "/benchmarks/pancreas-ct/preview/",
        "hospitals-managed": "/hospitals/manage/",
        "hospital-new": "/hospitals/manage/new/",
        "hospital": "/hospitals/harbour/manage/",
        "hospital-with-a-machine": "/hospitals/seaside/manage/",
        "cohort-import": "/hospitals/harbour/import/",
        "cohort-faults": "/hospitals/checks/{check}/",
        "desk-of-a-machine": "/hospitals/seaside/desk/",
        "announce": "/notices/announcements/new/",
        "web-hooks": "/webhooks/",
        "web-hook": "/webhooks/{hook}/",
        "gallery": "/gallery/",
        "gallery-cohort": "/gallery/cohorts/{cohort}/",
        "gallery-case": "/gallery/cases/{case}/?model={Careful}",
        "gallery-queue": "/gallery/queue/harbour/",
        "gallery-queue-empty": "/gallery/queue/lakeside/",
        "gallery-next": "/gallery/cohorts/{cohort}/next/",
        "run": "/awards/calls/early-tumours/run/",
        "call-new": "/awards/calls/new/",
        "call-edit": "/awards/calls/early-tumours/edit/",
        "letter-of-organiser": "/awards/letters/{letter}/",
    },
    "steward": {"desk": "/hospitals/harbour/desk/"},
    "reviewer": {
        "desk-of-reviews": "/awards/desk/",
        "declare": "/awards/letters/{undeclared}/declare/",
        "letter": "/awards/letters/{letter}/",
        "review": "/awards/letters/{letter}/review/",
        "candidates-hidden": "/awards/?call=early-tumours",
    },
    "funder": {
        "candidates": "/awards/",
        "side-by-side": "/awards/side-by-side/?candidate={Careful}&candidate={Wolf}&candidate={Blind}",
        "desk-empty": "/awards/desk/",
        "no-team": "/submissions/",
    },
}
STATUS = {"link-refused": 410, "not-found": 404, "not-allowed": 403}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("part", PAGES)
def test_pages_fit_and_can_be_read(
    part: str, width: int, visit: Visit, installation: Installation, screenshots: Path
) -> None:
    # Without motion a colour is what it is, and not on its way there.
    visitor = visit(part, viewport={"width": width, "height": WIDTHS[width]}, reduced_motion="reduce")
    page = visitor.page
    keys = installation.desk("submissions") | installation.desk("rows") | installation.desk("gallery")
    found = []
    for name, path in PAGES[part].items():
        page.emulate_media(color_scheme="light")
        visitor.go(path.format(**keys), status=STATUS.get(name, 200))
        drawn = page.locator("figure.plot:has(script) .area")
        for number in range(drawn.count()):
            expect(drawn.nth(number).locator(".main-svg").first).to_be_visible()
        if page.locator("[data-viewer]").count():
            page.locator("[data-viewer][data-drawn]").wait_for()
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
            found += [f"{name}, {theme}: {fault}" for fault in page.evaluate(INSPECT)]
            if theme == THEMES[0]:  # themes differ in their colours, and those INSPECT looks at in both
                page.evaluate(AXE)
                found += [f"{name}: {fault}" for fault in page.evaluate(ASK_AXE)]
            page.screenshot(path=screenshots / f"{name}-{width}-{theme}.png", full_page=True)
    assert not found, "\n".join(found)


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
