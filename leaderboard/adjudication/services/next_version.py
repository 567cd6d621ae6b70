"""What was accepted of a frozen cohort, for its next version. The frozen one, and rankings made with it, stay."""

from __future__ import annotations

import logging
from pathlib import Path

from django.db import transaction

from evaluator.cohort import DRAFT, Addition, Draft, Revision, read_cohort, write_next_version
from evaluator.errors import EvaluatorError
from evaluator.results import dump
from leaderboard.accounts.models import User
from leaderboard.adjudication.models import Suspect
from leaderboard.audit.services import record
from leaderboard.hospitals.models import Cohort
from leaderboard.lib.errors import Fault, Refusal

logger = logging.getLogger(__name__)


def draft_of(cohort: Cohort) -> Draft:
    """Every suspect that all its readers took: those that need an edit must be drawn, the others may be balls."""
    taken = Suspect.objects.filter(case__cohort=cohort, state__in=Suspect.TAKEN).select_related("case")
    return Draft(
        schema=DRAFT,
        hospital=cohort.hospital.slug,
        name=cohort.name,
        version=cohort.version,
        fingerprint=cohort.fingerprint,
        additions=tuple(
            Addition(
                number=suspect.pk,
                case=suspect.case.case,
                centre_mm=tuple(suspect.centre_mm),
                volume_ml=suspect.volume_ml,
                must_be_drawn=suspect.state == Suspect.State.EDIT,
            )
            for suspect in taken.order_by("case__case", "pk")
        ),
    )


def draft_json(cohort: Cohort) -> bytes:
    return dump(draft_of(cohort))


def next_version_write(
    *, cohort: Cohort, folder: Path, version: str, by: User | None, masks: Path | None = None
) -> Revision:
    """Write the next version's folder beside the frozen one; it is imported like any other.

    Raises
    ------
    Refusal
        The cohort lies at its hospital, nothing was accepted, something must be drawn first, or a file does not fit.
    """
    if not cohort.folder:
        raise Refusal(
            f"{cohort} lies at its hospital.",
            why="Its scans never leave the building, so the next version is written there.",
            next_step="Download the draft and run `python -m evaluator cohort revise` on the hospital's machine.",
        )
    draft = draft_of(cohort)
    if not draft.additions:
        raise Refusal(f"Nothing of {cohort} was accepted yet.", next_step="Decide on its suspects in the gallery.")
    try:
        revision = write_next_version(read_cohort(cohort.path), draft, folder, version=version, masks=masks)
    except EvaluatorError as error:
        lines = getattr(error, "faults", ())
        raise Refusal(
            error.what,
            why=error.why,
            next_step=error.next_step,
            faults=[Fault(what=line.what, where=line.where, why=line.why, next_step=line.next) for line in lines],
        ) from error
    with transaction.atomic():
        record(
            "cohort.next-version-written",
            f"cohort {cohort.pk}",
            by=by.pk if by else None,
            version=version,
            suspects=[one.number for one in revision.added],
            provisional=revision.provisional,
        )
    logger.info("cohort %s: version %s written with %d lesions more", cohort.pk, version, len(revision.added))
    return revision
