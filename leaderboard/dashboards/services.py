"""The report card as PDF: made when somebody first asks for it, one at a time, and kept under what it is made of."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from leaderboard.dashboards.figures.card import card_figures, net_benefits
from leaderboard.dashboards.figures.printed import printed
from leaderboard.dashboards.selectors.card import Card, group_lines, operating_numbers
from leaderboard.dashboards.selectors.reporting import reporting
from leaderboard.lib.files import data_folder
from leaderboard.lib.pdf import render
from leaderboard.lib.turns import Busy, turn

FOLDER = "cards"
LAYOUT = 2  # of the document: another makes every kept one be made again
WAIT = 2.0  # seconds that somebody waits for the turn: who waits holds a thread of the site
STATIC = settings.BASE_DIR / "leaderboard" / "static"
STYLE = STATIC / "site" / "print.css"
FONT = STATIC / "vendored" / "inter-4.1.1" / "InterVariable.woff2"

logger = logging.getLogger(__name__)


def card_pdf(*, made_of: tuple[object, ...], card: Callable[[], Card], address: str) -> Path:
    """The file of a report card; ``made_of`` says all that it follows from, so it is made once.

    Parameters
    ----------
    made_of : tuple
        Anything whose ``repr`` says all of it.
    card : callable
        Gives the card; asked only where the file must be made.
    address : str
        Of the benchmark's leaderboard.

    Raises
    ------
    Busy, NotPrinted
        Others were in line for as long as one waits; or it could not be made.
    """
    key = hashlib.sha256(repr((LAYOUT, STYLE.stat().st_mtime_ns, made_of, address)).encode()).hexdigest()
    path = data_folder(FOLDER) / f"{key}.pdf"
    if not path.exists():
        # Among all processes of the site: a page that takes seconds of computing must not take all of it.
        busy = Busy(
            "The report card is not made yet.",
            why="Others are having theirs made, one after the other.",
            next_step="Ask for it again in half a minute.",
        )
        with turn(FOLDER, at_once=1, patience=WAIT, otherwise=busy):
            if not path.exists():
                began = time.monotonic()
                content = render(document(card(), address=address))
                scratch = path.with_name(f".{path.name}.{os.getpid()}")
                scratch.write_bytes(content)
                scratch.replace(path)
                logger.info("report card made in %.1f s, %d bytes", time.monotonic() - began, len(content))
    os.utime(path)  # what is read stays
    return path


def document(card: Card, *, address: str) -> str:
    """The report card as HTML for print."""
    figures, benefits = card_figures(card), net_benefits(card)
    context: dict[str, Any] = {
        "card": card,
        "benchmark": card.source.submission.benchmark,
        "figures": {key: printed(figure) for key, figure in figures.items()},
        "benefits": [printed(figure) for figure in benefits],
        "groups": group_lines(card.source.overall),
        "operating": operating_numbers(card),
        "reporting": reporting(card, address=address),
        "address": address,
        "made": datetime.now(UTC),
        "style": STYLE.read_text(),
        "font": font(),
    }
    return render_to_string("dashboards/card_print.html", context)


def font() -> str:
    """The site's own font, to be written into the document."""
    return f"data:font/woff2;base64,{b64encode(FONT.read_bytes()).decode()}"


def cards_expire(days: int, *, dry_run: bool) -> Iterator[Path]:
    """Kept files that nobody has read for so many days."""
    before = time.time() - days * 86400
    for path in sorted(data_folder(FOLDER).glob("*.pdf")):
        if path.stat().st_mtime < before:
            if not dry_run:
                path.unlink(missing_ok=True)
            yield path
