"""What anybody may look at."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, on_both_screens

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("workers")]

BOARD = "/leaderboard/pancreas-ct/"


def sort_by_specificity(page: Page, screen: str) -> None:
    """By the table's head; where it is cards, by a list of what can be sorted by."""
    if screen == "1440-light":
        page.get_by_role("columnheader", name="Specificity").get_by_role("link").click()
        return
    page.get_by_label("Order").select_option(label="Specificity")
    page.get_by_role("button", name="Apply").click()


def models_in_order(page: Page) -> list[str]:
    return page.locator(".board tr[data-model] th a").all_inner_texts()


def downloaded(page: Page, link: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("link", name=link, exact=True).click()
    return Path(download.value.path()).read_text()


@on_both_screens
def test_the_front_page_says_what_is_asked_and_leads_to_the_leaderboard(visit: Visit) -> None:
    page = (visitor := visit()).page
    visitor.go("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("1,000,000 people. 100 of them have cancer.")
    expect(page.locator(".demonstration")).to_contain_text("Synthetic demonstration")
    expect(page.locator("figure.dots canvas.crowd")).to_be_visible()
    page.get_by_role("link", name="The whole leaderboard").click()
    expect(page).to_have_url(re.compile(BOARD))


@on_both_screens
def test_the_leaderboard_is_sorted_filtered_and_told_a_prevalence_by_its_address(visit: Visit, screen: str) -> None:
    page = (visitor := visit()).page
    visitor.go(BOARD)
    assert models_in_order(page)[0] == "Careful"
    sort_by_specificity(page, screen)
    expect(page).to_have_url(re.compile(r"sort=specificity"))
    assert models_in_order(page)[-1] == "Wolf"
    page.get_by_role("link", name="high-risk group").click()
    expect(page).to_have_url(re.compile(r"prevalence=0\.04"))
    assert "sort=specificity" in page.url
    expect(page.get_by_label("Prevalence")).to_have_value(re.compile(r"^4"))
    page.get_by_label("Model or team").fill("wolves")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile(r"text=wolves"))
    assert models_in_order(page) == ["Wolf"]
    page.reload()
    assert models_in_order(page) == ["Wolf"]


def test_what_is_downloaded_is_what_is_shown(visit: Visit) -> None:
    page = (visitor := visit()).page
    visitor.go(BOARD)
    shown = set(models_in_order(page))
    rows = list(csv.DictReader(io.StringIO(downloaded(page, "CSV"))))
    assert shown <= {row["model"] for row in rows}
    with page.expect_navigation():
        page.get_by_role("link", name="JSON", exact=True).click()
    board = json.loads(page.locator("body").inner_text())
    assert shown <= {entry["model"] for entry in board["entries"]}


def test_two_models_are_compared_over_the_same_patients(visit: Visit) -> None:
    page = (visitor := visit()).page
    visitor.go(BOARD)
    page.get_by_role("link", name="Compare", exact=True).click()
    page.get_by_label("The first").select_option(label="Careful (Uppsala Imaging)")
    page.get_by_label("against").select_option(label="Wolf (Wolves)")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("figure.plot .main-svg").first).to_be_visible()
    expect(page.get_by_text("only Careful")).to_be_visible()
    # Wolf cries at 3 of the 4 patients without cancer, at each of two hospitals.
    expect(page.get_by_role("row", name="Specificity, All hospitals").get_by_role("cell").first).to_have_text("6")


@on_both_screens
def test_a_report_card_draws_its_figures_and_tells_where_its_numbers_come_from(visit: Visit) -> None:
    page = (visitor := visit()).page
    visitor.go(BOARD)
    page.locator(".board").get_by_role("link", name="Careful").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Careful")
    expect(page.locator("#figure-roc .main-svg").first).to_be_visible()
    expect(page.get_by_text("Harbour, tiny 1")).to_be_visible()
    expect(page.locator(".modebar")).to_have_count(0)


def test_hospitals_show_counts_only(visit: Visit) -> None:
    page = (visitor := visit()).page
    visitor.go("/hospitals/")
    expect(page.get_by_role("row", name=re.compile("^Harbour")).get_by_role("cell").first).to_have_text("4")


@on_both_screens
def test_the_needle_is_calculated_while_one_types(visit: Visit) -> None:
    page = (visitor := visit()).page
    visitor.go("/needle/")
    page.get_by_label("Cancers flagged").fill("95")
    page.get_by_label("of cancers").fill("100")
    page.get_by_label("Patients without cancer cleared").fill("990")
    page.get_by_label("of patients without cancer").fill("1000")
    page.get_by_label("Prevalence", exact=True).fill("4 %")
    # 0.95 × 0.04 / (0.95 × 0.04 + 0.01 × 0.96) = 0.7983
    expect(page.locator("dl.facts div", has_text="PPV").first).to_contain_text("79.8")
    expect(page.locator("#result")).to_contain_text("95 with cancer and 24 without")
    expect(page.locator("#result")).to_contain_text("Of 2,500 people, 100 have cancer")
    # With a first test of 54.2 % and 77.0 % before: 0.542 × 0.95 of the cancers.
    expect(page.locator("#result")).to_contain_text("together they find 51.5 % of the cancers")
    page.get_by_label("First test: sensitivity, %").fill("100")
    expect(page.locator("#result")).to_contain_text("together they find 95.0 % of the cancers")
    expect(page).to_have_url(re.compile(r"prevalence=4.*first_sensitivity=100"))
    page.reload()
    expect(page.locator("#result")).to_contain_text("95 with cancer and 24 without")


def test_the_watch_sees_what_it_is_there_for(visit: Visit) -> None:
    visitor = visit()
    visitor.go("/")
    visitor.page.evaluate("""() => {
        console.error("written by the page");
        setTimeout(() => { throw new Error("thrown by the page"); });
        const image = document.createElement("img");
        image.src = "http://example.org/pixel.png";
        document.body.append(image);
        const script = document.createElement("script");
        script.textContent = "window.inline = true";
        document.body.append(script);
    }""")
    visitor.page.wait_for_timeout(0)
    visitor.page.wait_for_function("document.querySelector('img[src*=pixel]').complete")
    seen = "\n".join(visitor.watch.faults)
    visitor.watch.faults.clear()
    assert visitor.page.evaluate("window.inline") is None
    for fault in ("written by the page", "thrown by the page", "img-src", "script-src"):
        assert fault in seen
