"""One message, signed. The body is kept as the text that was signed: nobody has to write it the same way again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec

from evaluator.errors import MessageRefused
from evaluator.learnt import learn
from evaluator.results import to_builtins
from evaluator.wire.keys import PrivateKey, PublicKey
from evaluator.wire.messages import ORDERS, REPORTS, CancelOrder, Joined, NullsOrder, Order, Report, RunOrder

LARGEST = 64 * 1024**2
Content = TypeVar("Content")


class Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``serial`` counts one sender's messages; ``hospital`` is who it is from, or to."""

    schema: str
    hospital: str
    serial: int
    sent: str
    body: str
    signature: str

    def signed(self) -> bytes:
        """What the signature is of: every field, none of which can be mistaken for another's."""
        return msgspec.json.encode([self.schema, self.hospital, self.serial, self.sent, self.body])


learn(Envelope, Order, Report)


@dataclass(frozen=True, kw_only=True)
class Opened(Generic[Content]):
    """A message whose signature, schema and body are right."""

    hospital: str
    serial: int
    sent: datetime
    message: Content


def seal(message: Order | Report, *, hospital: str, serial: int, key: PrivateKey) -> bytes:
    """The message as it is sent.

    Raises
    ------
    MessageRefused
        It does not fit the schema: nothing leaves that the other side would not read.
    """
    schema = ORDERS if isinstance(message, RunOrder | CancelOrder | NullsOrder) else REPORTS
    body = _body(_decoded(hospital, _body(message), type(message)))
    unsigned = Envelope(
        schema=schema,
        hospital=hospital,
        serial=serial,
        sent=datetime.now(UTC).isoformat(timespec="seconds"),
        body=body.decode(),
        signature="",
    )
    return msgspec.json.encode(msgspec.structs.replace(unsigned, signature=key.sign(unsigned.signed())))


def open_order(data: bytes, *, hospital: str, key: PublicKey) -> Opened[Order]:
    """Read what the platform sent to this hospital.

    Raises
    ------
    MessageRefused
        It is not signed by the platform, is for another hospital, or does not fit the schema.
    """
    envelope = _envelope(data, schema=ORDERS, hospital=hospital)
    return _opened(envelope, key, Order)


def open_report(data: bytes, *, hospital: str, key: PublicKey | None) -> Opened[Report]:
    """Read what a hospital sent, as its queue names it. Without a ``key`` only ``Joined`` is read, which brings one.

    Raises
    ------
    MessageRefused
        It is not signed by that hospital, says that it is from another one, or does not fit the schema.
    """
    envelope = _envelope(data, schema=REPORTS, hospital=hospital)
    if key is None:
        joined = _decoded(hospital, envelope.body, Joined)
        return _opened(envelope, PublicKey(joined.public_key), Joined)
    return _opened(envelope, key, Report)


def _body(message: Any) -> bytes:
    # Through `to_builtins`: a float that is not finite becomes null, as in every results file.
    return msgspec.json.encode(to_builtins(msgspec.to_builtins(message)), order="deterministic")


def _envelope(data: bytes, *, schema: str, hospital: str) -> Envelope:
    if len(data) > LARGEST:
        raise MessageRefused("A message is too large.", why=f"It has {len(data):,} bytes.")
    try:
        envelope = msgspec.json.decode(data, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MessageRefused("A message is no envelope.", why=str(error)) from error
    if envelope.schema != schema:
        raise MessageRefused(
            f"A message has schema {envelope.schema[:60]!r}.", why=f"This version reads {schema!r} here."
        )
    if envelope.hospital != hospital:
        raise MessageRefused(
            f"A message names hospital {envelope.hospital[:60]!r}.", why=f"It came by the queue of {hospital!r}."
        )
    return envelope


def _opened(envelope: Envelope, key: PublicKey, content: Any) -> Opened[Any]:
    if not key.signed(envelope.signed(), envelope.signature):
        raise MessageRefused(
            f"A message of hospital {envelope.hospital!r} is not signed with the key it must be signed with.",
            why=f"The key has the fingerprint {key.fingerprint}.",
        )
    try:
        sent = datetime.fromisoformat(envelope.sent)
    except ValueError as error:
        raise MessageRefused("A message does not say when it was sent.", why=str(error)) from error
    message = _decoded(envelope.hospital, envelope.body, content)
    if _body(message) != envelope.body.encode():
        raise MessageRefused(
            f"A message of hospital {envelope.hospital!r} holds more than the schema has a place for.",
            why="Written again from what was read, it is another text.",
        )
    return Opened(hospital=envelope.hospital, serial=envelope.serial, sent=sent, message=message)


def _decoded(hospital: str, body: str | bytes, content: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MessageRefused(f"A message of hospital {hospital!r} does not fit the schema.", why=str(error)) from error
