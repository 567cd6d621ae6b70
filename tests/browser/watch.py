"""What a browser does behind the page's back, written down."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError

# A violation is told to the document; the browser's own line on the console comes besides.
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`Content-Security-Policy: ${event.violatedDirective} forbids ${event.blockedURI}`));
"""
# What a graphics driver without a graphics card says of its own speed, whatever is drawn.
SLOW_DRIVER = "GL Driver Message (OpenGL, Performance"
STATUS = re.compile(r"responded with a status of (\d+)")


class Watch:
    """Console errors, page errors, violations of the content security policy, and requests to other hosts."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.faults: list[str] = []
        self.expected: set[str] = set()
        self._host = urlsplit(address).netloc
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"} or SLOW_DRIVER in message.text:
            return
        status = STATUS.search(message.text)
        if not (status and status[1] in self.expected):
            self.faults.append(f"{message.type} on the console: {message.text} ({message.location['url']})")

    def _error(self, error: WebError) -> None:
        self.faults.append(f"error of the page: {error.error}")

    def _request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in {"http", "https", "ws", "wss"} and url.netloc != self._host:
            self.faults.append(f"request to another host: {request.url}")


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """A person with a browser of their own."""

    page: Page
    watch: Watch
    address: str

    def expect(self, status: int) -> None:
        """The browser writes an answer such as 404 on the console; the test asks for this one."""
        self.watch.expected.add(str(status))

    def follow(self, name: str, *, within: str = "") -> None:
        """A link of the masthead, behind its button on a small screen."""
        menu = self.page.get_by_role("button", name="Menu", exact=True)
        if menu.is_visible():
            menu.click()
        place = self.page.get_by_role("navigation", name=within) if within else self.page.locator("header")
        place.get_by_role("link", name=name, exact=True).click()

    def go(self, path: str, *, status: int = 200) -> Response:
        if status != 200:
            self.expect(status)
        response = self.page.goto(self.address + path)
        assert response is not None
        assert response.status == status, f"{path} answered {response.status}"
        return response
