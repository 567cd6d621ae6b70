"""Letters that are more than text and pictures are refused, by what is in them; those that are less, too."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from pypdf import PdfWriter
from pypdf.generic import NameObject, StreamObject

from leaderboard.awards.pdf.look import Fault, look
from leaderboard.awards.services.reading import LARGEST_LETTER, pages_of
from leaderboard.lib.errors import Refusal
from tests.letters import PDF, blank, named, valued, written

Change = Callable[[PdfWriter], object]


def set_root(**values: object) -> Change:
    def change(writer: PdfWriter) -> None:
        writer._root_object.update(named(**values))

    return change


def annotate(**values: object) -> Change:
    def change(writer: PdfWriter) -> None:
        writer.pages[0][NameObject("/Annots")] = valued([named(Type="/Annot", Rect=[0, 0, 9, 9], **values)])

    return change


def action_object(**values: object) -> Change:
    """An action that no page leads to."""
    return lambda writer: writer._add_object(named(**values))


def behind_a_reference(writer: PdfWriter) -> None:
    name = writer._add_object(NameObject("/Launch"))
    writer._add_object(named(S=name, F="calc.exe"))


def outside_stream(writer: PdfWriter) -> None:
    stream = StreamObject()
    stream.update(named(F="/etc/passwd"))
    writer._add_object(stream)


HOSTILE: dict[str, tuple[Change, Fault]] = {
    "a script of the document's own": (
        set_root(Names=named(JavaScript=named(Names=["first", named(S="/JavaScript", JS="app.alert(1)")]))),
        Fault.SCRIPT,
    ),
    "a script that runs when it opens": (set_root(OpenAction=named(S="/JavaScript", JS="app.alert(1)")), Fault.SCRIPT),
    "a script that nothing names": (action_object(JS="x"), Fault.SCRIPT),
    "a script when a page is turned": (annotate(Subtype="/Widget", AA=named(O=named(S="/JavaScript"))), Fault.SCRIPT),
    "a program to start": (set_root(OpenAction=named(S="/Launch", F="calc.exe")), Fault.ACTION),
    "a program behind a reference": (behind_a_reference, Fault.ACTION),
    "an address that opens by itself": (set_root(OpenAction=named(S="/URI", URI="https://x.example/")), Fault.ACTION),
    "an address when a page is seen": (annotate(Subtype="/Widget", AA=named(PO=named(S="/URI"))), Fault.ACTION),
    "a form that is sent": (annotate(Subtype="/Widget", A=named(S="/SubmitForm", F="http://x")), Fault.ACTION),
    "data that are fetched": (action_object(S="/ImportData", F="x"), Fault.ACTION),
    "another file to open": (annotate(Subtype="/Link", A=named(S="/GoToR", F="x.pdf")), Fault.ACTION),
    "an action of a kind nobody knows": (action_object(Type="/Action", S="/Newest"), Fault.ACTION),
    "a file inside": (lambda one: one.add_attachment("a.exe", b"MZ"), Fault.FILES),
    "a file pinned to a page": (annotate(Subtype="/FileAttachment"), Fault.FILES),
    "a form of another kind": (set_root(AcroForm=named(XFA="x")), Fault.XFA),
    "a film": (annotate(Subtype="/Screen", A=named(S="/Rendition")), Fault.MEDIA),
    "a model in three dimensions": (annotate(Subtype="/3D"), Fault.MEDIA),
    "bytes of a file outside": (outside_stream, Fault.OUTSIDE),
    "a password": (lambda one: one.encrypt("secret"), Fault.ENCRYPTED),
    "a hundred and one pages": (lambda one: [one.add_blank_page(9, 9) for _ in range(100)], Fault.MANY_PAGES),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_a_letter_does_not_need_is_found(what: str) -> None:
    change, fault = HOSTILE[what]
    writer = blank()
    change(writer)
    assert fault in look(written(writer)).faults


@pytest.mark.parametrize(
    "change",
    [
        set_root(OpenAction=named(S="/GoTo", D="first")),
        annotate(Subtype="/Link", A=named(Type="/Action", S="/URI", URI="https://example.org/")),
        set_root(StructTreeRoot=named(Type="/StructTreeRoot", K=named(Type="/StructElem", S="/Document"))),
        set_root(AcroForm=named(Fields=[named(FT="/Sig", T="signed")])),
    ],
    ids=["opens at a page", "a link", "marked for readers of screens", "a signature"],
)
def test_what_honest_programs_write_is_taken(change: Change) -> None:
    writer = blank()
    change(writer)
    assert look(written(writer)).faults == []


def test_a_name_written_in_another_way_is_the_same_name() -> None:
    writer = blank()
    set_root(OpenAction=named(S="/JavaScript", D="x"))(writer)
    data = written(writer).replace(b"/JavaScript", b"/Jav#61Scrip#74")
    assert b"/JavaScript" not in data
    assert Fault.SCRIPT in look(data).faults


def test_what_an_older_state_of_the_file_held_is_found_among_its_bytes() -> None:
    """A reader that puts a broken table together anew could come upon it."""
    left_behind = PDF + b"9 0 obj << /S /Launch >> endobj\n%%EOF\n"
    assert Fault.ACTION in look(left_behind).faults


def test_what_is_packed_into_a_stream_of_objects_is_found() -> None:
    """The script's object is nowhere among the plain bytes."""
    inside = b"4 0 << /S /JavaScript /JS (app.alert(1)) >>"
    first = inside.index(b"<<")
    packed = zlib.compress(inside)
    parts = [
        b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n",
        b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n",
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>\nendobj\n",
        b"5 0 obj\n<< /Type /ObjStm /N 1 /First %d /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n"
        % (first, len(packed), packed),
    ]
    data, places = b"%PDF-1.5\n", {}
    for part in parts:
        places[int(part.split()[0])] = len(data)
        data += part
    rows = [b"\x00" + bytes(4) + b"\xff"]
    for number in range(1, 7):
        if number == 4:
            rows.append(b"\x02" + (5).to_bytes(4, "big") + b"\x00")
        else:
            rows.append(b"\x01" + places.get(number, len(data)).to_bytes(4, "big") + b"\x00")
    table = b"".join(rows)
    start = len(data)
    data += b"6 0 obj\n<< /Type /XRef /Size 7 /W [1 4 1] /Root 1 0 R /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (
        len(table),
        table,
    )
    data += b"startxref\n%d\n%%%%EOF\n" % start
    assert b"/JavaScript" not in data
    found = look(data)
    assert (found.pages, found.faults) == (1, [Fault.SCRIPT])


def test_a_table_that_a_reader_would_have_to_mend_is_broken() -> None:
    """Another reader might find another file in it."""
    place = PDF.rindex(b"xref\n0 ", 0, PDF.rindex(b"startxref"))
    wrong = PDF.replace(b"startxref\n%d" % place, b"startxref\n%d" % (place - 7))
    assert wrong != PDF
    assert Fault.BROKEN in look(wrong).faults


def test_objects_that_no_table_names_are_none_of_a_letter() -> None:
    """A stream of objects that pypdf never opens, and a reader that rebuilds the tables does."""
    packed = zlib.compress(b"9 0 << /S /JavaScript /JS (app.alert(1)) >>")
    hidden = (
        b"8 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n"
    )
    data = PDF + hidden % (len(packed), packed) + b"%%EOF\n"
    assert b"/JavaScript" not in data
    assert Fault.BROKEN in look(data).faults


def test_a_page_of_another_file_is_outside() -> None:
    def borrow(writer: PdfWriter) -> None:
        stream = StreamObject()
        stream.update(named(Subtype="/Form", Ref=named(F="other.pdf", Page=1)))
        writer._add_object(stream)

    writer = blank()
    borrow(writer)
    assert Fault.OUTSIDE in look(written(writer)).faults


def test_what_is_no_pdf_is_not_even_looked_at() -> None:
    for data, words in (
        (b"MZ" + PDF, "no PDF"),
        (b"", "no PDF"),
        (PDF[:-10], "not whole"),
        (PDF + b"PK\x03\x04 something else", "not whole"),
        (PDF + bytes(LARGEST_LETTER), "larger than 10 MB"),
    ):
        with pytest.raises(Refusal, match=words):
            pages_of(data)


def test_a_file_that_is_two_things_is_refused() -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "hello")
    with pytest.raises(Refusal, match="not whole"):
        pages_of(PDF + file.getvalue())


def test_an_honest_letter_has_its_pages_counted_by_the_confined_process() -> None:
    assert pages_of(PDF) == 1


def test_every_fault_is_named_and_nothing_else_is_said() -> None:
    writer = blank()
    set_root(OpenAction=named(S="/JavaScript", JS="app.alert(1)"))(writer)
    writer.add_attachment("a.exe", b"MZ")
    with pytest.raises(Refusal) as refused:
        pages_of(written(writer))
    assert {fault.what for fault in refused.value.faults} >= {Fault.SCRIPT.value, Fault.FILES.value}
    assert "Print the letter to PDF once more" in refused.value.next_step


def test_the_confined_process_tells_of_a_password_too() -> None:
    writer = blank()
    writer.encrypt("secret", algorithm="AES-256")
    with pytest.raises(Refusal) as refused:
        pages_of(written(writer))
    assert Fault.ENCRYPTED.value in [fault.what for fault in refused.value.faults]


@pytest.mark.parametrize(
    "inside",
    [
        b"1 0 obj\n" + b"[" * 50_000 + b"]" * 50_000 + b"\nendobj\n",
        b"1 0 obj\n<< /Type /Catalog /Pages 1 0 R /Kids [1 0 R] /Count 99999999 >>\nendobj\n",
        b"\x00" * 1000,
    ],
    ids=["brackets without end", "pages that lead back to themselves", "nothing"],
)
def test_what_would_keep_a_reader_busy_is_broken_or_too_complex(inside: bytes) -> None:
    data = b"%PDF-1.4\n" + inside + b"xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \n"
    data += b"trailer\n<< /Size 2 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (9 + len(inside))
    with pytest.raises(Refusal, match=r"not taken in|could not be looked at"):
        pages_of(data)


def test_a_bomb_in_a_stream_of_objects_ends_at_the_limits() -> None:
    """Half a gigabyte of blanks that are 500 kB: the process may not have as much, and the site goes on."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(600)) + packer.flush()
    data = b"%PDF-1.5\n"
    place = len(data)
    data += b"1 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed)
    data += packed + b"\nendstream\nendobj\n"
    start = len(data)
    table = bytes(6) + b"\x01" + place.to_bytes(4, "big") + b"\0" + b"\x02" + (1).to_bytes(4, "big") + b"\0"
    data += b"3 0 obj\n<< /Type /XRef /Size 3 /W [1 4 1] /Root 2 0 R /Length 18 >>\nstream\n" + table
    data += b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start
    with pytest.raises(Refusal, match=r"not taken in|could not be looked at"):
        pages_of(data)
