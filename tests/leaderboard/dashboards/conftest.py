"""What every page must be: nothing inline, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Protocol

import pytest

FETCHED = {
    ("script", "src"),
    ("link", "href"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("object", "data"),
}


class Answer(Protocol):
    content: bytes


class Page(HTMLParser):
    """Collects what a strict Content-Security-Policy would refuse, and the headings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.headings: list[str] = []
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.faults.append("inline script")
        if tag == "style" or "style" in given:
            self.faults.append(f"inline style at <{tag}>")
        self.faults += [f"{name} at <{tag}>" for name in given if name.startswith("on")]
        self.faults += [
            f"{value} is fetched from elsewhere"
            for name, value in attrs
            if (tag, name) in FETCHED and value and "//" in value
        ]
        if value := given.get("id"):
            self.ids.append(value)
        if tag == "h1":
            self.headings.append(tag)


@pytest.fixture
def faults_of() -> Callable[[Answer], list[str]]:
    def check(response: Answer) -> list[str]:
        page = Page(response.content.decode())
        twice = [f"id {one} twice" for one in set(page.ids) if page.ids.count(one) > 1]
        headings = [] if len(page.headings) == 1 else [f"{len(page.headings)} first headings"]
        return page.faults + twice + headings

    return check
