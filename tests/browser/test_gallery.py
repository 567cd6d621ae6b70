"""The gallery and the queue in a real browser: the scan is drawn, and a reader decides without leaving the keyboard."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its own documentation's name
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("workers")]

QUEUE = "/gallery/queue/harbour/"
ORANGE, PINK = (230, 159, 0), (204, 121, 167)  # the reference standard, a suspect


def drawn(page: Page) -> Locator:
    page.locator("[data-viewer][data-drawn]").wait_for()
    return page.locator("[data-viewer] canvas")


def pixels(canvas: Locator, folder: Path) -> NDArray[np.int32]:
    path = folder / "canvas.png"
    canvas.screenshot(path=path)
    return np.asarray(sitk.GetArrayFromImage(sitk.ReadImage(path)))[..., :3].astype(np.int32)


def tinted(image: NDArray[np.int32], colour: tuple[int, int, int]) -> int:
    """Pixels that are grey with a share of a colour, and as coloured as the overlay makes them."""
    grey = image.min(axis=-1, keepdims=True)
    excess, wanted = image - grey, np.array(colour) - min(colour)
    share = (excess @ wanted) / (wanted @ wanted)
    apart = np.abs(excess - share[..., np.newaxis] * wanted).max(axis=-1)
    return int(((share > 0.2) & (apart < 12)).sum())


def test_scan_reference_and_suspect_are_drawn_and_each_can_be_taken_away(visit: Visit, tmp_path: Path) -> None:
    visitor = visit("organiser", viewport={"width": 1440, "height": 900})
    page = visitor.page
    visitor.go(f"{QUEUE}")
    canvas = drawn(page)
    whole = pixels(canvas, tmp_path)
    tissue = (np.ptp(whole, axis=-1) < 8) & (whole.mean(axis=-1) > 100)
    assert tissue.mean() > 0.2  # 100 HU in a window from -160 to 240
    assert tinted(whole, ORANGE) > 500
    assert tinted(whole, PINK) > 500
    page.get_by_role("checkbox", name="reference").uncheck()
    without = pixels(canvas, tmp_path)
    assert tinted(without, ORANGE) < 50
    assert tinted(without, PINK) > 500
    page.keyboard.press("o")
    assert tinted(pixels(canvas, tmp_path), PINK) < 50
    page.get_by_role("button", name="Lung").click()
    expect(page.get_by_role("button", name="Lung")).to_have_attribute("aria-pressed", "true")
    lung = pixels(canvas, tmp_path)
    assert lung.mean() > whole.mean() + 20  # 100 HU is nearly white there


def test_one_jumps_from_finding_to_finding_and_reads_hounsfield_units(
    visit: Visit, installation: Installation, tmp_path: Path
) -> None:
    visitor = visit("organiser", viewport={"width": 1440, "height": 900})
    page = visitor.page
    keys = installation.desk("submissions") | installation.desk("gallery")
    visitor.go("/gallery/cases/{case}/?model={Careful}".format(**keys))
    canvas = drawn(page)
    readout = page.locator("[data-readout]")
    expect(readout).to_have_text("100 HU at 0.0, 0.0, 0.0 mm")
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": box["width"] * 0.3, "y": box["height"] * 0.6})
    expect(readout).not_to_have_text("100 HU at 0.0, 0.0, 0.0 mm")
    expect(readout).to_have_text(re.compile(r"^-?\d+ HU at (-?\d+\.\d, ){2}-?\d+\.\d mm$"))
    page.keyboard.press("n")
    expect(readout).to_have_text("100 HU at 0.0, 0.0, 0.0 mm")
    expect(page.locator("[data-mm][data-current]")).to_have_count(1)
    page.keyboard.press("n")
    expect(page.get_by_role("button", name="Go to lesion 1")).to_have_attribute("data-current", "")
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Go to finding 1")).to_have_attribute("data-current", "")


def test_a_reader_goes_through_the_queue_by_keys_alone(visit: Visit) -> None:
    visitor = visit("steward", viewport={"width": 1440, "height": 900})
    page = visitor.page
    visitor.go(QUEUE)
    said = page.locator(".notice.success")
    decided = page.get_by_role("group", name="What you decided")
    for key, case, verdict in (("r", "case00", "reject"), ("e", "case01", "needs edit"), ("a", "case03", "accept")):
        drawn(page)
        expect(page.get_by_text(f"{case}, tiny version 1")).to_be_visible()
        assert "Careful" not in page.locator("main .looking").inner_text()
        page.keyboard.press(key)
        expect(said).to_contain_text(f"{case}: {verdict}.")
    expect(page.get_by_text("You have decided everything there is.")).to_be_visible()
    expect(decided.locator("tbody tr")).to_have_count(3)
    expect(decided).to_contain_text("Careful (Uppsala Imaging)")
    expect(page.locator(".title-row")).to_contain_text(re.compile(r"median \d+ s a decision \(n 3\)"))
    page.keyboard.press("u")
    expect(said).to_contain_text("Undone.")
    drawn(page)
    expect(page.get_by_text("case03, tiny version 1")).to_be_visible()
    page.get_by_label("Reason, if you like").fill("area")  # letters that are typed decide nothing
    expect(page.get_by_text("case03, tiny version 1")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(said).to_contain_text("case03: accept.")
    expect(decided).to_contain_text("area")


def test_the_queue_works_without_a_picture(visit: Visit) -> None:
    """As in a browser without scripts: what is known stands beside, and the buttons are a form's."""
    visitor = visit("organiser", java_script_enabled=False)
    page = visitor.page
    visitor.go(QUEUE)
    expect(page.get_by_text("The picture needs JavaScript and WebGL 2.")).to_be_visible()
    expect(page.get_by_role("button", name="Accept")).to_be_enabled()
    expect(page.get_by_text("32, 32, 12 mm")).to_be_visible()
