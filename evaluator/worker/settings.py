"""How a hospital's worker was started, kept in its state folder so that later starts need no more words."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from evaluator.container.doctor import DEFAULT_BASE
from evaluator.errors import UsageError
from evaluator.learnt import learn
from evaluator.worker.images import Registry

FILE = "hospital.json"
KEY_FILE = "hospital.key"
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``broker`` holds the hospital's password, and ``registry_auth`` is "user:password"."""

    hospital: str
    broker: str
    platform_key: str
    cohorts: tuple[str, ...]
    gpus: tuple[str, ...] = ()
    registry: str = ""
    registry_auth: str = ""
    ca: str = ""
    images: str = ""
    base: str = DEFAULT_BASE
    beat: float = 15.0
    log_days: float = 90.0
    image_days: float = 30.0
    insecure: bool = False

    def __post_init__(self) -> None:
        if not SLUG.fullmatch(self.hospital):
            raise UsageError(
                f"{self.hospital[:80]!r} is no hospital's short name.",
                why="It is small letters, digits and hyphens, as the platform gave it.",
            )

    def registry_of(self) -> Registry | None:
        username, _, password = self.registry_auth.partition(":")
        place = self.registry.removeprefix("https://").removeprefix("http://").strip("/")
        return Registry(place=place, username=username, password=password) if place else None


learn(Settings)


def read_settings(state: Path) -> Settings | None:
    """Those of the last start; None before the first."""
    path = state / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read.", why=str(error), next_step="Remove it, and start the worker with all its options."
        ) from error


def keep_settings(state: Path, settings: Settings) -> None:
    scratch = state / f".{FILE}.part"
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(settings), indent=1) + b"\n")
    scratch.replace(state / FILE)
