"""What this machine keeps for runs, and no run has needed for a while: images in its engine, sanitised scans."""

from __future__ import annotations

import logging
import time

from django.db.models import Q

from evaluator.container.archive import REPOSITORY
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.engine import ContainerEngine
from evaluator.contract.store import remove_store, unused_stores
from evaluator.errors import PlatformFault
from leaderboard.evaluations.models import Run
from leaderboard.lib.files import data_folder
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)

DAY = 86400.0


def images_expire(days: int, *, dry_run: bool, engine: ContainerEngine | None = None) -> list[str]:
    """Images under our name that no open submission or run needs. Where one is needed again its archive is loaded."""
    needed = set(needed_images())
    gone = []
    try:
        engine = engine or DockerEngine()
        for image in engine.tagged_images(REPOSITORY):
            if image.digest in needed or image.tagged > time.time() - days * DAY:
                continue
            if not dry_run:
                engine.remove_image(image.reference)
            gone.append(f"{image.reference} ({image.size_bytes / 1024**2:,.1f} MiB)")
    except PlatformFault as fault:
        logger.warning("images not cleaned: %s", fault)
    return gone


def needed_images() -> list[str]:
    """Of submissions that are being looked at, wait for their evaluation, or have a run that has not ended."""
    accepted = Q(state=Submission.State.ACCEPTED)
    unmade, running = Q(evaluation__isnull=True), Q(evaluation__runs__state__in=Run.OPEN)
    rows = Submission.objects.filter(Q(state__in=Submission.OPEN) | accepted & (unmade | running))
    return list(rows.exclude(image="").values_list("image", flat=True).distinct())


def stores_expire(days: int, *, dry_run: bool) -> list[str]:
    """Sanitised scans; none while a run is held here, which may have them mounted."""
    if Run.objects.filter(state__in=Run.HELD).exists():
        return []
    stale = unused_stores(data_folder("state") / "store", before=time.time() - days * DAY)
    return [store.name for store in stale if dry_run or remove_store(store)]
