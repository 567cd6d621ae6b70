"""Taking in letters of intent, replacing and withdrawing them, and handing them out."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from pathlib import PurePath

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import Team, User
from leaderboard.accounts.selectors import is_member
from leaderboard.audit.services import record
from leaderboard.awards.models import Call, Letter, LetterFile, LetterVersion
from leaderboard.awards.models.calls import Region
from leaderboard.awards.services.calls import locked_call
from leaderboard.awards.services.reading import pages_of
from leaderboard.lib.errors import Fault, Refusal
from leaderboard.notices.services import notice_add
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)

MOST_VERSIONS = 20


def letter_hand_in(
    *,
    call: Call,
    team: Team,
    name: str,
    content: bytes,
    submissions: Sequence[Submission],
    organisation: str,
    kind: str,
    country: str,
    region: str,
    by: User,
) -> LetterVersion:
    """Take a letter in, or another version of it; the team's members get a receipt with its digest.

    Raises
    ------
    Refusal
        By nobody of the team; the call is not open to it; or the file is no PDF that may be taken in.
    """
    _require_member(by, team)
    _require_open(call)
    _require_eligible(call, kind=kind, country=country, region=region)
    _require_own(call, team, submissions)
    pages = pages_of(content)  # seconds, and outside of any transaction
    return _keep(
        call=call,
        team=team,
        version=LetterVersion(
            name=clean_name(name), size=len(content), pages=pages, sha256=hashlib.sha256(content).hexdigest(), by=by
        ),
        content=content,
        submissions=submissions,
        said={"organisation": organisation, "kind": kind, "country": country, "region": region},
    )


@transaction.atomic
def _keep(
    *,
    call: Call,
    team: Team,
    version: LetterVersion,
    content: bytes,
    submissions: Sequence[Submission],
    said: dict[str, str],
) -> LetterVersion:
    call = locked_call(call)
    _require_open(call)
    letter = Letter.objects.filter(call=call, team=team).first() or Letter(call=call, team=team)
    for field, value in said.items():
        setattr(letter, field, value)
    letter.withdrawn_at = None
    letter.full_clean()
    letter.save()
    letter.submissions.set(submissions)
    version.letter, version.number = letter, letter.versions.count() + 1
    if version.number > MOST_VERSIONS:
        raise Refusal(f"A letter can be replaced {MOST_VERSIONS - 1} times.", next_step="The newest version counts.")
    version.full_clean()
    version.save()
    LetterFile.objects.create(version=version, content=content)
    logger.info("letter %s version %s of team %s by user %s", letter.pk, version.number, team.pk, version.by_id)
    text = (
        f"The letter of {team} for “{call}” is received: version {version.number}, {version.pages} pages, "
        f"SHA-256 {version.sha256[:16]}…"
    )
    notice_add(to=team.members.all(), text=text, link=page_of(letter))
    record(
        "letter.received",
        f"letter {letter.pk}",
        by=version.by_id,
        call=call.slug,
        team=team.slug,
        version=version.number,
        sha256=version.sha256,
        bytes=version.size,
        submissions=sorted(str(one.pk) for one in submissions),
        **said,
    )
    return version


@transaction.atomic
def letter_withdraw(*, letter: Letter, by: User) -> Letter:
    """Nobody of the panel sees it any more. While the call is open another version brings it back.

    Raises
    ------
    Refusal
        By nobody of the team; it is withdrawn; or it is decided.
    """
    _require_member(by, letter.team)
    locked_call(letter.call)
    letter = Letter.objects.select_related("call", "team").get(pk=letter.pk)
    if letter.withdrawn_at is not None:
        raise Refusal("The letter is withdrawn already.")
    if hasattr(letter, "decision"):
        raise Refusal("The letter cannot be withdrawn any more.", why="It is decided.")
    letter.withdrawn_at = timezone.now()
    letter.save(update_fields=["withdrawn_at"])
    text = f"The letter of {letter.team} for “{letter.call}” is withdrawn by {by}."
    notice_add(to=letter.team.members.all(), text=text, link=page_of(letter))
    record("letter.withdrawn", f"letter {letter.pk}", by=by.pk, call=letter.call.slug, team=letter.team.slug)
    return letter


@transaction.atomic
def letter_read(*, version: LetterVersion, by: User) -> bytes:
    """The file, for who may have it: every download is told of."""
    content = bytes(version.file.content)
    record("letter.opened", f"letter {version.letter_id}", by=by.pk, version=version.number, sha256=version.sha256)
    return content


def page_of(letter: Letter) -> str:
    return reverse("awards:own-letter", args=[letter.call.slug, letter.team.slug])


def clean_name(name: str) -> str:
    """A file's name without its folders, and without what could turn a line or a header."""
    return re.sub(r"[^\w .,()+-]", "_", PurePath(name.replace("\\", "/")).name)[-200:].strip() or "letter.pdf"


def _require_member(by: User, team: Team) -> None:
    if not is_member(by, team):
        raise Refusal(f"You are not a member of {team}.", next_step="Ask one of its members.")


def _require_open(call: Call) -> None:
    if call.is_open:
        return
    if call.published_at is None or timezone.now() < call.opens:
        raise Refusal(f"“{call}” is not open yet.", why=f"Letters are taken from {call.opens:%Y-%m-%d %H:%M} UTC on.")
    raise Refusal(
        f"“{call}” is closed.", why=f"Letters were taken until {call.closes:%Y-%m-%d %H:%M} UTC. Nothing was kept."
    )


def _require_eligible(call: Call, *, kind: str, country: str, region: str) -> None:
    faults = []
    if call.regions and region not in call.regions:
        named = Region(region).label if region in Region else region
        faults.append(Fault(what=f"It is for {', '.join(call.region_names)}, not for {named}."))
    if call.countries and country.casefold() not in {one.casefold() for one in call.countries}:
        faults.append(Fault(what=f"It is for {', '.join(call.countries)}, not for {country}."))
    if call.kinds and kind not in call.kinds:
        faults.append(Fault(what=f"It is for these kinds of organisation: {', '.join(call.kind_names)}."))
    if faults:
        raise Refusal(
            f"“{call}” is not for your organisation.",
            next_step="Look whether you said right where and what your organisation is.",
            faults=faults,
        )


def _require_own(call: Call, team: Team, submissions: Sequence[Submission]) -> None:
    on = set(call.benchmarks.values_list("pk", flat=True))
    for one in submissions:
        if one.team_id != team.pk or one.benchmark_id not in on or one.state != Submission.State.ACCEPTED:
            raise Refusal(
                f"“{one.model}” cannot be what the letter is about.",
                why="It takes an accepted submission of your team on a benchmark of the call.",
            )
