"""How long what waited for what: from the platform's rows and from when hospitals' messages left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from leaderboard.evaluations.models import Run
from tests.hospitals.crowd import Stamp


@dataclass(frozen=True, kw_only=True)
class Waits:
    """Seconds, of each run: in line until it was ordered; from the order until the hospital said that it has it; from
    when its result left until it was taken in; from first to last.
    """

    line: list[float]
    order: list[float]
    result: list[float]
    whole: list[float]


def waits(stamped: Iterable[Stamp]) -> Waits:
    """Of all runs, which are done, each at its first attempt."""
    first, sent = dict[int, float](), dict[int, float]()
    for stamp in stamped:
        if stamp.kind == "progress":
            first[stamp.run] = min(stamp.at, first.get(stamp.run, stamp.at))
        elif stamp.kind == "done":
            sent[stamp.run] = stamp.at
    found = Waits(line=[], order=[], result=[], whole=[])
    for run in Run.objects.select_related("cohort_result").order_by("pk"):
        assert run.ordered_at is not None
        ordered, received = run.ordered_at.timestamp(), run.cohort_result.received.timestamp()
        found.line.append(ordered - run.created.timestamp())
        found.order.append(first[run.pk] - ordered)
        found.result.append(received - sent[run.pk])
        found.whole.append(received - run.created.timestamp())
    return found


def said(name: str, seconds: list[float]) -> str:
    median, most, longest = np.quantile(seconds, [0.5, 0.95, 1.0])
    return f"{name} {median:.2f} s, 95 % within {most:.2f} s, longest {longest:.2f} s"
