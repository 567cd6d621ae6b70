"""What a team, its rival, an organiser and a funder do and see."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Visit, on_both_screens
from tests.browser.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.containers, pytest.mark.xdist_group("workers")]

BOARD = "/leaderboard/pancreas-ct/"
HOSPITALS = ("Harbour", "Lakeside")


def fill_in(page: Page, *, model: str, archive: Path) -> None:
    page.get_by_label("Model name").fill(model)
    page.get_by_label("Image archive").set_input_files(archive)
    page.get_by_label("Operating point").fill("0.25")
    page.get_by_label("I agree to the terms, version 1").check()


def packed(path: Path) -> Path:
    """An archive of weights, which no detector here reads."""
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("./model.pt")
        entry.size = 7
        archive.addfile(entry, io.BytesIO(b"weights"))
    return path


def row_of(*words: str) -> str:
    """The row of a table that has all these words in it, as a selector."""
    return "tr" + "".join(f":has-text({word!r})" for word in words)


@on_both_screens
def test_a_team_hands_in_a_container_watches_it_and_finds_it_on_the_leaderboard(
    visit: Visit, archive: Path, tmp_path: Path, screen: str
) -> None:
    """At the desk its weights come apart from it."""
    model, weights = f"Thresholds {screen}", screen.startswith("1440")
    visitor = visit("member")
    page = visitor.page
    visitor.go("/")
    visitor.follow("Submit")
    expect(page.get_by_text(re.compile(r"Uppsala Imaging has \d+ of 50 submissions left"))).to_be_visible()
    fill_in(page, model=model, archive=archive)
    if weights:
        page.get_by_label("Weights, apart from the image").set_input_files(packed(tmp_path / "weights.tar.gz"))
    page.get_by_role("button", name="Hand in").click()
    expect(page.locator(".upload-progress")).to_contain_text("MiB sent")

    expect(page.get_by_role("heading", level=1)).to_have_text(model)
    expect(page.locator(".notice.success")).to_contain_text("was taken in")
    page.evaluate("window.notReloaded = true")
    state = page.locator("#state")
    expect(state).to_contain_text(re.compile("Queued|Running|Done"))
    for hospital in HOSPITALS:
        done = re.compile(r"done .* all 8", re.DOTALL)
        expect(page.locator(row_of(hospital))).to_contain_text(done, timeout=3 * PATIENCE)
    page.get_by_text("Log of the try-out").click()
    expect(page.locator("pre.log")).to_contain_text("the detector starts")
    assert page.evaluate("window.notReloaded")
    expect(page.locator("main").get_by_text("1 file of 7 bytes at /opt/ml/model")).to_have_count(int(weights))

    page.get_by_role("link", name=f"Report card of {model}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(model)
    expect(page.get_by_text("likelihood above 0.25", exact=False).first).to_be_visible()
    expect(page.locator("#figure-roc .main-svg").first).to_be_visible()
    visitor.go(BOARD)
    expect(page.locator(row_of(model, "Uppsala Imaging"))).to_contain_text("100.0")


def test_a_file_that_is_no_image_is_refused_with_what_why_and_what_next(visit: Visit, tmp_path: Path) -> None:
    wrong = tmp_path / "weights.tar.gz"
    wrong.write_bytes(gzip.compress(b"no archive at all" * 1000))
    visitor = visit("member")
    page = visitor.page
    visitor.go("/submissions/submit/")
    fill_in(page, model="Weights", archive=wrong)
    page.get_by_role("button", name="Hand in").click()
    expect(page.locator("#state")).to_contain_text("Refused")
    notice = page.locator("#state .notice.error")
    expect(notice).to_contain_text("image-invalid")
    expect(notice).to_contain_text("submission’s fault")
    expect(notice.locator("p").nth(1)).not_to_be_empty()
    expect(page.locator(row_of("refused"))).to_be_visible()
    visitor.go("/submissions/")
    expect(page.locator(row_of("Weights"))).to_contain_text("refused")


def test_a_file_that_does_not_begin_like_an_archive_is_not_sent(visit: Visit, tmp_path: Path) -> None:
    wrong = tmp_path / "weights.zip"
    wrong.write_bytes(b"PK" * 1000)
    visitor = visit("member")
    page = visitor.page
    visitor.go("/submissions/submit/")
    fill_in(page, model="Zipped", archive=wrong)
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("status")).to_contain_text("weights.zip is no archive")
    expect(page.get_by_role("button", name="Hand in")).to_be_enabled()
    visitor.go("/submissions/")
    expect(page.locator("main")).not_to_contain_text("Zipped")


def test_a_refused_form_keeps_its_entries(visit: Visit, tmp_path: Path) -> None:
    archive = tmp_path / "careful.tar"
    archive.write_bytes(b"not looked at")
    visitor = visit("member")
    visitor.expect(422)
    page = visitor.page
    visitor.go("/submissions/submit/")
    fill_in(page, model="Careful", archive=archive)
    page.get_by_label("Contract").select_option("grand-challenge")
    page.get_by_label("Lakeside").check()
    page.get_by_label("Publish its numbers").uncheck()
    page.get_by_role("button", name="Hand in").click()
    expect(page.locator(".notice.error")).to_contain_text("Your team already has a submission of this name")
    expect(page.get_by_label("Model name")).to_have_value("Careful")
    expect(page.get_by_label("Operating point")).to_have_value("0.25")
    expect(page.get_by_label("Contract")).to_have_value("grand-challenge")
    expect(page.get_by_label("Lakeside")).to_be_checked()
    expect(page.get_by_label("Publish its numbers")).not_to_be_checked()
    expect(page.get_by_role("button", name="Hand in")).to_be_enabled()


def test_for_a_rival_a_submission_does_not_exist(visit: Visit, installation: Installation) -> None:
    pk = installation.desk("submissions")["Careful"]
    rival = visit("rival")
    rival.go(f"/evaluations/{pk}/", status=404)
    expect(rival.page.get_by_role("heading", level=1)).to_have_text("There is nothing at this address")
    rival.go(f"/evaluations/{pk}/state/", status=404)
    rival.go("/submissions/submit/")
    for act in (f"/evaluations/{pk}/cancel/", f"/submissions/{pk}/withdraw/"):
        status = rival.page.evaluate(
            """async (act) => {
                const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
                return (await fetch(act, {method: "POST", headers: {"X-CSRFToken": token}})).status;
            }""",
            act,
        )
        assert status == 404
    rival.go("/submissions/")
    expect(rival.page.locator("main")).not_to_contain_text("Careful")


@on_both_screens
def test_an_organiser_sees_the_queue_cancels_a_run_and_puts_it_in_line_again(
    visit: Visit, installation: Installation, archive: Path, screen: str
) -> None:
    model = f"Watched {screen}"
    installation.desk("hand_in", archive=str(archive), model=model)
    visitor = visit("organiser")
    page = visitor.page
    visitor.go("/")
    visitor.follow("Operations")
    for worker in ("platform@browser", "hospitals@browser"):
        expect(page.locator(row_of(worker))).to_contain_text("alive")
    page.evaluate("window.notReloaded = true")
    running = page.locator(row_of(model, "run at Lakeside"))
    expect(running).to_contain_text("running", timeout=3 * PATIENCE)  # the other hospital's run may come first
    expect(running).to_contain_text("Uppsala Imaging")
    expect(running).to_contain_text(re.compile(r"\d of 8"))
    assert page.evaluate("window.notReloaded")
    running.get_by_role("button", name="Cancel").click()
    expect(page.locator(".notice.success")).to_contain_text("at Lakeside is asked to stop")
    ended = page.locator(row_of(model, "Lakeside", "Put in line again"))
    expect(ended).to_contain_text("cancelled")
    ended.get_by_role("button", name="Put in line again").click()
    expect(page.locator(".notice.success")).to_contain_text("at Lakeside stands in line again")
    expect(ended).to_have_count(0)

    team = visit("member")
    team.go(f"/evaluations/{installation.desk('submissions')[model]}/")
    lakeside = team.page.locator(row_of("Lakeside"))
    expect(lakeside).to_contain_text("running", timeout=3 * PATIENCE)
    team.page.get_by_role("button", name="Cancel the runs").click()
    expect(team.page.locator(".notice.success")).to_contain_text("Cancelled")
    expect(lakeside).to_contain_text("cancelled")


@on_both_screens
def test_a_funder_sees_who_meets_which_criterion_and_on_how_many_patients(visit: Visit) -> None:
    visitor = visit("funder")
    page = visitor.page
    visitor.go("/")
    visitor.follow("Award candidates")
    careful, wolf, blind = (
        page.locator("section.candidate", has=page.get_by_role("link", name=model, exact=True))
        for model in ("Careful", "Wolf", "Blind")
    )
    # Over all criteria, then sensitivity, specificity, and the badge: two tumours of at most 2 cm are too few.
    for candidate, verdicts in (
        (careful, ("exceeds", "exceeds", "exceeds", "too few")),
        (wolf, ("does not", "exceeds", "does not", "too few")),
        (blind, ("does not", "does not", "exceeds", "too few")),
    ):
        expect(candidate.locator(".verdict")).to_have_text(verdicts)
    expect(careful.get_by_role("row").nth(1)).to_contain_text("8/8")
    expect(wolf.get_by_role("row").nth(2)).to_contain_text("2/8")
    expect(blind.get_by_role("row").nth(1)).to_contain_text("2/8")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert sum("Careful" in line for line in lines) == 3
    visitor.go("/evaluations/operations/", status=403)


def test_a_login_link_works_once(visit: Visit, installation: Installation) -> None:
    link = installation.desk("login_link", part="rival")
    first = visit()
    first.go(link)
    expect(first.page.get_by_role("link", name="Rita Rival")).to_be_visible()
    first.page.get_by_role("button", name="Log out").click()
    expect(first.page.get_by_role("link", name="Log in")).to_be_visible()
    first.go(link, status=410)
    expect(first.page.locator(".notice.error")).to_contain_text("Ask an organiser for a new one")
