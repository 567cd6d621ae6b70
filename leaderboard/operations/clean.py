"""What nothing needs any more, once it is old: found, then removed. Rows, and what a published ranking names, stay."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from leaderboard.dashboards.services import cards_expire
from leaderboard.evaluations.services import images_expire, logs_expire, stores_expire
from leaderboard.rankings.models import Entry
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import uploads_expire
from leaderboard.webhooks.services import deliveries_expire

logger = logging.getLogger(__name__)

State = Submission.State
HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Removed:
    """One thing that went, or would go."""

    what: str
    why: str


def clean(*, days: int, dry_run: bool) -> list[Removed]:
    """Remove what has not been needed for ``days``; with ``dry_run`` only say what would go."""
    found = [*archives(days, dry_run=dry_run), *leftovers(dry_run=dry_run)]
    found += [
        Removed(what=f"image {name}", why="no open run needs it") for name in images_expire(days, dry_run=dry_run)
    ]
    found += [Removed(what=f"scans {path}", why="not used") for path in stores_expire(days, dry_run=dry_run)]
    if number := deliveries_expire(days, dry_run=dry_run):
        found.append(Removed(what=f"{number} deliveries of web-hooks", why="they ended long ago"))
    found += [Removed(what=f"report card {path.stem}", why="not read") for path in cards_expire(days, dry_run=dry_run)]
    if not dry_run and (number := logs_expire()):
        found.append(Removed(what=f"{number} logs of held-out runs", why=f"older than LOG_DAYS, {settings.LOG_DAYS}"))
    for one in found:
        logger.info("%s%s: %s", "would remove " if dry_run else "removed ", one.what, one.why)
    return found


def archives(days: int, *, dry_run: bool) -> Iterator[Removed]:
    """Of refused and withdrawn submissions that stand in no published ranking."""
    old = timezone.now() - timedelta(days=days)
    rows = Submission.objects.filter(state__in=(State.REFUSED, State.WITHDRAWN), state_since__lt=old)
    shown = Entry.objects.filter(snapshot__published=True).values("evaluation__submission")
    for submission in rows.exclude(pk__in=shown).only("pk", "state"):
        for path in (submission.archive_path, submission.weights_path):
            if path.exists():
                yield from removed(path, f"its submission was {submission.state}", dry_run=dry_run)


def leftovers(*, dry_run: bool) -> Iterator[Removed]:
    """Uploads that were broken off, and archives without a row. A row comes after its archive: new ones are left."""
    before = time.time() - settings.LEFTOVER_HOURS * HOUR
    folder = settings.DATA / "archives"
    for upload in () if dry_run else uploads_expire():
        yield Removed(what=f"upload {upload}", why="it got no byte for a day")
    for path in (*(settings.DATA / "uploads").glob("*"), *folder.glob(".*.part")):
        if path.is_file() and path.stat().st_mtime < before:
            yield from removed(path, "an upload that was broken off", dry_run=dry_run)
    for path in (*folder.glob("[!.]*.tar"), *folder.glob("[!.]*.weights")):
        if path.stat().st_mtime < before and not has_row(path):
            yield from removed(path, "it belongs to no submission", dry_run=dry_run)


def has_row(path: Path) -> bool:
    try:
        return Submission.objects.filter(pk=UUID(path.stem)).exists()
    except ValueError:
        return True  # not ours to judge


def removed(path: Path, why: str, *, dry_run: bool) -> Iterator[Removed]:
    size = path.stat().st_size
    if not dry_run:
        path.unlink(missing_ok=True)
    yield Removed(what=f"{path.relative_to(settings.DATA)} ({size / 1024**2:,.1f} MiB)", why=why)
