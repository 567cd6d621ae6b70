"""The broker made of files keeps what it delivered; somebody has to tidy up."""

from __future__ import annotations

import time

from django.conf import settings

KEPT_SECONDS = 600


def prune() -> int:
    """Delete delivered messages older than ten minutes; how many. Nothing to do for another broker."""
    deleted = 0
    oldest = time.time() - KEPT_SECONDS
    for path in (settings.BROKER / "processed").glob("*"):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
                deleted += 1
        except FileNotFoundError:
            continue  # another worker's reconciler was first
    return deleted
