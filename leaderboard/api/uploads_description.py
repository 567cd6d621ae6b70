"""The uploads in the words of OpenAPI: django-ninja describes its own views only, and tus is none of them."""

from __future__ import annotations

from typing import Any

from leaderboard.api.tus import ALGORITHMS, BYTES, VERSION

Described = dict[str, Any]

SECURITY: list[dict[str, list[str]]] = [{"Uploads": []}]
SCHEMES = {"Uploads": {"type": "http", "scheme": "bearer", "description": "A token that may submit."}}
REFUSALS = {
    "400": "The request is not as the protocol says.",
    "401": "No token.",
    "403": "The token may not submit.",
    "404": "There is no such upload of yours, or no more.",
    "409": "The upload stands elsewhere than at this offset.",
    "412": f"The header Tus-Resumable does not say {VERSION}.",
    "413": "More than was announced, or than there is room for.",
    "415": f"The bytes are not of the type {BYTES}.",
    "429": "Too many uploads were begun.",
    "460": "The piece is not what its checksum says.",
}
OFFSET = {"Upload-Offset": "How many bytes are here.", "Upload-Expires": "When it is forgotten."}


def _header(name: str, schema: Described, about: str, *, required: bool = True) -> Described:
    return {"name": name, "in": "header", "required": required, "schema": schema, "description": about}


def _bytes(about: str, name: str) -> Described:
    return _header(name, {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}, about)


def _answers(done: str, about: str, headers: dict[str, str], *refusals: str) -> Described:
    told = {name: {"schema": {"type": "string"}, "description": what} for name, what in headers.items()}
    refused = {code: _refusal(code) for code in ("400", "401", "403", *refusals)}
    return {done: {"description": about, "headers": told}, **refused}


def _refusal(code: str) -> Described:
    kinds = (
        ("text/plain", "text/html") if code == "404" else ("text/plain",)
    )  # an address of nothing has the site's page
    return {"description": REFUSALS[code], "content": {kind: {"schema": {"type": "string"}} for kind in kinds}}


SPOKEN = _header("Tus-Resumable", {"type": "string", "enum": [VERSION]}, "The protocol's version.")
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}


def _operation(summary: str, parameters: list[Described], responses: Described, **more: Described) -> Described:
    about = {"summary": summary, "tags": ["uploads"], "security": SECURITY}
    return {**about, "parameters": [SPOKEN, *parameters], "responses": responses, **more}


PATHS: Described = {
    "/api/v1/uploads/": {
        "post": _operation(
            "Begin an upload",
            [
                _bytes("How large the archive is.", "Upload-Length"),
                _header(
                    "Upload-Metadata",
                    {"type": "string"},
                    "`filename` and `sha256`, each with its value in base64, between commas.",
                    required=False,
                ),
            ],
            _answers("201", "Where it is.", {"Location": "Its address.", **OFFSET}, "412", "413", "429"),
        )
    },
    "/api/v1/uploads/{id}": {
        "head": _operation(
            "How much of an upload is here",
            [ID],
            _answers("200", "So much.", {"Upload-Length": "How large it is.", **OFFSET}, "404", "412"),
        ),
        "patch": _operation(
            "Append to an upload",
            [
                ID,
                _bytes("Where these bytes belong: what HEAD says.", "Upload-Offset"),
                _header(
                    "Upload-Checksum",
                    {"type": "string"},
                    f"One of {' and '.join(ALGORITHMS)}, a space, and the piece's digest in base64.",
                    required=False,
                ),
            ],
            _answers("204", "They are here.", OFFSET, "404", "409", "412", "413", "415", "460"),
            requestBody={"required": True, "content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}},
        ),
        "delete": _operation("Give an upload up", [ID], _answers("204", "It is gone.", {}, "404", "412")),
    },
}
