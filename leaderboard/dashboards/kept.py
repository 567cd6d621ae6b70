"""Parts of pages that are kept: a published ranking is frozen, so what is drawn of it is drawn once.

What a part is made of is its name, so nothing kept is ever out of date, and nothing has to be thrown away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.core.cache import caches
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

Made = TypeVar("Made")


def kept(make: Callable[[], Made], *of: object) -> Made:
    """What ``make`` gave for the same ``of`` (anything whose ``repr`` says all of it), else what it gives now."""
    key = hashlib.sha256(repr(of).encode()).hexdigest()
    cache = caches["pages"]
    found = cache.get(key)
    if found is None:
        found = make()
        cache.set(key, found, timeout=None)
    return cast("Made", found)


def kept_part(template: str, context: Callable[[], dict[str, Any]], *of: object) -> SafeString:
    """A rendered template; its context is made only where it must be rendered."""
    return kept(lambda: render_to_string(template, context()), template, *of)
