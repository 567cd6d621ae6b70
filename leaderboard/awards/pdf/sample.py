"""A PDF of one page, for demonstrations, and for the reading process to warm up on."""

from __future__ import annotations

from io import BytesIO

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

A4 = (595, 842)


def one_page(text: str) -> bytes:
    """Lines of plain text on one page, with its objects packed as today's programs pack them."""
    writer = PdfWriter()
    page = writer.add_blank_page(*A4)
    shown = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in text.splitlines()]
    content = DecodedStreamObject()
    lines = "".join(f"({line}) Tj T* " for line in shown)
    content.set_data(f"BT /F1 11 Tf 15 TL 60 780 Td {lines}ET".encode("latin-1", "replace"))
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): writer._add_object(font)})}
    )
    page[NameObject("/Contents")] = writer._add_object(content.flate_encode())
    file = BytesIO()
    writer.write(file)
    return file.getvalue()
