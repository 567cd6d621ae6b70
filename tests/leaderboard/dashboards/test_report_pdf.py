"""The report card as PDF: what it says, that it is tagged, made once and by few, and nobody's who may not see it."""

from __future__ import annotations

import io
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader
from pytest_django import Settings

from leaderboard.accounts.models import User
from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards import services
from leaderboard.dashboards.selectors.card import get_card
from leaderboard.dashboards.selectors.reporting import reporting
from leaderboard.dashboards.selectors.versions import history
from leaderboard.lib import pdf
from leaderboard.lib.turns import Busy, turn
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import get_report_card
from leaderboard.rankings.services import snapshot_make
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import statements_keep
from tests import factories

pytestmark = pytest.mark.django_db


def address(model: str) -> str:
    return reverse("dashboards:card-pdf", args=[Submission.objects.get(model=model).pk])


def text_of(reader: PdfReader) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))


def test_the_document_says_what_is_known_and_what_is_blank(client: Client, ranked: Benchmark, member: User) -> None:
    submission = Submission.objects.get(model="Blind")
    statements_keep(submission=submission, texts={"technology": "A three-dimensional U-Net.", "users": ""}, by=member)
    response = client.get(address("Blind"))
    content = b"".join(response)
    assert response["Content-Type"] == "application/pdf"
    assert 'filename="blind-report-card.pdf"' in response["Content-Disposition"]
    reader = PdfReader(io.BytesIO(content))
    text = text_of(reader)
    snapshot = Snapshot.objects.get()
    # Blind misses 3 of 4 cancers at both hospitals
    assert "Of 8 patients with cancer 2 were flagged and 6 not; of 8 without 0 were flagged and 8 not." in text
    assert "Synthetic demonstration." in text
    assert "A three-dimensional U-Net." in text
    assert re.search(r"In the team’s words, version 1, \d{4}-\d\d-\d\d", text)
    assert "T4 Users Supplied by the team: nothing so far." in text
    for name in ("STARD-AI", "CLAIM 2024", "TRIPOD+AI"):
        assert f"{name} " in text
    assert "15c Definition of and rationale for test positivity cutoffs of the index test A8 by the platform" in text
    assert re.search(r"18a Funding T19 blank: supplied by the team", text)
    assert submission.image in text
    for number, page in enumerate(reader.pages, start=1):
        footer = page.extract_text()
        assert f"page {number} of {len(reader.pages)}" in footer
        assert f"ranking sha256:{snapshot.sha256}" in footer
        assert f"image {submission.image}" in footer
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert (root["/Lang"], reader.metadata and reader.metadata.title) == ("en", "Report card of Blind")
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    assert alternatives(root["/StructTreeRoot"]) >= 6


def alternatives(node: object, depth: int = 0) -> int:
    """Pictures of the tagged tree that words stand for."""
    found = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(found, list):
        return sum(alternatives(one, depth + 1) for one in found)
    if not isinstance(found, dict) or depth > 60:
        return 0
    mine = found.get("/S") == "/Figure" and bool(found.get("/Alt"))
    return int(mine) + alternatives(found.get("/K"), depth + 1)


def test_a_document_is_made_once_and_anew_when_something_of_it_changes(
    client: Client, ranked: Benchmark, member: User, data_folder: Path
) -> None:
    first = b"".join(client.get(address("Careful")))
    (kept,) = (data_folder / services.FOLDER).glob("*.pdf")
    os.utime(kept, (1, 1))
    assert b"".join(client.get(address("Careful"))) == first
    assert kept.stat().st_mtime > time.time() - 60  # what is read stays
    submission = Submission.objects.get(model="Careful")
    statements_keep(submission=submission, texts={"funding": "A grant."}, by=member)
    second = b"".join(client.get(address("Careful")))
    assert "A grant." in text_of(PdfReader(io.BytesIO(second)))
    assert len(list((data_folder / services.FOLDER).glob("*.pdf"))) == 2


def test_the_same_words_are_the_same_document_and_nothing_is_fetched() -> None:
    html = '<html lang="en"><title>T</title><p>Words<img alt="none" src="file:///etc/hostname"></p></html>'
    first, again = pdf.render(html), pdf.render(html)
    assert first == again
    assert first.startswith(b"%PDF-")
    assert first != pdf.render(html.replace("Words", "Others"))


def test_whoever_comes_while_others_are_served_waits_and_is_told(
    client: Client, ranked: Benchmark, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "WAIT", 0.0)
    with turn(services.FOLDER, at_once=1, patience=0, otherwise=Busy("Somebody else has it.")):
        response = client.get(address("Careful"))
    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert "Others are having theirs made" in response.content.decode()
    assert list((data_folder / services.FOLDER).glob("*.pdf")) == []


def test_nobody_asks_for_more_than_the_limit(client: Client, ranked: Benchmark, settings: Settings) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"report-card": "1/h/ip"}
    client.get(reverse("dashboards:card-pdf", args=["6f9619ff-8b86-4d11-b42d-00c04fc964ff"]))
    assert client.get(address("Careful")).status_code == 429


def test_what_nobody_has_read_for_long_is_removed(ranked: Benchmark, data_folder: Path) -> None:
    folder = data_folder / services.FOLDER
    folder.mkdir()
    for name, days in (("old", 40), ("new", 1)):
        path = folder / f"{name}.pdf"
        path.write_bytes(b"%PDF-")
        os.utime(path, (time.time() - days * 86400,) * 2)
    assert [path.stem for path in services.cards_expire(30, dry_run=True)] == ["old"]
    assert [path.stem for path in services.cards_expire(30, dry_run=False)] == ["old"]
    assert [path.stem for path in folder.glob("*.pdf")] == ["new"]


def test_a_report_card_that_is_not_published_has_no_document(client: Client, benchmark_rows: Benchmark) -> None:
    submission = factories.SubmissionFactory.create(benchmark=benchmark_rows, accepted=True)
    assert client.get(reverse("dashboards:card-pdf", args=[submission.pk])).status_code == 404


def test_hidden_counts_are_in_no_sentence(ranked: Benchmark) -> None:
    Benchmark.objects.update(public_minimum=10, panel_minimum=10)
    ranked.refresh_from_db()
    snapshot_make(benchmark=ranked)
    source = get_report_card(Submission.objects.get(model="Blind").pk)
    found = reporting(get_card(source, history(ranked)), address="https://example.org/")
    words = {answer.topic.key: answer.text for answer in found.platform}
    assert "hidden patients with and hidden without cancer" in words["size"]
    assert "were flagged" not in words["accuracy"]
    assert "hidden (fewer than 10 patients)" in words["accuracy"]
    assert not re.search(r"\b8\b", words["severity"] + words["patients"] + words["flow"])
