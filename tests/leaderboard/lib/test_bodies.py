"""How much a request may bring is asked before any of it is read or written to disk."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.test.client import FakePayload
from django.urls import reverse
from pytest_django import Settings

from leaderboard.accounts.models import User

pytestmark = pytest.mark.django_db

FORM = "multipart/form-data; boundary=end"


class Untouched(FakePayload):
    """A body that nobody may read."""

    def read(self, num_bytes: int | None = None) -> bytes:
        pytest.fail(f"{num_bytes} bytes were read")


def post(client: Client, address: str, length: object, body: BytesIO | FakePayload, **other: Any) -> Any:
    given = {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(length), "wsgi.input": body}
    return client.generic("POST", address, **(given | other))


@pytest.mark.parametrize("name", ["account_login", "dashboards:home", "submissions:submit", "awards:calls"])
def test_a_body_that_is_too_large_is_refused_unread(client: Client, settings: Settings, name: str) -> None:
    answer = post(client, reverse(name), settings.LARGEST_BODY + 1, Untouched(b""))
    assert answer.status_code == 413
    assert "too large" in answer.content.decode()


def test_an_image_may_be_large_and_only_from_somebody_who_is_known(
    client: Client, settings: Settings, member: User, tmp_path: Path
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    large = settings.LARGEST_BODY * 100
    assert post(client, reverse("submissions:submit"), large, Untouched(b"")).status_code == 413
    client.force_login(member)
    assert post(client, reverse("submissions:submit"), large, BytesIO(b"--end--")).status_code == 422
    assert post(client, reverse("submissions:submit"), "many", Untouched(b"")).status_code == 413
