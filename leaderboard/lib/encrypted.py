"""Text that is encrypted at rest: what leaks with the database or its backup is nothing without the keys."""

from __future__ import annotations

import zlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from leaderboard.lib.errors import Refusal

LOST = "This text was encrypted under a key that LOG_KEYS does not have any more."


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.LOG_KEYS])


def encrypt(text: str) -> bytes:
    """Encrypted and authenticated under the first key."""
    return _keys().encrypt(zlib.compress(text.encode()))


class Lost(Refusal):
    """None of the keys fits."""


def decrypt(given: bytes | memoryview) -> str:
    """Of any of the keys; a sentence where none fits."""
    try:
        return secret_of(given)
    except Lost as lost:
        return str(lost)


def secret_of(given: bytes | memoryview) -> str:
    """The same for what is used and not read: a sentence would be no secret.

    Raises
    ------
    Lost
        None of the keys fits.
    """
    try:
        return zlib.decompress(_keys().decrypt(bytes(given))).decode()
    except InvalidToken as error:
        raise Lost(LOST) from error
