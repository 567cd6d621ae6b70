"""A team's way without a mouse: from the home page to a submission that is done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.containers, pytest.mark.xdist_group("workers")]

MOST_TABS = 120


def tab_to(page: Page, target: Locator) -> None:
    """As many times Tab as it takes; what has the focus is seen to have it."""
    expect(target).to_be_visible()
    for _ in range(MOST_TABS):
        if target.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(target).to_be_focused()
    expect(target).to_be_in_viewport()
    ring = target.evaluate("one => getComputedStyle(one).outlineStyle")
    assert ring != "none", f"nobody sees that {target} has the focus"


def test_a_team_hands_in_a_container_by_keyboard_alone(visit: Visit, archive: Path) -> None:
    visitor = visit("member")
    page = visitor.page
    # Chromium hands file choosers over from now on: asked for beside the key, the answer may come after the chooser.
    page.on("filechooser", lambda chooser: None)
    visitor.go("/")
    tab_to(page, page.get_by_role("navigation", name="Site").get_by_role("link", name="Submit", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Submit a model")
    tab_to(page, page.get_by_label("Model name"))
    page.keyboard.type("Typed")
    tab_to(page, page.get_by_label("Image archive"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(archive)
    tab_to(page, page.get_by_label("Operating point"))
    page.keyboard.type("0.25")
    tab_to(page, page.get_by_label("I agree to the terms, version 1"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="Hand in"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Typed")
    for hospital in ("Harbour", "Lakeside"):
        expect(page.locator(f"tr:has-text('{hospital}')")).to_contain_text(re.compile(r"done .* all 8", re.DOTALL))
    log = page.get_by_text("Log of the try-out")
    tab_to(page, log)
    page.keyboard.press("Enter")
    expect(page.locator("pre.log")).to_contain_text("the detector starts")
    tab_to(page, page.get_by_role("link", name="Report card of Typed"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Typed")
