"""Types that JSON is read into, learnt before there are threads.

msgspec reads a type's annotations when it first meets the type, and where two threads do that at once the process ends
with a segmentation fault (seen with 0.22). So whoever reads a type names it when its module is imported.
"""

from __future__ import annotations

from typing import Any

import msgspec


def learn(*kinds: Any) -> None:
    """Have msgspec read the annotations of these types, and of all that they are made of, now."""
    for kind in kinds:
        msgspec.json.Decoder(kind)
