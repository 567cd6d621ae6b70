"""Versions of a model, and how many submissions stand behind it: one question to the database, whatever the size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db.models import Exists, OuterRef

from leaderboard.benchmarks.models import Benchmark
from leaderboard.rankings.models import Entry
from leaderboard.submissions.models import Submission


@dataclass(frozen=True, kw_only=True)
class Known:
    """A submission that was accepted once. ``shown``: the public may know of it."""

    pk: UUID
    follows: UUID | None
    climber: str  # its team, or the verified organisation that several teams are one of
    shown: bool


@dataclass(frozen=True, kw_only=True)
class Version:
    """The ``number``-th of ``count`` versions that the public may know of."""

    number: int
    count: int
    earlier: UUID | None = None
    later: UUID | None = None

    @property
    def words(self) -> str:
        return f"version {self.number} of {self.count}" if self.count > 1 else ""


@dataclass(frozen=True)
class History:
    """All of a benchmark's accepted submissions, in the order in which they were handed in."""

    rows: tuple[Known, ...]

    @cached_property
    def by_pk(self) -> dict[UUID, Known]:
        return {row.pk: row for row in self.rows}

    @cached_property
    def _used(self) -> Counter[str]:
        return Counter(row.climber for row in self.rows)

    def used(self, pk: UUID) -> int:
        """Submissions that its team used so far, public or not: each is a look at the held-out patients."""
        return self._used[self.by_pk[pk].climber] if pk in self.by_pk else 0

    def ancestors(self, pk: UUID) -> Iterator[UUID]:
        """The earlier versions that the public may know of, the latest first."""
        known = self.by_pk.get(pk)
        seen = {pk}
        while known is not None and known.follows is not None and known.follows not in seen:
            seen.add(known.follows)
            known = self.by_pk.get(known.follows)
            if known is not None and known.shown:
                yield known.pk

    @cached_property
    def _later(self) -> dict[UUID, UUID]:
        return {
            earlier: row.pk
            for row in self.rows
            if row.shown and (earlier := next(self.ancestors(row.pk), None)) is not None
        }

    def version(self, pk: UUID) -> Version:
        before = list(self.ancestors(pk))
        after, at = 0, pk
        while at in self._later and after < len(self.rows):
            at, after = self._later[at], after + 1
        return Version(
            number=len(before) + 1,
            count=len(before) + 1 + after,
            earlier=before[0] if before else None,
            later=self._later.get(pk),
        )

    def newest(self, among: Collection[UUID]) -> set[UUID]:
        """Those of which no later version is among them."""
        superseded = {earlier for pk in among for earlier in self.ancestors(pk)}
        return set(among) - superseded


def history(benchmark: Benchmark) -> History:
    ranked = Entry.objects.filter(evaluation__submission=OuterRef("pk"), snapshot__published=True)
    rows = Submission.objects.filter(benchmark=benchmark, accepted_at__isnull=False).order_by("created", "pk")
    rows = rows.annotate(ranked=Exists(ranked))  # of what stands in no published ranking nobody is told
    return History(
        tuple(
            Known(
                pk=pk,
                follows=follows,
                climber=f"organisation {organisation}" if organisation else f"team {team}",
                shown=public and ranked and state == Submission.State.ACCEPTED,
            )
            for pk, follows, team, organisation, public, state, ranked in rows.values_list(
                "pk", "follows", "team", "team__organisation", "public", "state", "ranked"
            )
        )
    )
