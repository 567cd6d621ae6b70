"""Ed25519 keys (Bernstein et al., J Cryptogr Eng 2012; RFC 8032) as base64 text."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from evaluator.errors import InputRefused


@dataclass(frozen=True)
class PublicKey:
    """Who holds the private key signed it."""

    text: str

    def __post_init__(self) -> None:
        _bytes(self.text, 32, "a public key")

    @property
    def fingerprint(self) -> str:
        """Short enough to be read out over the telephone."""
        digest = hashlib.sha256(_bytes(self.text, 32, "a public key")).hexdigest()
        return ":".join(digest[start : start + 4] for start in range(0, 32, 4))

    def signed(self, data: bytes, signature: str) -> bool:
        try:
            key = Ed25519PublicKey.from_public_bytes(_bytes(self.text, 32, "a public key"))
            key.verify(_bytes(signature, 64, "a signature"), data)
        except (InvalidSignature, InputRefused):
            return False
        return True


@dataclass(frozen=True)
class PrivateKey:
    """Never leaves the machine that made it."""

    text: str

    def __post_init__(self) -> None:
        _bytes(self.text, 32, "a private key")

    def __repr__(self) -> str:
        return "PrivateKey(…)"

    @classmethod
    def new(cls) -> PrivateKey:
        return cls(_text(Ed25519PrivateKey.generate().private_bytes_raw()))

    @property
    def public(self) -> PublicKey:
        return PublicKey(_text(self._key.public_key().public_bytes_raw()))

    def sign(self, data: bytes) -> str:
        return _text(self._key.sign(data))

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(_bytes(self.text, 32, "a private key"))


def kept_key(path: Path) -> PrivateKey:
    """The key in this file; made, readable by its owner only, where there is none yet."""
    try:
        return PrivateKey(path.read_text().strip())
    except FileNotFoundError:
        made = PrivateKey.new()
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.touch(mode=0o600)
    scratch.write_text(made.text)
    try:
        os.link(scratch, path)  # whoever is first
    except FileExistsError:
        return PrivateKey(path.read_text().strip())
    finally:
        scratch.unlink()
    return made


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str, length: int, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != length:
        raise InputRefused(f"This is not {what}.", why=f"{length} bytes in base64 are.", next_step="Copy it whole.")
    return data
