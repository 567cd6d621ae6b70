"""One installation for all browser tests, one Chromium a file, one browser profile a person."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import pytest
from playwright.sync_api import Browser, StorageState, expect, sync_playwright

from tests.browser.installation import ROOT, Installation, installed
from tests.browser.watch import Visitor, Watch
from tests.containers.submissions import FOLDER_DETECTOR, Images, between

PATIENCE = 60_000  # ms: the machine may be busy with other tests
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
# Finds every tumour of the tiny cohorts; on held-out cases it takes a second each, so that it can be watched.
DETECTOR = "print('the detector starts', flush=True)\n" + between(FOLDER_DETECTOR, -50, 50).replace(
    "    scan =", "    __import__('time').sleep(1)\n    scan ="
)

Visit = Callable[..., Visitor]

# A journey is made on a telephone at night and on a desk by day; what it leaves behind is named by its screen.
SCREENS = {
    "390-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "1440-light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
}
on_both_screens = pytest.mark.parametrize("screen", SCREENS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Last of all, and together: the installation's processes would take time from every other test."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def chromium_path() -> str:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if not found:
        pytest.fail("There is no Chromium on this machine: run docker/setup.sh, or name one in CHROMIUM.")
    return found


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("installation")) as found:
        yield found


@pytest.fixture(scope="session")
def images(installation: Installation) -> Iterator[Images]:
    """Kept until nothing runs any more."""
    with Images() as images:
        yield images


@pytest.fixture
def archive(images: Images, tmp_path: Path) -> Iterator[Path]:
    """A real detector, as `docker save` writes it; no two are one image."""
    client: Any = docker.from_env()
    path = tmp_path / "detector.tar"
    with path.open("wb") as file:
        file.writelines(client.images.get(images.of(f"{DETECTOR}\n# {uuid4()}\n")).save())
    client.close()
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = chromium_path()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in() -> dict[str, StorageState]:
    """The cookies of everybody who has followed a login link."""
    return {}


@pytest.fixture
def screen() -> str:
    """Where nothing is asked for, a desk by day."""
    return "1440-light"


@pytest.fixture
def visit(
    installation: Installation, chromium: Browser, signed_in: dict[str, StorageState], screen: str
) -> Iterator[Visit]:
    """Opens a browser for somebody: ``visit()`` for the public, ``visit("member")`` for one who signs in by a link.
    A passkey belongs to a name, so it takes ``host="localhost"``."""
    opened: list[Visitor] = []

    def one(part: str = "", *, host: str = "127.0.0.1", **options: Any) -> Visitor:
        address = installation.address.replace("127.0.0.1", host)
        context = chromium.new_context(storage_state=signed_in.get(part), **(SCREENS[screen] | options))
        context.set_default_timeout(PATIENCE)
        visitor = Visitor(page=context.new_page(), watch=Watch(context, address), address=address)
        opened.append(visitor)
        if part and part not in signed_in:
            visitor.go(installation.desk("login_link", part=part))
            signed_in[part] = context.storage_state()
        return visitor

    yield one
    faults = [fault for visitor in opened for fault in visitor.watch.faults]
    for visitor in opened:
        visitor.page.context.close()
    assert faults == []


@pytest.fixture(scope="session")
def screenshots() -> Path:
    folder = Path(os.environ.get("SCREENSHOTS") or ROOT / ".data" / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
