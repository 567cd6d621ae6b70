"""What an organiser tells everybody."""

from __future__ import annotations

from typing import Any

from django import forms

from leaderboard.lib.forms import dress
from leaderboard.notices.models import Announcement


class AnnouncementForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's own takes none at run time
    class Meta:
        model = Announcement
        fields = ("title", "text", "public", "by_mail")
        help_texts = {  # noqa: RUF012 - as Django's forms are written
            "title": "One line, as it is told in notices and as the subject of the e-mail.",
            "text": "Plain text; an empty line begins a paragraph, and addresses become links.",
        }
        labels = {  # noqa: RUF012
            "public": "Public: on the home page, for everybody",
            "by_mail": "Send it by e-mail, too, to those who get notices so",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)
