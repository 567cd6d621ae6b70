"""`{% plot figure %}` puts a figure on a page: caption, drawing, its table and its CSV."""

from __future__ import annotations

from typing import Any

from django import template

from leaderboard.dashboards.figures.base import Figure

register = template.Library()


@register.inclusion_tag("partials/plot.html")
def plot(figure: Figure) -> dict[str, Any]:
    return {"figure": figure}
