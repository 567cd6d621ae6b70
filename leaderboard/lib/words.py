"""Names that people give: one line, and nothing in it that is not seen."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError

# Controls, ends of lines, and what turns the direction of writing: by these a name passes for another one.
UNSEEN = {"Cc", "Zl", "Zp"}
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def plain_line(value: str) -> None:
    for character in value:
        if unicodedata.category(character) in UNSEEN or character in TURNING:
            raise ValidationError(f"It holds a character that cannot be seen (U+{ord(character):04X}): type it anew.")
