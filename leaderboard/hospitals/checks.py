"""Cohorts whose folder is not where it was imported from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004
from django.db import DatabaseError

from leaderboard.hospitals.models import Cohort


@register(Tags.database)
def cohort_folders_are_there(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Runs with `manage.py check --database default`: it reads the table of cohorts."""
    if not databases:
        return []
    try:
        cohorts = list(Cohort.objects.filter(hospital__active=True).select_related("hospital"))
    except DatabaseError:
        return []  # not migrated yet
    return [
        Warning(
            f"The folder {cohort.folder} of cohort {cohort} is missing: its runs will fail as the hospital's fault.",
            hint="Mount it again, or import the cohort from where it is now.",
            obj=cohort,
            id="hospitals.W001",
        )
        for cohort in cohorts
        if cohort.folder and not cohort.path.is_dir()
    ]
