"""How a ranking is cited: in words, and for BibTeX."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from leaderboard.dashboards import formatting
from leaderboard.rankings.models import Snapshot

AUTHOR = "Cancer Imaging Leaderboard"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    sign: f"\\{sign}" for sign in "&%$#_{}"
}


@dataclass(frozen=True, kw_only=True)
class Citation:
    """``address`` names the ranking by its ID, so that it never shows another."""

    plain: str
    bibtex: str
    address: str
    id: str


def cite(snapshot: Snapshot, *, page: str) -> Citation:
    """Of a ranking whose benchmark's leaderboard is at the address ``page``."""
    identity = f"sha256:{snapshot.sha256}"
    address = f"{page}?snapshot={identity}"
    made = snapshot.created.astimezone(UTC)
    title = f"{snapshot.benchmark.title}, ranking {snapshot.number}"
    synthetic = "Synthetic demonstration. " if snapshot.benchmark.demonstration else ""
    bibtex = "\n".join(
        (
            f"@misc{{{snapshot.benchmark.slug}-{snapshot.number},",
            f"  author       = {{{{{AUTHOR}}}}},",
            f"  title        = {{{{{escaped(title)}}}}},",
            f"  year         = {{{made.year}}},",
            f"  month        = {MONTHS[made.month - 1]},",
            f"  day          = {{{made.day}}},",
            f"  howpublished = {{\\url{{{address}}}}},",
            f"  note         = {{{synthetic}As of {formatting.utc(made)}. Snapshot ID {identity}}},",
            "}",
            "",
        )
    )
    plain = f"{AUTHOR}: {title}. {synthetic}{formatting.utc(made)}. Snapshot ID {identity}. {address}"
    return Citation(plain=plain, bibtex=bibtex, address=address, id=identity)


def escaped(text: str) -> str:
    """What TeX would take for a command."""
    return "".join(SPECIAL.get(sign, sign) for sign in text)
