"""Uploads that go on where they stopped: tus 1.0.0 with creation, checksum, expiration and termination.

https://tus.io/protocols/resumable-upload
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import wraps
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import reverse
from django.utils import timezone
from django.utils.http import http_date
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from ninja.errors import AuthenticationError, HttpError

from leaderboard.accounts.limits import limited
from leaderboard.api.who import Scope, require
from leaderboard.lib.bodies import body_up_to
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Upload
from leaderboard.submissions.services import (
    Checksum,
    Elsewhere,
    Garbled,
    upload_append,
    upload_begin,
    upload_end,
)

VERSION = "1.0.0"
BYTES = "application/offset+octet-stream"
ALGORITHMS = ("sha1", "sha256")  # the protocol asks for the first
AT_ONCE = 1024**2
CHECKSUM_MISMATCH = 460  # the protocol's own

View = Callable[..., HttpResponse]


class Unspeakable(Exception):
    """A request that is not as the protocol says."""

    def __init__(self, what: str, *, status: int = 400) -> None:
        super().__init__(what)
        self.status = status


def spoken(*methods: str) -> Callable[[View], View]:
    """A view of the protocol: its version on both sides, who asks, and every refusal as a sentence."""

    def decorate(view: View) -> View:
        @csrf_exempt  # who comes by a session is asked for the token against forgery by `require`
        @never_cache
        @require_http_methods(["OPTIONS", *methods])
        @wraps(view)
        def answered(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            try:
                answer = _answer(view, request, *args, **kwargs)
            except Unspeakable as error:
                answer = _said(str(error), status=error.status)
            except AuthenticationError:
                answer = _said("Log in, or send a token as `Authorization: Bearer …`.", status=401)
            except (PermissionDenied, HttpError) as error:
                answer = _said(str(error), status=403)
            except Elsewhere as refusal:
                answer = _said(str(refusal), status=409)
            except Garbled as refusal:
                answer = _said(str(refusal), status=CHECKSUM_MISMATCH)
            except Refusal as refusal:
                answer = _said(str(refusal), status=413)
            answer.headers["Tus-Resumable"] = VERSION
            return answer

        return answered

    return decorate


def _answer(view: View, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(
            status=204,
            headers={
                "Tus-Version": VERSION,
                "Tus-Extension": "creation,checksum,expiration,termination",
                "Tus-Max-Size": str(settings.LARGEST_ARCHIVE),
                "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
            },
        )
    require(request, Scope.SUBMIT)
    if request.headers.get("Tus-Resumable") != VERSION:
        refused = _said(f"This is tus {VERSION}: say so in the header Tus-Resumable.", status=412)
        refused.headers["Tus-Version"] = VERSION
        return refused
    return view(request, *args, **kwargs)


@spoken("POST")
@limited("begin-upload")
def begin(request: HttpRequest) -> HttpResponse:
    told = metadata(request.headers.get("Upload-Metadata", ""))
    upload = upload_begin(
        by=request.user,  # type: ignore[arg-type]  # somebody: `require` saw to it
        name=told.get("filename", ""),
        size=number(request, "Upload-Length"),
        sha256=told.get("sha256", ""),
    )
    place = reverse("uploads:one", args=[upload.pk])
    return HttpResponse(status=201, headers={"Location": place} | stands(upload))


@spoken("HEAD", "PATCH", "DELETE")
@body_up_to(settings.LARGEST_ARCHIVE)
def one(request: HttpRequest, pk: UUID) -> HttpResponse:
    upload = Upload.objects.filter(pk=pk, by=request.user.pk, expires__gt=timezone.now()).first()
    if upload is None or not upload.path.exists():
        raise Unspeakable("There is no such upload of yours, or no more.", status=404)
    if request.method == "DELETE":
        upload_end(upload=upload)
        return HttpResponse(status=204)
    if request.method == "HEAD":
        return HttpResponse(headers={"Upload-Length": str(upload.size)} | stands(upload))
    if request.content_type != BYTES:
        raise Unspeakable(f"The bytes of an upload have the type {BYTES}.", status=415)
    offset, told = number(request, "Upload-Offset"), checksum(request.headers.get("Upload-Checksum", ""))
    try:
        upload = upload_append(upload=upload, offset=offset, pieces=body(request), checksum=told)
    except (FileNotFoundError, Upload.DoesNotExist) as error:
        raise Unspeakable("This upload was handed in or given up meanwhile.", status=404) from error
    except UnreadablePostError as error:
        raise Unspeakable("The connection broke.") from error
    return HttpResponse(status=204, headers=stands(upload))


def stands(upload: Upload) -> dict[str, str]:
    return {"Upload-Offset": str(upload.offset), "Upload-Expires": http_date(upload.expires.timestamp())}


def body(request: HttpRequest) -> Iterator[bytes]:
    while piece := request.read(AT_ONCE):
        yield piece


def number(request: HttpRequest, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Unspeakable(f"The header {header} must be a number of bytes.")
    return int(text)


def metadata(text: str) -> dict[str, str]:
    """Keys with their values in base64, as the protocol has them."""
    found = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        key, _, value = pair.partition(" ")
        found[key] = _decoded(value, "Upload-Metadata").decode(errors="replace").replace("\x00", "␀")
    return found


def checksum(text: str) -> Checksum | None:
    if not text:
        return None
    algorithm, _, value = text.partition(" ")
    if algorithm not in ALGORITHMS:
        raise Unspeakable(f"The header Upload-Checksum names one of {', '.join(ALGORITHMS)}.")
    return Checksum(algorithm=algorithm, digest=_decoded(value, "Upload-Checksum"))


def _decoded(value: str, header: str) -> bytes:
    try:
        return b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unspeakable(f"The header {header} is not in base64.") from error


def _said(what: str, *, status: int) -> HttpResponse:
    return HttpResponse(f"{what}\n", status=status, content_type="text/plain; charset=utf-8")
