"""The platform's website, as a program with a token may use it: questions, posts, and uploads that go on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.uploader.uploader import Uploader

from evaluator.errors import InputRefused, PlatformFault, UsageError

API = "/api/v1/"
PIECE = 32 * 1024**2
TRIES, PAUSE = 5, 3  # of a piece; seconds between them
SECONDS = 60
GONE = (404, 410)  # answers that mean that there is no such upload any more


class Site:
    """One website and one token."""

    def __init__(self, url: str, token: str) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise UsageError(f"{url!r} is no address of a website.", next_step="Give it as --to https://…")
        if not token:
            raise UsageError(
                "There is no token in the environment.",
                next_step="Make one on the website under Profile, then: export LEADERBOARD_TOKEN=…",
            )
        self._base = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> Any:
        return self._ask("GET", path)

    def post(self, path: str, content: Mapping[str, Any]) -> Any:
        return self._ask("POST", path, json=content)

    def page(self, path: str) -> str:
        return urljoin(self._base, path)

    def upload(self, archive: Path, *, notes: Path, advance: Callable[[int], object]) -> str:
        """Upload a file, from where an earlier try of the same file stopped; the upload's id.

        Parameters
        ----------
        archive : Path
            The file.
        notes : Path
            A file of this machine that remembers uploads under way.
        advance : callable
            Is told how many bytes arrived, piece by piece.
        """
        with archive.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            known = _Known(notes, key=f"{self._base} {sha256}")
            try:
                return self._send(file, {"filename": archive.name, "sha256": sha256}, known, advance)
            except TusCommunicationError as error:
                said = (error.response_content or b"").decode(errors="replace").strip()
                raise PlatformFault(
                    "The archive was not uploaded.",
                    why=said or str(error),
                    next_step="Try again: the same file goes on where it stopped.",
                ) from error

    def _send(
        self, file: IO[bytes], metadata: Mapping[str, str], known: _Known, advance: Callable[[int], object]
    ) -> str:
        uploader = self._uploader(file, metadata, known.place)
        advance(uploader.offset)
        while uploader.offset < uploader.stop_at:
            before = uploader.offset
            uploader.upload_chunk()
            known.keep(uploader.url)
            advance(uploader.offset - before)
        known.keep(None)
        return str(uploader.url).rstrip("/").rpartition("/")[2]

    def _uploader(self, file: IO[bytes], metadata: Mapping[str, str], place: str | None) -> Uploader:
        """At the place where it stopped, or anew where there is none any more."""
        client = TusClient(f"{self._base}{API}uploads/", headers=self._headers)
        settings = {"chunk_size": PIECE, "upload_checksum": True, "retries": TRIES, "retry_delay": PAUSE}
        try:
            return client.uploader(file_stream=file, metadata=metadata, url=place, **settings)
        except TusCommunicationError as error:
            if place is None or error.status_code not in GONE:
                raise
            return client.uploader(file_stream=file, metadata=metadata, **settings)

    def _ask(self, method: str, path: str, **given: Any) -> Any:
        try:
            answer = requests.request(
                method, f"{self._base}{API}{path}", headers=self._headers, timeout=SECONDS, **given
            )
            said = answer.json()
        except requests.JSONDecodeError as error:
            raise PlatformFault(
                f"{self._base} does not answer as the platform does.",
                why=f"It answers {answer.status_code} with something else.",
                next_step="See that --to is the website's address, without a page.",
            ) from error
        except requests.RequestException as error:
            raise PlatformFault(
                f"{self._base} does not answer.", why=type(error).__name__, next_step="Try again later."
            ) from error
        if answer.ok:
            return said
        raise _refusal(answer.status_code, said)


class _Known:
    """Where an upload is under way, as this machine remembers it: by what is uploaded to whom, not by a file's name."""

    def __init__(self, notes: Path, *, key: str) -> None:
        self._notes, self._key = notes, key

    @property
    def place(self) -> str | None:
        return self._read().get(self._key)

    def keep(self, place: str | None) -> None:
        found = self._read()
        if found.get(self._key) == place:
            return
        found.pop(self._key, None)
        if place is not None:
            found[self._key] = place
        self._notes.parent.mkdir(parents=True, exist_ok=True)
        scratch = self._notes.with_suffix(".part")
        scratch.write_text(json.dumps(found, indent=1))
        scratch.replace(self._notes)

    def _read(self) -> dict[str, str]:
        try:
            found: dict[str, str] = json.loads(self._notes.read_text())
        except (OSError, ValueError):
            return {}
        return found


def _refusal(status: int, said: Mapping[str, Any]) -> InputRefused | PlatformFault:
    faults = "; ".join(f"{one.get('where')}: {one.get('what')}" for one in said.get("faults") or ())
    why = " ".join(filter(None, (said.get("why"), faults)))
    kind = PlatformFault if status >= 500 else InputRefused
    return kind(
        str(said.get("what") or f"The platform answers {status}."), why=why, next_step=said.get("next_step", "")
    )
