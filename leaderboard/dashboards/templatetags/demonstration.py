"""Every page says when its numbers come from synthetic scans."""

from __future__ import annotations

from typing import Any

from django import template

from leaderboard.dashboards.selectors.benchmarks import demonstration

register = template.Library()


@register.inclusion_tag("partials/demonstration.html")
def demonstration_banner() -> dict[str, Any]:
    return {"demonstration": demonstration()}
