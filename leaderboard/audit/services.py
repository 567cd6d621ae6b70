"""Adding to the log, and seeing whether it is whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from leaderboard.audit.models import BEGINNING, Chain, Record

ONLY = 1  # the one chain
SEEN_AGAIN = timedelta(hours=1)  # pages that renew themselves every few seconds are one look


@transaction.atomic
def record(act: str, about: str, *, by: int | None = None, **details: Any) -> Record:
    """Add a record, in the transaction of what it tells of: both are there or neither.

    It comes last in its transaction: it locks the chain, and who holds that must not wait for another row.

    Parameters
    ----------
    act : str
        What was done, in a word of the platform: "submission.accepted".
    about : str
        To what, with its key.
    by : int, optional
        The person's key; None is the platform itself.
    details
        JSON values.
    """
    chain = _held()
    added = Record(
        number=chain.length + 1,
        at=timezone.now(),
        actor="platform" if by is None else f"user {by}",
        act=act,
        about=about,
        details=details,
        previous=chain.head,
    )
    added.sha256 = added.digest()
    added.full_clean()
    added.save(force_insert=True)
    chain.length, chain.head = added.number, added.sha256
    chain.save()
    return added


def _held() -> Chain:
    """The chain, until the transaction ends.

    Before it, the foreign keys that PostgreSQL would check at the commit: somebody may hold a row that they name, and
    wait for the chain.
    """
    if connection.vendor == "postgresql":
        connection.check_constraints()
    Chain.objects.get_or_create(pk=ONLY)
    return Chain.objects.select_for_update().get(pk=ONLY)


@transaction.atomic
def record_all(acts: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
    """Add many records of the platform itself at once: what was done, to what, and the details."""
    chain = _held()
    added, now = [], timezone.now()
    for act, about, details in acts:
        one = Record(
            number=chain.length + 1,
            at=now,
            actor="platform",
            act=act,
            about=about,
            details=details,
            previous=chain.head,
        )
        one.sha256 = one.digest()
        chain.length, chain.head = one.number, one.sha256
        added.append(one)
    Record.objects.bulk_create(added)
    chain.save()


def seen(what: str, *, by: int, again: timedelta = SEEN_AGAIN) -> None:
    """Somebody is about to see what is not public: called before it is shown, so that nothing is seen untold.

    A person who goes on looking at the same thing is told of once in an hour.
    """
    since = timezone.now() - again
    if not Record.objects.filter(about=what, act="seen", actor=f"user {by}", at__gte=since).exists():
        record("seen", what, by=by)


def faults() -> Iterator[str]:
    """What is wrong with the log, in sentences; nothing where it is whole."""
    previous, length = BEGINNING, 0
    for found in Record.objects.order_by("number").iterator():
        length += 1
        if found.number != length:
            yield f"Record {length} is missing; the next is {found.number}."
            length = found.number
        elif found.previous != previous:
            yield f"Record {found.number} does not follow the one before it."
        if found.digest() != found.sha256:
            yield f"Record {found.number} was changed: it is not what its digest says."
        previous = found.sha256
    chain = Chain.objects.filter(pk=ONLY).first() or Chain()
    if (chain.length, chain.head) != (length, previous):
        yield f"The log ends at record {length}; the chain says that it has {chain.length}."
