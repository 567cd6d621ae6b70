"""Reviews that count, and what of them whom may be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet

from leaderboard.awards.models import Declaration, Letter, Review


def counting(reviews: QuerySet[Review]) -> QuerySet[Review]:
    """Without those whose reviewer has declared a conflict since, or has joined a team that has a part."""
    reviewer = OuterRef("reviewer")
    clear = Declaration.objects.filter(letter=OuterRef("letter"), user=reviewer, conflict=False)
    together = Q(team__members=reviewer) | Q(team__organisation__teams__members=reviewer)
    return reviews.filter(Exists(clear), ~Exists(Letter.objects.filter(together, call=OuterRef("letter__call"))))


def locked_reviews(letter: Letter) -> QuerySet[Review]:
    rows = counting(Review.objects.filter(letter=letter, locked_at__isnull=False))
    return rows.select_related("reviewer").order_by("locked_at")


def locked_counts(letters: Sequence[Letter]) -> Counter[int]:
    """Locked reviews that count, of each letter."""
    rows = counting(Review.objects.filter(letter__in=letters, locked_at__isnull=False))
    return Counter(rows.values_list("letter", flat=True))
