"""Accepted images in the registry that hospitals with machines of their own fetch from."""

from __future__ import annotations

import logging
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from evaluator.container.archive import load_archive, read_archive
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.engine import ContainerEngine
from evaluator.errors import EvaluatorError
from leaderboard.lib import bell
from leaderboard.lib.leases import next_ring
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)

PUSH = "submissions.push"
NAME = "submissions"  # one repository: layers that submissions share are kept once
RINGS_AT_ONCE = 10


def submission_push(*, pk: UUID, engine: ContainerEngine | None = None) -> None:
    """Bring an accepted image there, and note how it is fetched. What fails is rung for again."""
    submission = missing().filter(pk=pk).first()
    if submission is None:
        return
    engine = engine or DockerEngine()
    try:
        if engine.inspect_image(submission.image) is None:
            path = submission.archive_path
            load_archive(engine, path, read_archive(path))
        reference = engine.push_image(submission.image, place=settings.REGISTRY_URL, name=NAME)
    except (EvaluatorError, OSError) as error:
        logger.warning("submission %s not brought to the registry: %s", pk, error)
        return
    missing().filter(pk=pk).update(reference=reference)
    logger.info("submission %s is in the registry as %s", pk, reference)


def missing() -> QuerySet[Submission]:
    wanted = Submission.objects.filter(state=Submission.State.ACCEPTED, reference="")
    return wanted if settings.REGISTRY_URL else wanted.none()


@transaction.atomic
def registry_reconcile() -> None:
    """Ring for those that are not there yet."""
    for submission in missing().filter(ring_at__lte=timezone.now()).order_by("accepted_at")[:RINGS_AT_ONCE]:
        bell.ring(PUSH, submission.pk)
        Submission.objects.filter(pk=submission.pk).update(ring_at=next_ring())
