"""What an organiser sets up from nothing, and what a hospital's data steward looks at and decides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SCREENS, Visit, on_both_screens
from tests.browser.installation import Installation
from tests.browser.test_roles import row_of
from tests.tiny_cohorts import TABLE, write_tiny_cohort

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("workers")]


@on_both_screens
def test_an_organiser_brings_a_cohort_in_makes_a_benchmark_of_it_and_announces_it(
    visit: Visit, installation: Installation, screen: str
) -> None:
    name, slug, title = f"Northgate {screen}", f"northgate-{screen}", f"Stomach cancer on CT, {screen}"
    folder = installation.folder / "cohorts" / slug
    write_tiny_cohort(folder, cases=8, hospital=slug, first=50 + 50 * list(SCREENS).index(screen))
    table = (folder / TABLE).read_text()
    (folder / TABLE).write_text(table.replace(",60,", ",sixty,", 1))
    visitor = visit("organiser")
    visitor.expect(422)
    page = visitor.page
    visitor.go("/")
    visitor.follow("Operations")
    visitor.follow("Hospitals and cohorts", within="Organisers")
    page.get_by_role("link", name="Add a hospital").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Short name").fill(slug)
    page.get_by_role("button", name="Add the hospital").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)

    page.get_by_role("link", name="Import a cohort").click()
    page.get_by_label("Folder", exact=True).fill("/etc")
    page.get_by_role("button", name="Check and import").click()
    expect(page.locator(".notice.error")).to_contain_text("not where cohorts may be imported from")
    page.get_by_label("Folder", exact=True).fill(str(folder))
    page.get_by_role("button", name="Check and import").click()
    fault = page.locator("table.faults").get_by_role("row").nth(1)
    expect(page.get_by_role("heading", name="1 fault: nothing was imported")).to_be_visible()
    expect(fault.get_by_role("cell").nth(0)).to_have_text("2")
    expect(fault.get_by_role("cell").nth(1)).to_have_text("age")
    expect(fault).to_contain_text("'sixty' is not a number from 0 to 125")
    (folder / TABLE).write_text(table)
    page.get_by_role("button", name="Check again").click()
    expect(page.locator(".notice.success")).to_contain_text(f"{name} tiny 1 is frozen")

    visitor.follow("Benchmarks", within="Organisers")
    page.get_by_role("link", name="New benchmark").click()
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("Short name").fill(f"stomach-{screen}")
    page.get_by_label("Question", exact=True).fill("Does this patient have stomach cancer?")
    page.get_by_label("Organ", exact=True).select_option("stomach")
    page.get_by_label("Demonstration: synthetic scans").check()
    page.get_by_label(f"{name} tiny 1").check()
    page.get_by_label("Public sample").select_option(label="Sample tiny 1")
    page.get_by_label("Patients with cancer, and without").fill("3")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".notice.error")).to_contain_text("Not all of it can be saved")
    expect(page.locator(".errorlist").first).to_contain_text("it takes the public minimum of 10")
    page.get_by_label("Patients behind every public number").fill("0")
    page.get_by_role("button", name="Preview").click()
    preview = page.get_by_role("region", name="Preview")
    expect(preview).to_contain_text("nothing is saved yet")
    expect(preview.get_by_role("row", name=re.compile(f"^{name}"))).to_contain_text("yes")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".notice.success")).to_contain_text(f"{title} is saved")
    public = visit()
    public.go(f"/leaderboard/stomach-{screen}/", status=404)
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".notice.success")).to_contain_text("is published")
    public.go(f"/leaderboard/stomach-{screen}/")
    expect(public.page.get_by_role("heading", level=1)).to_have_text(title)

    visitor.follow("Announcements", within="Organisers")
    page.get_by_label("Title", exact=True).fill(f"A new benchmark: {title}")
    page.get_by_label("Text", exact=True).fill("Hand in from today on.")
    page.get_by_label("Public").check()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("region", name="Preview")).to_contain_text("Hand in from today on.")
    page.get_by_role("button", name="Publish").click()
    public.go("/")
    public.page.get_by_role("link", name=f"A new benchmark: {title}").click()
    expect(public.page.get_by_text("Hand in from today on.")).to_be_visible()

    # As it was, for the tests that come after.
    visitor.go("/notices/announcements/new/")
    page.get_by_role("button", name=f"Take back A new benchmark: {title}").click()
    visitor.go(f"/benchmarks/stomach-{screen}/preview/")
    page.get_by_role("button", name="Hide it again").click()
    expect(page.locator(".notice.success")).to_contain_text("is seen by organisers only")


@pytest.mark.containers
@on_both_screens
def test_a_data_steward_looks_at_the_desk_approves_and_pauses(
    visit: Visit, installation: Installation, archive: Path, screen: str
) -> None:
    model = f"Asked {screen}"
    visitor = visit("steward")
    page = visitor.page
    visitor.go("/")
    visitor.follow("Desk")
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour’s desk")
    expect(page.locator("section[aria-labelledby=ran]")).to_contain_text("Careful")
    page.get_by_role("button", name="Approve each submission first").click()
    expect(page.locator(".notice.success")).to_contain_text("waits for your approval")

    installation.desk("hand_in", archive=str(archive), model=model)
    asked = page.locator(row_of(model, "waits for you"))
    team = visit("member")
    team.go(f"/evaluations/{installation.desk('submissions')[model]}/")
    expect(team.page.locator(row_of("Lakeside"))).to_contain_text("done")
    expect(team.page.locator(row_of("Harbour"))).to_contain_text("waiting for hospital")
    page.reload()
    asked.get_by_role("button", name=f"Approve {model}").click()
    expect(page.locator(".notice.success")).to_contain_text(f"“{model}” is approved")
    expect(team.page.locator(row_of("Harbour"))).to_contain_text("done")

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("heading", name="Paused")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("heading", name="Taking work")).to_be_visible()
    page.get_by_role("button", name="Let submissions run without approval").click()
    expect(page.locator(".notice.success")).to_contain_text("need no approval any more")
    page.get_by_role("button", name="Check its files").click()
    expect(page.locator(".notice.success")).to_contain_text("Every file is the one that was frozen")
