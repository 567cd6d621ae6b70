"""Handing in: the archive goes to disk, the quota is kept, the first bell is rung."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NotRequired, TypedDict, Unpack
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import transaction
from django.utils import timezone

from evaluator.container.weights import PACK
from leaderboard.accounts.models import Team, User
from leaderboard.accounts.selectors import is_member, standing_together
from leaderboard.audit.services import record
from leaderboard.benchmarks.models import Benchmark, Terms
from leaderboard.benchmarks.selectors import terms_now
from leaderboard.hospitals.models import Hospital
from leaderboard.lib import bell, files
from leaderboard.lib.errors import Fault, Refusal
from leaderboard.submissions.models import Submission, Upload
from leaderboard.submissions.selectors import address_of, quota, ranked_already
from leaderboard.submissions.services.upload import too_large
from leaderboard.submissions.services.versions import require_follows

logger = logging.getLogger(__name__)

UNUSED = 0.5  # an operating point that calibration patients replace


class Entries(TypedDict):
    """What a person enters beside the archive. ``terms``: the version agreed to; ``follows``: the version before."""

    team: Team
    benchmark: Benchmark
    model: str
    contract: str
    threshold: NotRequired[float]
    public: NotRequired[bool]
    declared_prevalence: NotRequired[float | None]
    follows: NotRequired[Submission | None]
    terms: int
    by: User


def submission_create(
    *,
    archive: File[bytes] | Upload,
    weights: File[bytes] | Upload | None = None,
    trained_on: Collection[Hospital],
    **entries: Unpack[Entries],
) -> Submission:
    """Take an image archive in, as `docker save` wrote it: a form's file, or an upload that is complete. An archive of
    weights may come beside it.

    Raises
    ------
    Refusal
        The terms are others by now, it is not this person's team, the benchmark takes none, the quota is used up, a
        field is wrong, or an archive is empty, too large, not whole, or there already. Nothing is kept then but the
        uploads.
    """
    submission = submission_draft(**entries)
    submission.archive_name = archive.name or "archive"
    files.data_folder("archives")
    with ExitStack() as places:
        stored = places.enter_context(placed(archive, submission.archive_path, by=submission.created_by_id))
        apart = None
        if weights:
            apart = places.enter_context(placed(weights, submission.weights_path, by=submission.created_by_id))
        enter(submission, stored, apart, trained_on)
    logger.info("submission %s of team %s taken in: %d bytes", submission.pk, submission.team.slug, stored.size)
    return submission


def submission_draft(
    *,
    team: Team,
    benchmark: Benchmark,
    model: str,
    contract: str,
    threshold: float = UNUSED,
    public: bool = True,
    declared_prevalence: float | None = None,
    follows: Submission | None = None,
    terms: int,
    by: User,
) -> Submission:
    """What would be handed in, as far as that can be looked at before its archive is here; nothing is kept.

    Raises
    ------
    Refusal
        As `submission_create`, but for what it says of the archive.
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
        archive_name="archive",
        archive_bytes=0,
        archive_sha256="",
        contract=contract,
        threshold=threshold,
        declared_prevalence=declared_prevalence,
        public=public,
        terms=agreed,
        agreed_by=by,
        agreed_at=timezone.now(),
        follows=follows,
    )
    if follows:
        require_follows(submission, follows)
    require_clean(submission)
    return submission


def placed(archive: File[bytes] | Upload, path: Path, *, by: int) -> AbstractContextManager[files.Stored]:
    return uploaded(archive, path, by=by) if isinstance(archive, Upload) else sent(archive, path)


@contextmanager
def sent(archive: File[bytes], path: Path) -> Iterator[files.Stored]:
    """A form's file in its place; gone where the submission is not entered."""
    try:
        stored = files.store(archive.chunks(1024**2), path, limit=settings.LARGEST_ARCHIVE)
    except files.TooLarge as error:
        raise too_large() from error
    try:
        yield stored
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def uploaded(upload: Upload, path: Path, *, by: int) -> Iterator[files.Stored]:
    """An upload's file in its place; back where it was if the submission is not entered."""
    stored = whole(upload, by=by)
    try:
        upload.path.rename(path)
    except FileNotFoundError as error:
        raise Refusal("This upload was handed in already.", next_step="See My submissions.") from error
    try:
        with transaction.atomic():
            yield stored
            upload.delete()
    except BaseException:
        path.rename(upload.path)
        raise


def whole(upload: Upload, *, by: int) -> files.Stored:
    """Its size and digest, if all of it is there and it is this person's."""
    if upload.by_id != by or not upload.path.exists():
        raise Refusal("There is no such upload of yours.", next_step="Upload the archive again.")
    if not upload.is_complete:
        raise Refusal(
            f"Of the upload {upload.offset:,} of {upload.size:,} bytes are here.",
            next_step="Choose the same file again; the upload goes on where it stopped.",
        )
    stored = files.digested(upload.path)
    if upload.sha256 not in ("", stored.sha256):
        raise Refusal(
            "The archive is not the one that was sent.",
            why=f"Its SHA-256 is {stored.sha256}, not {upload.sha256}.",
            next_step="Upload it again.",
        )
    return stored


@transaction.atomic
def enter(
    submission: Submission, stored: files.Stored, weights: files.Stored | None, trained_on: Collection[Hospital]
) -> None:
    if stored.size == 0:
        raise Refusal("The archive is empty.", next_step="Write it with `docker save IMAGE -o archive.tar`.")
    submission.archive_bytes, submission.archive_sha256 = stored.size, stored.sha256
    if weights:
        if weights.size == 0:
            raise Refusal("The archive of weights is empty.", next_step=PACK)
        submission.weights_bytes, submission.weights_sha256 = weights.size, weights.sha256
    # The rows of those who share a quota are the lock: two uploads at once cannot both take the last place.
    list(standing_together(submission.team).select_for_update().order_by("pk"))
    require_quota(submission.team, submission.benchmark)
    require_clean(submission)
    require_new(submission)
    submission.save(force_insert=True)
    submission.trained_on.set(trained_on)
    record(
        "submission.handed-in",
        f"submission {submission.pk}",
        by=submission.created_by_id,
        team=submission.team.slug,
        benchmark=submission.benchmark.slug,
        archive=stored.sha256,
        **({"weights": weights.sha256} if weights else {}),
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
            why="Accepted submissions count, those under way, and those that failed in their try-out.",
            next_step=f"The quota is renewed on {now.renewed:%Y-%m-%d}.",
        )


def require_new(submission: Submission) -> None:
    if earlier := ranked_already(submission):
        raise Refusal(
            f"This archive is in {submission.benchmark} already: “{earlier.model}” of {earlier.created:%Y-%m-%d}.",
            why="The same image at the same operating point gives the same numbers once more.",
            next_step=f"It is at {address_of(earlier)}. To hand it in anew, withdraw that one first.",
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
        what = "The submission was not taken in."
        raise (Refusal(what, why=faults[0].what) if len(faults) == 1 else Refusal(what, faults=faults)) from error
