"""Uploads as tus 1.0.0 has them: begun, broken off, gone on with, given up; and who may."""

from __future__ import annotations

import fcntl
import hashlib
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.http import UnreadablePostError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from leaderboard.accounts.models import User
from leaderboard.api import tus
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Upload
from leaderboard.submissions.services import upload_append, upload_begin, uploads_expire
from tests.leaderboard.api.conftest import PLACE, append, begin, program, speak

pytestmark = [pytest.mark.django_db, pytest.mark.core]

TEXT = b"what an archive might hold " * 1000


def checksum(body: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {b64encode(hashlib.new(algorithm, body).digest()).decode()}"


def test_it_says_what_it_speaks_also_to_nobody() -> None:
    answer = Client().options(PLACE)
    assert answer.status_code == 204
    assert answer["Tus-Version"] == answer["Tus-Resumable"] == "1.0.0"
    assert answer["Tus-Extension"] == "creation,checksum,expiration,termination"
    assert answer["Tus-Checksum-Algorithm"] == "sha1,sha256"


def test_an_archive_comes_in_pieces_and_its_place_is_remembered(client: Client) -> None:
    place = begin(client, len(TEXT), filename="détecteur.tar")
    assert append(client, place, TEXT[:1000], 0)["Upload-Offset"] == "1000"
    told = speak(client, "HEAD", place)
    assert (told["Upload-Offset"], told["Upload-Length"], told["Cache-Control"].split(",")[0]) == (
        "1000",
        str(len(TEXT)),
        "max-age=0",
    )
    assert "no-store" in told["Cache-Control"]
    answer = append(client, place, TEXT[1000:], 1000, Upload_Checksum=checksum(TEXT[1000:]))
    assert (answer.status_code, answer["Upload-Offset"]) == (204, str(len(TEXT)))
    upload = Upload.objects.get()
    assert (upload.name, upload.is_complete, upload.path.read_bytes()) == ("détecteur.tar", True, TEXT)


class Breaks:
    """A body whose connection breaks after some of it."""

    def __init__(self, kept: bytes) -> None:
        self.kept = [kept]

    def __iter__(self) -> Breaks:
        return self

    def __next__(self) -> bytes:
        if self.kept:
            return self.kept.pop()
        raise OSError("request data read error")


def test_what_arrived_before_the_connection_broke_is_kept(member: User) -> None:
    upload = upload_begin(by=member, name="a.tar", size=len(TEXT))
    with pytest.raises(OSError, match="read error"):
        upload_append(upload=upload, offset=0, pieces=Breaks(TEXT[:500]))
    upload.refresh_from_db()
    assert upload.offset == 500
    upload_append(upload=upload, offset=500, pieces=[TEXT[500:]])
    assert upload.path.read_bytes() == TEXT


def test_with_a_checksum_all_of_a_piece_is_kept_or_nothing(client: Client) -> None:
    place = begin(client, len(TEXT))
    append(client, place, TEXT[:100], 0)
    for algorithm in ("sha1", "sha256"):
        answer = append(client, place, TEXT[100:200], 100, Upload_Checksum=checksum(b"other bytes", algorithm))
        assert answer.status_code == 460
    assert speak(client, "HEAD", place)["Upload-Offset"] == "100"
    assert append(client, place, TEXT[100:], 100, Upload_Checksum=checksum(TEXT[100:], "sha1")).status_code == 204
    assert Upload.objects.get().path.read_bytes() == TEXT


def test_bytes_that_a_killed_process_did_not_count_are_written_again(client: Client) -> None:
    place = begin(client, len(TEXT))
    append(client, place, TEXT[:100], 0)
    upload = Upload.objects.get()
    with upload.path.open("ab") as file:
        file.write(b"half of a piece")
    assert append(client, place, TEXT[100:], 100).status_code == 204
    assert upload.path.read_bytes() == TEXT


def test_a_file_that_lost_its_end_in_a_power_failure_goes_on_from_what_is_left(client: Client) -> None:
    place = begin(client, len(TEXT))
    append(client, place, TEXT[:100], 0)
    upload = Upload.objects.get()
    upload.path.write_bytes(TEXT[:60])
    assert append(client, place, TEXT[100:], 100).status_code == 409
    assert append(client, place, TEXT[60:], 60).status_code == 204
    assert upload.path.read_bytes() == TEXT


def test_another_offset_and_a_second_writer_are_told_to_ask_first(client: Client) -> None:
    place = begin(client, len(TEXT))
    assert append(client, place, TEXT, 10).status_code == 409
    upload = Upload.objects.get()
    with upload.path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        answer = append(client, place, TEXT, 0)
    assert (answer.status_code, b"Another request" in answer.content) == (409, True)
    assert upload.path.read_bytes() == b""


def test_an_upload_that_was_handed_in_meanwhile_is_not_there_any_more(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = begin(client, len(TEXT))
    upload = Upload.objects.get()
    monkeypatch.setattr(type(upload.path), "exists", lambda _: True)
    upload.path.unlink()
    assert append(client, place, TEXT, 0).status_code == 404


def test_a_broken_connection_is_answered_and_what_arrived_counts(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> Iterator[bytes]:
        yield TEXT[:500]
        raise UnreadablePostError("request data read error")

    place = begin(client, len(TEXT))
    monkeypatch.setattr(tus, "body", broken)
    assert append(client, place, TEXT, 0).status_code == 400
    assert speak(client, "HEAD", place)["Upload-Offset"] == "500"


def test_more_than_announced_is_refused(client: Client) -> None:
    place = begin(client, 10)
    assert append(client, place, b"x" * 11, 0).status_code == 413
    assert append(client, place, b"x" * 10, 0).status_code == 204
    assert append(client, place, b"x", 10).status_code == 413


@pytest.mark.parametrize(
    ("method", "at", "headers", "status"),
    [
        ("POST", "", {}, 400),
        ("POST", "", {"Upload_Length": "-1"}, 400),
        ("POST", "", {"Upload_Length": "١"}, 400),
        ("POST", "", {"Upload_Length": "9" * 40}, 400),
        ("POST", "", {"Upload_Length": "0"}, 413),
        ("POST", "", {"Upload_Length": 10**15}, 413),
        ("POST", "", {"Upload_Length": "5", "Upload_Metadata": "filename ***"}, 400),
        ("POST", "", {"Upload_Length": "5", "Tus_Resumable": "0.2.0"}, 412),
        ("GET", "", {}, 405),
        ("PATCH", "one", {}, 400),
        ("PATCH", "one", {"Upload_Offset": "0", "Content_Type": "text/plain"}, 415),
        ("PATCH", "one", {"Upload_Offset": "0", "Upload_Checksum": "crc32 AAAA"}, 400),
        ("PATCH", "one", {"Upload_Offset": "0", "Upload_Checksum": "sha1 ***"}, 400),
        ("POST", "one", {}, 405),
    ],
)
def test_what_the_protocol_does_not_know_is_said(
    client: Client, method: str, at: str, headers: dict[str, Any], status: int
) -> None:
    place = begin(client, 5) if at else PLACE
    answer = speak(client, method, place, b"12345" if method == "PATCH" else b"", **headers)
    assert answer.status_code == status
    assert status == 405 or answer["Tus-Resumable"] == "1.0.0"
    assert Upload.objects.count() == (1 if at else 0)


def test_an_upload_is_its_own_persons_only(client: Client, rival: User) -> None:
    place = begin(client, 5)
    other = program(rival)
    for method in ("HEAD", "DELETE"):
        assert speak(other, method, place).status_code == 404
    assert append(other, place, b"12345", 0).status_code == 404
    assert Upload.objects.get().offset == 0


def test_without_a_token_or_session_nothing_begins(member: User) -> None:
    for client in (Client(), Client(headers={"Authorization": "Bearer cil_guessed"}), program(member, "read")):
        answer = speak(client, "POST", PLACE, Upload_Length=5)
        assert answer.status_code in (401, 403)
    assert not Upload.objects.exists()


def test_a_browser_needs_the_sites_own_token(member: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(member)
    assert speak(browser, "POST", PLACE, Upload_Length=5).status_code == 403
    browser.get("/accounts/profile/")
    token = browser.cookies["csrftoken"].value
    assert speak(browser, "POST", PLACE, Upload_Length=5, X_CSRFToken=token).status_code == 201


def test_giving_up_and_a_day_of_silence_leave_nothing(client: Client, data_folder: Any) -> None:
    place = begin(client, 5)
    assert speak(client, "DELETE", place).status_code == 204
    assert speak(client, "HEAD", place).status_code == 404
    place = begin(client, 5)
    Upload.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert append(client, place, b"12345", 0).status_code == 404
    assert len(uploads_expire()) == 1
    assert not Upload.objects.exists()
    assert list((data_folder / "uploads").iterdir()) == []


def test_nobody_fills_the_disk(member: User, settings: Settings) -> None:
    for _ in range(5):
        upload_begin(by=member, name="a.tar", size=5)
    with pytest.raises(Refusal, match="5 uploads under way"):
        upload_begin(by=member, name="a.tar", size=5)
    Upload.objects.all().delete()
    settings.SPARE_BYTES = 10**18
    with pytest.raises(Refusal, match="no room"):
        upload_begin(by=member, name="a.tar", size=5)


def test_an_upload_that_nobody_began_is_not_there(client: Client) -> None:
    assert speak(client, "HEAD", f"{PLACE}00000000-0000-0000-0000-000000000000").status_code == 404
