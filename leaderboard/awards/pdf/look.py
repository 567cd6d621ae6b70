"""What a PDF holds that a letter must not: found by walking every object of it, whether a page leads there or not.

Nothing is drawn and no page's content is decompressed. Readers of PDF differ in what they make of a broken file, so a
broken one is refused, and what pypdf does not list is looked for among the bytes.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from io import BytesIO
from typing import Any

import msgspec
from pypdf import PdfReader
from pypdf.errors import LimitReachedError, PdfReadError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, StreamObject

MOST_OBJECTS = 100_000
MOST_PAGES = 100


class Fault(StrEnum):
    """Each as a page says it."""

    BROKEN = "It is not well-formed."
    ENCRYPTED = "It is encrypted or protected by a password."
    SCRIPT = "It holds JavaScript."
    ACTION = "It holds an action that opens something else, sends something or plays something."
    FILES = "It holds other files."
    XFA = "It holds an XFA form."
    MEDIA = "It holds sound, film or a three-dimensional model."
    OUTSIDE = "It refers to files outside itself."
    NO_PAGES = "It has no page."
    MANY_PAGES = f"It has more than {MOST_PAGES} pages."
    COMPLEX = "It has more parts than a letter can have."


class Found(msgspec.Struct, frozen=True, kw_only=True):
    pages: int = 0
    faults: list[Fault] = []


HARMLESS = {"/GoTo", "/URI", "/Named"}  # to a place in it, or to an address that a person has to click
ACTIONS = {
    "/JavaScript": Fault.SCRIPT,
    "/Rendition": Fault.MEDIA,
    "/Movie": Fault.MEDIA,
    "/Sound": Fault.MEDIA,
    "/RichMediaExecute": Fault.MEDIA,
    "/GoTo3DView": Fault.MEDIA,
    **dict.fromkeys(
        ("/Launch", "/SubmitForm", "/ImportData", "/ResetForm", "/GoToR", "/GoToE", "/GoToDp", "/Thread", "/Hide",
         "/SetOCGState", "/Trans"),
        Fault.ACTION,
    ),
}  # fmt: skip
KEYS = {
    "/JS": Fault.SCRIPT,
    "/JavaScript": Fault.SCRIPT,
    "/EmbeddedFiles": Fault.FILES,
    "/EF": Fault.FILES,
    "/AF": Fault.FILES,
    "/Collection": Fault.FILES,
    "/XFA": Fault.XFA,
    "/RichMediaContent": Fault.MEDIA,
    "/3DD": Fault.MEDIA,
    "/FFilter": Fault.OUTSIDE,
    "/Encrypt": Fault.ENCRYPTED,
    "/AA": Fault.ACTION,
}
KINDS = {  # of an annotation, a file or a drawing, by /Subtype or /Type
    "/RichMedia": Fault.MEDIA,
    "/3D": Fault.MEDIA,
    "/Movie": Fault.MEDIA,
    "/Sound": Fault.MEDIA,
    "/Screen": Fault.MEDIA,
    "/FileAttachment": Fault.FILES,
    "/EmbeddedFile": Fault.FILES,
    "/Filespec": Fault.OUTSIDE,
    "/F": Fault.OUTSIDE,
    "/PS": Fault.SCRIPT,
}
# Names so long that compressed bytes do not look like them by chance.
TOKENS = {
    b"/JavaScript": Fault.SCRIPT,
    b"/SubmitForm": Fault.ACTION,
    b"/ImportData": Fault.ACTION,
    b"/Launch": Fault.ACTION,
    b"/EmbeddedFile": Fault.FILES,
    b"/RichMedia": Fault.MEDIA,
    b"/Encrypt": Fault.ENCRYPTED,
}
PACKED = re.compile(rb"/ObjStm\b")
ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")


def look(data: bytes) -> Found:
    """Everything that is wrong with it. What pypdf cannot read is broken, by whatever it raised.

    Raises
    ------
    MemoryError
        The process may have no more.
    """
    log, unrepaired = logging.getLogger("pypdf"), Repaired(logging.WARNING)
    log.addHandler(unrepaired)
    try:
        return looked_at(data)
    finally:
        log.removeHandler(unrepaired)


def looked_at(data: bytes) -> Found:
    plain = unescaped(data)
    faults = set(tokens_in(plain))
    try:
        reader = PdfReader(BytesIO(data), strict=True)
        if reader.is_encrypted:
            return Found(faults=[Fault.ENCRYPTED])
        faults |= {Fault.ACTION} if opens_by_itself(reader) else set()
        faults |= {Fault.BROKEN} if unlisted(plain, reader) else set()
        if len(known := objects_of(reader)) > MOST_OBJECTS:
            return Found(faults=[Fault.COMPLEX])
        for root in (reader.trailer, *(reader.get_object(one) for one in known)):
            for part in parts_of(root):
                faults |= faults_in(part)
        pages = len(reader.pages)
    except MemoryError:
        raise
    except (LimitReachedError, RecursionError):
        return Found(faults=[Fault.COMPLEX])
    except Exception:  # whatever it is, these bytes did it
        return Found(faults=sorted(faults | {Fault.BROKEN}))
    if not 0 < pages <= MOST_PAGES:
        faults.add(Fault.MANY_PAGES if pages else Fault.NO_PAGES)
    return Found(pages=pages, faults=sorted(faults))


class Repaired(logging.Handler):
    """pypdf mends what is broken and says so in its log: what another reader makes of it nobody knows."""

    def emit(self, record: logging.LogRecord) -> None:
        raise PdfReadError(record.getMessage())


def unlisted(plain: bytes, reader: PdfReader) -> bool:
    """Streams of objects that no table names, or that hold more than the tables name: a reader that rebuilds the tables
    would find what no other sees."""
    used = Counter(stream for stream, _ in reader.xref_objStm.values())
    if len(PACKED.findall(plain)) != len(used):
        return True
    streams = {number: reader.get_object(IndirectObject(number, 0, reader)) for number in used}
    return any(not isinstance(one, StreamObject) or one.get("/N") != used[number] for number, one in streams.items())


def opens_by_itself(reader: PdfReader) -> bool:
    """Something is done when it is opened, other than to show a place in it."""
    wanted = reader.root_object.get("/OpenAction")
    if isinstance(wanted, IndirectObject):
        wanted = wanted.get_object()
    return isinstance(wanted, DictionaryObject) and plain_name(wanted, "/S") != "/GoTo"


def unescaped(data: bytes) -> bytes:
    return ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), data)


def tokens_in(plain: bytes) -> Iterator[Fault]:
    for token, fault in TOKENS.items():
        if token in plain:
            yield fault


def objects_of(reader: PdfReader) -> list[IndirectObject]:
    """All that the tables of the file name, also those in compressed streams of objects."""
    plain = [(number, generation) for generation, numbers in reader.xref.items() for number in numbers if number]
    packed = [(number, 0) for number in reader.xref_objStm]
    return [IndirectObject(number, generation, reader) for number, generation in dict.fromkeys((*plain, *packed))]


def parts_of(root: Any) -> Iterator[DictionaryObject]:
    """The dictionaries in one object; what it refers to is an object of its own."""
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if isinstance(one, DictionaryObject):
            yield one
            waiting += [dict.__getitem__(one, key) for key in one]
        elif isinstance(one, ArrayObject):
            waiting += list(list.__iter__(one))


def faults_in(part: DictionaryObject) -> set[Fault]:
    found = {KEYS[key] for key in part if key in KEYS}
    action, kind, subkind = (plain_name(part, key) for key in ("/S", "/Type", "/Subtype"))
    if action in ACTIONS:
        found.add(ACTIONS[action])
    if kind == "/Action" and action not in HARMLESS:
        found.add(Fault.ACTION)
    found |= {KINDS[one] for one in (kind, subkind) if one in KINDS}
    if isinstance(part, StreamObject) and ("/F" in part or "/Ref" in part):  # /Ref: a page of another file
        found.add(Fault.OUTSIDE)
    return found


def plain_name(part: DictionaryObject, key: str) -> str:
    """The name at a key, followed where it is an object of its own: an action can hide behind a reference."""
    value = part.get(key)
    if isinstance(value, IndirectObject):
        value = value.get_object()
    return str(value) if isinstance(value, NameObject) else ""
