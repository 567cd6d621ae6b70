"""A funder's journey from the call to the decision, with everybody who has a part in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, on_both_screens
from tests.browser.installation import Installation
from tests.browser.watch import Visitor
from tests.letters import PDF, blank, named, written

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("workers")]

SECRET = "A thought that is mine until the discussion."


def moment(days: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M}"


def done(page: Page, words: str) -> None:
    expect(page.locator(".notice.success").first).to_contain_text(words)


def row_of(*words: str) -> str:
    return "tr" + "".join(f":has-text({word!r})" for word in words)


def write_the_call(organiser: Visitor, title: str) -> None:
    page = organiser.page
    organiser.go("/")
    organiser.follow("Award calls")
    page.get_by_role("link", name="Write a call").click()
    for name, value in (
        ("Title", title),
        ("Sponsor", "Early Foundation"),
        ("Purpose", "To find what radiologists miss."),
        ("Amount, at most", "100000"),
        ("Letters from (UTC)", moment(-1)),
        ("Letters until (UTC)", moment(3)),
        ("Reviews until (UTC)", moment(9)),
        ("Rubric", "Weigh how many patients it would help."),
    ):
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_role("group", name="Benchmarks").get_by_role("checkbox").first.check()
    page.get_by_label("pancreas", exact=True).check()
    page.get_by_role("button", name="Save as a draft").click()
    done(page, "is saved, as a draft")
    page.get_by_label("I am sure: Publish").check()
    page.get_by_role("button", name="Publish").click()
    done(page, "is published")
    for person, decides in (("Rune Reviewer", True), ("Siv Second", False), ("Tora Third", False)):
        page.get_by_label("Add a reviewer").select_option(label=person)
        page.get_by_label("decides for the funder").set_checked(decides)
        page.get_by_role("button", name="Add to the panel").click()
        done(page, f"{person} is on the panel")


def hand_in_the_letter(member: Visitor, slug: str) -> None:
    page = member.page
    member.go(f"/awards/calls/{slug}/")
    page.get_by_role("link", name="Hand in a letter for Uppsala Imaging").click()
    page.get_by_label("Careful by Uppsala Imaging").check()
    page.get_by_label("Organisation", exact=True).fill("Uppsala University")
    page.get_by_label("Country").fill("Sweden")
    page.get_by_label("Region").select_option(label="Europe")
    writer = blank()
    writer._root_object.update(named(OpenAction=named(S="/JavaScript", JS="app.alert(1)")))
    letter = page.get_by_label("Letter of intent")
    letter.set_input_files({"name": "hostile.pdf", "mimeType": "application/pdf", "buffer": written(writer)})
    member.expect(422)
    page.get_by_role("button", name="Hand in").click()
    expect(page.locator(".notice.error").first).to_contain_text("It holds JavaScript.")
    expect(page.get_by_label("Organisation", exact=True)).to_have_value("Uppsala University")
    letter.set_input_files({"name": "letter.pdf", "mimeType": "application/pdf", "buffer": PDF})
    page.get_by_role("button", name="Hand in").click()
    done(page, "Version 1 is received")
    expect(page.locator(row_of("letter.pdf"))).to_contain_text("1 page")


def declare(reviewer: Visitor, title: str, *, conflict: bool) -> None:
    page = reviewer.page
    reviewer.go("/")
    reviewer.follow("Review desk")
    mine = page.locator("section", has=page.get_by_role("link", name=title, exact=True))
    mine.get_by_role("link", name="Uppsala Imaging").click()
    say(reviewer, conflict=conflict)


def say(reviewer: Visitor, *, conflict: bool) -> None:
    page = reviewer.page
    expect(page.locator("main")).to_contain_text("Mira Member")
    expect(page.locator("main")).not_to_contain_text("Careful")
    page.get_by_label("I have one: hide everything" if conflict else "I have none with this team").check()
    if conflict:
        page.get_by_label("What the conflict is").fill("We share a grant.")
    page.get_by_role("button", name="Declare").click()
    done(page, "You are recused" if conflict else "no conflict with Uppsala Imaging")


def write_the_review(reviewer: Visitor) -> None:
    page = reviewer.page
    page.get_by_label("Importance", exact=True).select_option("2")
    page.get_by_label("Why that importance").fill(SECRET)
    page.get_by_role("button", name="Keep as a draft").click()
    done(page, "The draft is kept")
    reviewer.expect(422)
    page.get_by_label("I am sure: locked").check()
    page.get_by_role("button", name="Lock and hand in").click()
    expect(page.locator(".notice.error").first).to_contain_text("Not answered: rigour, 1 to 9.")
    expect(page.get_by_label("Why that importance")).to_have_value(SECRET)
    page.get_by_label("Rigour", exact=True).select_option("3")
    page.get_by_label("Why that rigour").fill("The plan is sound.")
    page.get_by_label("Expertise and means").select_option("sufficient")
    page.get_by_label("I am sure: locked").check()
    page.get_by_role("button", name="Lock and hand in").click()
    done(page, "Your review is locked")


@on_both_screens
def test_from_the_call_to_the_decision(visit: Visit, installation: Installation, screen: str) -> None:
    title, slug = f"Cancers nobody sees {screen}", f"cancers-nobody-sees-{screen}"
    organiser, member, rune, siv, tora = (
        visit(part) for part in ("organiser", "member", "reviewer", "second", "third")
    )
    write_the_call(organiser, title)
    hand_in_the_letter(member, slug)
    organiser.page.reload()
    expect(organiser.page.locator(row_of("Uppsala Imaging"))).to_contain_text("version 1")
    installation.desk("close_call", slug=slug)

    declare(tora, title, conflict=True)
    tora.go("/awards/")
    expect(tora.page.locator("main")).to_contain_text("Uppsala Imaging, because you declared a conflict of interest")
    expect(tora.page.get_by_role("link", name="Careful", exact=True)).to_have_count(0)
    expect(tora.page.get_by_role("link", name="Wolf", exact=True)).to_have_count(1)

    page = organiser.page
    page.reload()
    expect(page.locator(row_of("Uppsala Imaging"))).not_to_contain_text("We share a grant.")
    page.locator(row_of("Uppsala Imaging")).get_by_role("link", name="Uppsala Imaging").click()
    say(organiser, conflict=False)
    organiser.go(f"/awards/calls/{slug}/run/")
    row = page.locator(row_of("Uppsala Imaging"))
    expect(row).to_contain_text("We share a grant.")
    organiser.expect(422)
    page.get_by_label("I am sure: Open the discussion").check()
    page.get_by_role("button", name="Open the discussion").click()
    expect(page.locator(".notice.error").first).to_contain_text("Uppsala Imaging has 0 of 2 locked reviews.")
    row.get_by_label("Reviewer of the letter of Uppsala Imaging").select_option(label="Rune Reviewer")
    row.get_by_role("button", name="Ask", exact=True).click()
    done(page, "Rune Reviewer is asked to review the letter of Uppsala Imaging")

    declare(rune, title, conflict=False)
    with rune.page.expect_download() as download:
        rune.page.get_by_role("link", name="Download the PDF").click()
    assert download.value.path().read_bytes() == PDF
    expect(rune.page.locator("section.candidate")).to_contain_text("Careful")
    rune.page.get_by_role("link", name="Write your review").click()
    write_the_review(rune)
    declare(siv, title, conflict=False)
    siv.page.get_by_role("button", name="Review this letter").click()
    write_the_review(siv)
    expect(siv.page.locator("main")).to_contain_text("Others’ reviews are shown when the organiser opens")
    expect(siv.page.locator("main")).not_to_contain_text(SECRET)

    organiser.go(f"/awards/calls/{slug}/run/")
    page.get_by_label("I am sure: Open the discussion").check()
    page.get_by_role("button", name="Open the discussion").click()
    done(page, "The discussion is open")
    siv.page.reload()
    expect(siv.page.get_by_text(SECRET)).to_have_count(2)
    siv.page.get_by_label("What you want to say").fill("We agree.")
    siv.page.get_by_role("button", name="Say it").click()
    expect(siv.page.locator(".notices")).to_contain_text("We agree.")
    expect(siv.page.get_by_role("button", name="Decide")).to_have_count(0)
    rune.page.reload()
    expect(rune.page.locator(".notices")).to_contain_text("We agree.")
    rune.page.get_by_label("awarded", exact=True).check()
    rune.page.get_by_label("Reason").fill("Two reviewers agree, and the plan is sound.")
    rune.expect(422)
    rune.page.get_by_role("button", name="Decide").click()
    expect(rune.page.locator(".notice.error").first).to_contain_text("can still be changed")
    rune.page.get_by_label("Awarded although the measurements do not say so").check()
    rune.page.get_by_role("button", name="Decide").click()
    done(rune.page, "Uppsala Imaging is told")

    member.go("/notices/")
    expect(member.page.locator(".notices li").first).to_contain_text("awarded")
    member.go(f"/awards/calls/{slug}/letters/uppsala-imaging/")
    expect(member.page.locator("main")).to_contain_text("Two reviewers agree, and the plan is sound.")
    public = visit()
    public.go("/awards/calls/")
    expect(public.page.locator(row_of(title))).to_contain_text("Uppsala Imaging")
