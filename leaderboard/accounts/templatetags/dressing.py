"""Forms that others wrote, in the site's dress."""

from __future__ import annotations

from django import template
from django.forms import BoundField

register = template.Library()


@register.filter
def dressed(field: BoundField) -> str:
    return field.as_widget(attrs={"class": "form-control"})
