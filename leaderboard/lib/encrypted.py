"""Text that is encrypted at rest: what leaks with the database or its backup is nothing without the keys."""

from __future__ import annotations

import zlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

LOST = "This text was encrypted under a key that LOG_KEYS does not have any more."


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.LOG_KEYS])


def encrypt(text: str) -> bytes:
    """Encrypted and authenticated under the first key."""
    return _keys().encrypt(zlib.compress(text.encode()))


def decrypt(given: bytes | memoryview) -> str:
    """Of any of the keys; a sentence where none fits."""
    try:
        return zlib.decompress(_keys().decrypt(bytes(given))).decode()
    except InvalidToken:
        return LOST
