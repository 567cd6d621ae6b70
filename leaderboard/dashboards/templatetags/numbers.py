"""Filters that write numbers, dates and durations the one way this site writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html

from evaluator.records import Rate
from leaderboard.dashboards import formatting

register = template.Library()


@register.filter
def rate(given: Mapping[str, Any] | Rate | None) -> str:
    """A rate of the report in one line: 94.1 (88.2–97.1) n 100."""
    return formatting.rate(as_json(given)).sentence


@register.filter
def per_1000(given: Mapping[str, Any] | Rate | None) -> str:
    return formatting.rate(as_json(given), unit=formatting.Unit.PER_1000).sentence


@register.filter
def score(given: Mapping[str, Any] | Rate | None) -> str:
    """A number that is no percentage, with its interval."""
    return formatting.rate(as_json(given), unit=formatting.Unit.PLAIN).sentence


def as_json(given: Mapping[str, Any] | Rate | None) -> Mapping[str, Any] | None:
    return vars(given) if isinstance(given, Rate) else given


@register.filter
def fraction(given: Mapping[str, Any] | None) -> str:
    return formatting.fraction(given)


@register.filter
def percent(value: float | None) -> str:
    return "" if value is None else formatting.percent(value)


@register.filter
def plain(value: float) -> str:
    return formatting.plain(value)


@register.filter
def prevalence(value: float) -> str:
    return formatting.prevalence(value)


@register.filter
def p_value(p: float) -> str:
    return formatting.p_value(p)


@register.filter
def threshold(point: Mapping[str, Any] | None) -> str:
    """A frozen operating point's threshold: to two digits where it comes of calibration patients."""
    return "" if point is None else formatting.threshold(point)


@register.filter
def point_sentence(point: Mapping[str, Any] | None) -> str:
    return "" if point is None else formatting.point_sentence(point)


@register.filter
def utc(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(timespec="seconds"), formatting.utc(moment))


@register.filter
def ago(moment: datetime | None) -> str:
    """How long it has been: "4 min"."""
    return "" if moment is None else formatting.how_long(timezone.now() - moment)


@register.filter
def lasting(duration: timedelta | None) -> str:
    return "" if duration is None else formatting.how_long(duration)


@register.filter
def hours(duration: timedelta) -> str:
    return formatting.hours(duration)


@register.filter
def size(amount: int | None) -> str:
    return "" if amount is None else formatting.how_large(amount)
