"""Names hold nothing that is not seen."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from leaderboard.lib.words import plain_line


@pytest.mark.parametrize("name", ["Careful", "Tumörfinder 2 (β)", "深度学习", "سرطان", "Zoë’s model – v2"])
def test_names_of_all_languages_are_taken(name: str) -> None:
    plain_line(name)


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "a\x00b", "a\x1b[31mb", "a\u2028b", "a\u202eb", "a\u2066b"])
def test_what_cannot_be_seen_is_named_and_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=rf"U\+{ord(name[1]):04X}"):
        plain_line(name)
