"""A team's program with a token, and uploads as the protocol has them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from django.test import Client

from leaderboard.accounts.models import User
from leaderboard.accounts.tokens import token_create

SCOPES = ("read", "submit")
PLACE = "/api/v1/uploads/"


def program(user: User, *scopes: str) -> Client:
    """It knows no cookie, and keeps the rules against forgery."""
    text = token_create(user=user, name="build server", scopes=scopes or SCOPES, days=30)
    return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def client(member: User) -> Client:
    return program(member)


def speak(client: Client, method: str, place: str, body: bytes = b"", **headers: object) -> Any:
    """A request of tus; header names with underscores."""
    told = {"Tus-Resumable": "1.0.0"} | {name.replace("_", "-"): str(value) for name, value in headers.items()}
    kind = "application/offset+octet-stream" if method == "PATCH" else "application/octet-stream"
    return client.generic(method, place, body, content_type=str(told.pop("Content-Type", kind)), headers=told)


def begin(client: Client, size: int, **metadata: str) -> str:
    """The place of a new upload."""
    pairs = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in metadata.items())
    answer = speak(client, "POST", PLACE, Upload_Length=size, Upload_Metadata=pairs)
    assert answer.status_code == 201, answer.content
    return str(answer["Location"])


def append(client: Client, place: str, body: bytes, offset: int, **headers: object) -> Any:
    return speak(client, "PATCH", place, body, Upload_Offset=offset, **headers)
