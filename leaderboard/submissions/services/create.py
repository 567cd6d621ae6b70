"""Handing in: the archive goes to disk, the quota is kept, the first bell is rung."""

from __future__ import annotations

import logging
from collections.abc import Collection
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from leaderboard.accounts.models import Team, User
from leaderboard.accounts.selectors import is_member
from leaderboard.audit.services import record
from leaderboard.benchmarks.models import Benchmark, Terms
from leaderboard.benchmarks.selectors import terms_now
from leaderboard.hospitals.models import Hospital
from leaderboard.lib import bell, files
from leaderboard.lib.errors import Fault, Refusal
from leaderboard.submissions.models import Submission
from leaderboard.submissions.selectors import quota

logger = logging.getLogger(__name__)


def submission_create(
    *,
    team: Team,
    benchmark: Benchmark,
    model: str,
    archive: File[bytes],
    contract: str,
    threshold: float,
    trained_on: Collection[Hospital],
    terms: int,
    by: User,
    public: bool = True,
    declared_prevalence: float | None = None,
) -> Submission:
    """Take an image archive in, as `docker save` wrote it. ``terms`` is the version that the person agreed to.

    Raises
    ------
    Refusal
        The terms are others by now, it is not this person's team, the benchmark takes none, the quota is used up, a
        field is wrong, or the archive is empty or too large. Nothing is kept then.
    """
    require_open(team, benchmark, contract, by)
    require_quota(team, benchmark)
    agreed = require_terms(terms)
    submission = Submission(
        id=uuid4(),
        team=team,
        benchmark=benchmark,
        model=model.strip(),
        created_by=by,
        archive_name=archive.name or "archive",
        archive_bytes=0,
        archive_sha256="",
        contract=contract,
        threshold=threshold,
        declared_prevalence=declared_prevalence,
        public=public,
        terms=agreed,
        agreed_by=by,
        agreed_at=timezone.now(),
    )
    require_clean(submission)
    files.data_folder("archives")
    path = submission.archive_path
    try:
        stored = files.store(archive.chunks(1024**2), path, limit=settings.LARGEST_ARCHIVE)
    except files.TooLarge as error:
        raise Refusal(
            f"The archive is larger than {settings.LARGEST_ARCHIVE / 1024**3:.0f} GiB.",
            next_step="Make the image smaller: build it in stages and leave out what is not needed to run.",
        ) from error
    try:
        enter(submission, stored, trained_on)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    logger.info("submission %s of team %s taken in: %d bytes", submission.pk, team.slug, stored.size)
    return submission


@transaction.atomic
def enter(submission: Submission, stored: files.Stored, trained_on: Collection[Hospital]) -> None:
    if stored.size == 0:
        raise Refusal("The archive is empty.", next_step="Write it with `docker save IMAGE -o archive.tar`.")
    submission.archive_bytes, submission.archive_sha256 = stored.size, stored.sha256
    # The rows of those who share a quota are the lock: two uploads at once cannot both take the last place.
    team = submission.team
    shared = Q(organisation=team.organisation_id) if team.organisation_id else Q(pk=team.pk)
    list(Team.objects.select_for_update().filter(shared).order_by("pk"))
    require_quota(submission.team, submission.benchmark)
    require_clean(submission)
    submission.save(force_insert=True)
    submission.trained_on.set(trained_on)
    record(
        "submission.handed-in",
        f"submission {submission.pk}",
        by=submission.created_by_id,
        team=submission.team.slug,
        benchmark=submission.benchmark.slug,
        archive=stored.sha256,
        terms=submission.terms.version if submission.terms else None,
    )
    bell.ring("submissions.check", submission.pk)


def require_open(team: Team, benchmark: Benchmark, contract: str, by: User) -> None:
    if not is_member(by, team):
        raise Refusal(f"You are not a member of {team}.", next_step="Ask one of its owners to add you.")
    if not benchmark.published or benchmark.sample is None or not benchmark.cohorts.exists():
        raise Refusal(
            f"{benchmark} does not take submissions yet.",
            why="It is not published, or has no sample cases or no hospital.",
            next_step="Ask an organiser when it opens.",
        )
    if benchmark.verified_only and team.organisation_id is None:
        raise Refusal(
            f"{benchmark} takes submissions of verified organisations only.",
            why=f"Nobody has verified which organisation {team} belongs to.",
            next_step="Write to the organisers, from an address of your organisation.",
        )
    if benchmark.ladder and benchmark.final_at is not None:
        raise Refusal(
            f"{benchmark} takes no submissions any more.",
            why="Its final is open: everything about the held-out patients that was kept back is shown.",
            next_step="Hand in for another benchmark.",
        )
    if contract not in benchmark.contracts:
        raise Refusal(
            f"{benchmark} has no contract {contract!r}.", next_step=f"Choose one of {', '.join(benchmark.contracts)}."
        )


def require_terms(version: int) -> Terms:
    terms = terms_now()
    if terms is None:
        raise Refusal(
            "Nothing can be handed in yet.",
            why="No terms are published that you could agree to.",
            next_step="Ask an organiser to publish them.",
        )
    if terms.version != version:
        raise Refusal(
            "The terms have changed.",
            why=f"You agreed to version {version}; version {terms.version} is in force.",
            next_step="Read them, agree to them, and hand in again.",
        )
    return terms


def require_quota(team: Team, benchmark: Benchmark) -> None:
    now = quota(team=team, benchmark=benchmark)
    if not now.left:
        raise Refusal(
            f"{team} has used its {now.allowed} submissions of this month.",
            why="Accepted submissions count, those under way, and those that failed by their own fault.",
            next_step=f"The quota is renewed on {now.renewed:%Y-%m-%d}.",
        )


def require_clean(submission: Submission) -> None:
    try:
        submission.full_clean(exclude=["archive_bytes", "archive_sha256"])
    except ValidationError as error:
        faults = [
            Fault(what=message, where="" if field == "__all__" else field)
            for field, messages in error.message_dict.items()
            for message in messages
        ]
        raise Refusal("The submission was not taken in.", why=" ".join(error.messages), faults=faults) from error
