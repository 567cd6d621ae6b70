"""The criteria an award starts with."""

from __future__ import annotations

from django.db import transaction

from leaderboard.awards.models import Criterion
from leaderboard.benchmarks.models import Benchmark

SOURCE = "Upper end of what radiologists are published to reach: a model must be above it, not within the range"
STANDARD = (
    (Criterion.Metric.SENSITIVITY, "all", 0.92, False, "Sensitivity above 92 %"),
    (Criterion.Metric.SPECIFICITY, "all", 0.96, False, "Specificity above 96 %"),
    (Criterion.Metric.SENSITIVITY, "le20", 0.44, True, "Badge: sensitivity at most 2 cm above 44 %"),
)


@transaction.atomic
def criteria_create(*, benchmark: Benchmark) -> list[Criterion]:
    """Both criteria of the award and the badge for small tumours; those that are there are kept as they are."""
    return [
        Criterion.objects.get_or_create(
            benchmark=benchmark,
            metric=metric,
            stratum=stratum,
            defaults={"goal": goal, "badge": badge, "label": label, "source": SOURCE},
        )[0]
        for metric, stratum, goal, badge, label in STANDARD
    ]
