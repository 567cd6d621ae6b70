"""Calls, letters and PDFs for tests: each made the way a person makes it, by the services."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO
from typing import Any

from django.utils import timezone
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from leaderboard.accounts.models import Team, User
from leaderboard.awards.models import Call, Letter, LetterFile, Review
from leaderboard.awards.pdf.sample import one_page
from leaderboard.awards.services import (
    call_create,
    call_publish,
    declaration_make,
    discussion_open,
    letter_hand_in,
    review_assign,
    review_lock,
    seat_add,
)
from leaderboard.benchmarks.models import Benchmark
from leaderboard.submissions.models import Submission
from tests import factories

PDF = one_page("Dear panel,\nwe intend to find small tumours.\nYours, the team")
SAID: dict[str, Any] = {
    "organisation": "Uppsala University",
    "kind": "university",
    "country": "Sweden",
    "region": "europe",
}
ANSWERS: dict[str, Any] = {
    "importance": 2,
    "importance_why": "It matters.",
    "rigour": 3,
    "rigour_why": "The plan is sound.",
    "expertise": "sufficient",
    "expertise_why": "",
    "comments": "Well written.",
}


def call_values(benchmark: Benchmark, **other: Any) -> dict[str, Any]:
    now = timezone.now()
    return {
        "slug": "early-tumours",
        "title": "Early tumours",
        "sponsor": "Early Foundation",
        "purpose": "To find pancreatic cancer early.",
        "amount": 100_000,
        "currency": "USD",
        "months": 12,
        "awards": 1,
        "organs": ["pancreas"],
        "regions": [],
        "countries": [],
        "kinds": [],
        "conditions": "",
        "rubric": "Weigh how many patients it would help.",
        "opens": now - timedelta(days=2),
        "closes": now + timedelta(days=2),
        "reviews_due": now + timedelta(days=9),
        "sponsor_team": None,
        "benchmarks": [benchmark],
        "criteria": list(benchmark.criteria.all()),
        "sponsor_hospitals": [],
        **other,
    }


def make_call(benchmark: Benchmark, *, by: User, **other: Any) -> Call:
    """Published, and open for letters."""
    return call_publish(call=call_create(by=by, **call_values(benchmark, **other)), by=by)


def hand_in(
    call: Call, team: Team, *, by: User, submissions: Sequence[Submission] = (), content: bytes = PDF
) -> Letter:
    given = {**SAID, "name": "letter.pdf", "content": content, "submissions": submissions}
    return letter_hand_in(call=call, team=team, by=by, **given).letter


def letter_row(call: Call, team: Team, *, by: User, submissions: Sequence[Submission] = ()) -> Letter:
    """The same as rows: no process has looked at the file, which costs half a second."""
    letter = Letter.objects.create(call=call, team=team, **SAID)
    letter.submissions.set(submissions)
    digest = hashlib.sha256(PDF).hexdigest()
    version = letter.versions.create(number=1, name="letter.pdf", size=len(PDF), pages=1, sha256=digest, by=by)
    LetterFile.objects.create(version=version, content=PDF)
    return letter


def close(call: Call) -> Call:
    """Two weeks pass for it."""
    week = timedelta(days=7)
    Call.objects.filter(pk=call.pk).update(opens=call.opens - week, closes=call.closes - week)
    call.refresh_from_db()
    return call


def make_reviewer(call: Call, *, by: User, decides: bool = False, **fields: Any) -> User:
    reviewer = factories.UserFactory.create(is_reviewer=True, **fields)
    seat_add(call=call, user=reviewer, decides=decides, by=by)
    return reviewer


def clear(letter: Letter, *people: User) -> None:
    for person in people:
        declaration_make(letter=letter, conflict=False, reason="", by=person)


def review_by(letter: Letter, reviewer: User, *, asked_by: User, **answers: Any) -> Review:
    """Declared, asked for, and locked."""
    clear(letter, reviewer)
    review = review_assign(letter=letter, reviewer=reviewer, by=asked_by)
    return review_lock(review=review, by=reviewer, **(ANSWERS | answers))


def make_discussed(letter: Letter, first: User, second: User, *, by: User) -> Letter:
    for reviewer in (first, second):
        review_by(letter, reviewer, asked_by=by)
    discussion_open(call=letter.call, by=by)
    return Letter.objects.select_related("call", "team").get(pk=letter.pk)


def written(writer: PdfWriter) -> bytes:
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


def blank() -> PdfWriter:
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    return writer


def named(**values: Any) -> DictionaryObject:
    """A PDF dictionary: text that begins with a slash is a name."""
    return DictionaryObject({NameObject(f"/{key}"): valued(value) for key, value in values.items()})


def valued(value: Any) -> Any:
    if isinstance(value, str):
        return NameObject(value) if value.startswith("/") else TextStringObject(value)
    if isinstance(value, list):
        return ArrayObject(valued(one) for one in value)
    return NumberObject(value) if isinstance(value, int) else value
