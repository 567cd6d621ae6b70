"""Whatever is sent to the interface, within its own description and beside it: no error of ours, no other answers."""

from __future__ import annotations

import hashlib
import logging
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from leaderboard.accounts.models import User
from leaderboard.api.tus import BYTES
from leaderboard.api.views import api
from leaderboard.benchmarks.models import Benchmark
from leaderboard.submissions.models import Upload
from tests.leaderboard.api.conftest import PLACE, begin, program, speak

pytestmark = pytest.mark.django_db

EXAMPLES = settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
# Not asked: whether made-up teams are taken, and whether who sends no token is refused, which the client does for all.
CHECKS = (
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
    checks.negative_data_rejection,
)
schema = schemathesis.openapi.from_dict(api.get_openapi_schema())


@schemathesis.serializer(BYTES)
def as_they_are(_: object, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@schema.parametrize()
@EXAMPLES
def test_every_answer_is_as_described(case: schemathesis.Case[Any], ranked: Benchmark, member: User) -> None:
    # tus refuses what is not tus by 412, which that check does not take for a refusal.
    asked = [one for one in CHECKS if one is not checks.negative_data_rejection or "/uploads/" not in case.path]
    case.validate_response(sent(case, program(member)), checks=asked)
    member.tokens.all().delete()


def sent(case: schemathesis.Case[Any], client: Client) -> schemathesis.Response:
    """Through Django's test client: its transaction is the test's."""
    asked = requests.Request(**without_authorization(case)).prepare()
    body, headers = asked.body or b"", dict(asked.headers)
    kind = str(headers.pop("Content-Type", "application/octet-stream"))
    body = body if isinstance(body, bytes) else str(body).encode()
    found = client.generic(str(asked.method), asked.path_url, body, content_type=kind, headers=headers)
    told = {name.lower(): [value] for name, value in found.headers.items()}
    return schemathesis.Response(found.status_code, told, found.content, asked, elapsed=0.0, verify=False)


def without_authorization(case: schemathesis.Case[Any]) -> dict[str, Any]:
    """Who asks is the client's matter; other ways are tried elsewhere."""
    given = case.as_transport_kwargs(base_url="http://testserver")
    given.pop("cookies", None)
    given["headers"].pop("Authorization", None)
    return {name: given[name] for name in ("method", "url", "headers", "params", "data", "json") if name in given}


HEADERS = st.sampled_from(["", "0", "1", "5", "-1", "x", "9" * 30, "sha1 AAAA", "sha256 ", "a b,c", "filename ZGV0"])
BODY = b"0123456789"


@EXAMPLES
@given(data=st.data())
def test_an_upload_holds_what_was_sent_whatever_else_is_asked(
    data: st.DataObject, ranked: Benchmark, member: User
) -> None:
    """Right pieces and wrong ones in any order, against a count of our own."""
    Upload.objects.all().delete()
    member.tokens.all().delete()
    client = program(member)
    place, held = begin(client, len(BODY)), 0
    for _ in range(data.draw(st.integers(1, 8))):
        offset = data.draw(st.just(held) | st.integers(0, 12))
        piece = BODY[offset : offset + data.draw(st.integers(1, 4))] + b"!" * data.draw(st.sampled_from([0, 0, 20]))
        right = data.draw(st.none() | st.booleans())
        answer = speak(client, "PATCH", place, piece, Upload_Offset=offset, **checksum(piece, right=right))
        fits = offset == held and offset + len(piece) <= len(BODY)
        assert (answer.status_code == 204) == (fits and right is not False)
        held += len(piece) if answer.status_code == 204 else 0
        if offset == held and right is None and not fits:
            held = int(speak(client, "HEAD", place)["Upload-Offset"])
        assert int(speak(client, "HEAD", place)["Upload-Offset"]) == held
    upload = Upload.objects.get(pk=place.rpartition("/")[2])
    assert upload.path.read_bytes()[:held] == BODY[:held]


def checksum(piece: bytes, *, right: bool | None) -> dict[str, Any]:
    if right is None:
        return {}
    found = hashlib.sha1(piece if right else piece + b"!", usedforsecurity=False).digest()
    return {"Upload_Checksum": f"sha1 {b64encode(found).decode()}"}


@EXAMPLES
@given(
    method=st.sampled_from(["POST", "PATCH", "HEAD", "DELETE", "OPTIONS", "GET", "PUT"]),
    there=st.booleans(),
    body=st.binary(max_size=20),
    headers=st.dictionaries(
        st.sampled_from(
            ["Upload_Length", "Upload_Offset", "Upload_Metadata", "Upload_Checksum", "Tus_Resumable", "Content_Type"]
        ),
        HEADERS,
    ),
)
def test_no_request_of_the_protocol_is_answered_by_an_error_of_ours(
    method: str, there: bool, body: bytes, headers: dict[str, str], ranked: Benchmark, member: User
) -> None:
    Upload.objects.all().delete()
    member.tokens.all().delete()
    client = program(member)
    place = begin(client, 5) if there else PLACE
    assert speak(client, method, place, body, **headers).status_code < 500
