"""Sixty files nobody should send, under names nobody should give them: pictures and workbooks."""

from __future__ import annotations

import base64
import io
import random
import zipfile
import zlib
from collections.abc import Callable

from tests.catalog.goods_books import ENGLISH, goods_book
from tests.catalog.uploads import ACCEPTED, REFUSED, blank_png, drawn, packed

_NAMES = {
    "html": "innocent.jpg",
    "svg": "logo.svg",
    "text": "x" * 250 + ".png",
    "zeros": "\u202egnp.exe.jpg",
    "gif": "../../etc/passwd",
    "elf": "a\0b.png",
    "zip": "图片.zip",
}

_PICTURES = (
    *("nothing", "one byte", "zeros", "text", "html", "svg", "svg with an entity", "gif", "bmp"),
    *("tiff", "pdf", "eps", "zip", "elf", "heic", "start of a PNG", "JPEG cut at 0.3"),
    *("PNG cut at 0.6", "WEBP cut at 0.9", "png of 144 megapixels", "png that says 400 megapixels"),
    *("png that says four thousand million squared", "png with a text bomb"),
    *("png with an iTXt bomb", "png with a wrong checksum", "jpeg that says 65535 squared"),
    *("jpeg of five thousand scans", "webp canvas of 268 megapixels", "jpeg above 8 MB"),
    *("html after the first bytes of a JPEG",),
)
_ODD_PICTURES = (
    *("jpeg, CMYK", "jpeg with broken EXIF", "jpeg that is also a zip", "jpeg that is also html"),
    *("png, 16 bits of grey", "png, animated", "webp, animated", "jpeg with a profile"),
)


def hostile_pictures() -> dict[str, tuple[str, Callable[[], bytes]]]:
    """What it is -> (file name, content)."""
    found = {what: (_NAMES.get(what, "a.jpg"), REFUSED[what]) for what in _PICTURES}
    return found | {what: ("b.png", ACCEPTED[what]) for what in _ODD_PICTURES}


def hostile_books() -> dict[str, tuple[str, Callable[[], bytes]]]:
    """What it is -> (file name, content)."""
    name = "\u202exslx.商品" + "长" * 120 + ".xlsx"
    return {what: (name, make) for what, make in _BOOKS.items()}


def _zip(*entries: tuple[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def _with_part(part: str, content: bytes) -> bytes:
    """A good workbook in which one part is another."""
    out = io.BytesIO()
    source = zipfile.ZipFile(io.BytesIO(goods_book(("A1", "番茄", "份", 1, "农场"))))
    with source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in source.infolist():
            if entry.filename != part:
                archive.writestr(entry.filename, source.read(entry.filename))
        archive.writestr(part, content)
    return out.getvalue()


_SHEET = "xl/worksheets/sheet1.xml"
_MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))


def _sheet(rows: bytes, head: bytes = b"") -> bytes:
    xml = b'<?xml version="1.0"?>' + head
    xml += b"<worksheet " + _MAIN + b"><sheetData>" + rows + b"</sheetData></worksheet>"
    return _with_part(_SHEET, xml)


def _texts(*texts: str, row: int = 1) -> bytes:
    cells = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    return f'<row r="{row}">{cells}</row>'.encode()


def _noise(size: int) -> bytes:
    """Text that packs to a fiftieth, so that no ratio gives it away."""
    return b"".join(b"<si><t>%d</t></si>" % (n * 7919) for n in range(size // 22))


def _nonsense_bytes() -> bytes:
    return _nonsense(400_000).encode()


def _nonsense(size: int) -> str:
    return base64.b64encode(random.Random(1).randbytes(size * 3 // 4)).decode()


_BOMB = bytes(60 * 1024 * 1024)
_BOOKS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a picture": lambda: packed(drawn()),
    "a picture of 144 megapixels": lambda: blank_png(12_000, 12_000),
    "above 5 MB": lambda: bytes(5 * 1024 * 1024 + 1),
    "html": lambda: b"<!DOCTYPE html><table><tr><td>1</td></tr></table>",
    "an old xls": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000),
    "cut in half": lambda: goods_book(("A1", "B", "C", 1, "D"))[:2500],
    "a zip of nothing": lambda: _zip(),
    "a zip that is no workbook": lambda: _zip(("evil.html", b"<script>")),
    "a zip of zips": lambda: _zip(*((f"{n}.zip", _zip(("a", bytes(10**6)))) for n in range(50))),
    "a zip bomb": lambda: _zip((_SHEET, _BOMB)),
    "a zip bomb among good parts": lambda: _with_part("xl/sharedStrings.xml", _BOMB),
    "five thousand entries": lambda: _zip(*((f"{n}.xml", b"") for n in range(5000))),
    "a path out of it": lambda: _zip(("../../etc/passwd", b"x"), ("[Content_Types].xml", b"<x/>")),
    "many shared strings": lambda: _with_part(
        "xl/sharedStrings.xml", b"<sst " + _MAIN + b">" + _noise(9_000_000) + b"</sst>"
    ),
    "an entity bomb": lambda: _sheet(
        b'<row><c t="inlineStr"><is><t>&l9;</t></is></c></row>',
        b'<!DOCTYPE x [<!ENTITY l0 "ha">' + _LAUGHS + b"]>",
    ),
    "an entity from outside": lambda: _sheet(
        b'<row><c t="inlineStr"><is><t>&f;</t></is></c></row>',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
    ),
    "a lie about its size": lambda: _sheet(b'<dimension ref="A1:XFD1048576"/>' + _texts(*ENGLISH)),
    "a row at the very end": lambda: _sheet(_texts(*ENGLISH) + _texts("x", row=1_048_576)),
    "merged over everything": lambda: _with_part(
        _SHEET,
        b"<worksheet " + _MAIN + b"><sheetData>" + _texts(*ENGLISH) + b"</sheetData>"
        b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>',
    ),
    "rows without end": lambda: _sheet(
        _texts(*ENGLISH) + b"".join(_texts(f"{n * 7919}", row=n) for n in range(2, 120_000))
    ),
    "cells without end": lambda: _sheet(
        b"<row>" + b"".join(b"<c><v>%d</v></c>" % (n * 7919) for n in range(400_000)) + b"</row>"
    ),
    "one cell of ten megabytes": lambda: _sheet(
        _texts(*ENGLISH) + _texts(_nonsense(9_000_000), row=2)
    ),
    "rows that never begin": lambda: _with_part(_SHEET, b"<row " * 100_000 + _nonsense_bytes()),
    "broken XML": lambda: _sheet(b"<row><c></row>"),
    "damaged inside": lambda: _damaged(),
}


def _damaged() -> bytes:
    content = bytearray(goods_book(("A1", "番茄", "份", 1, "农场")))
    for at in range(600, len(content) - 600, 97):
        content[at] ^= zlib.crc32(bytes([at % 256])) & 0xFF
    return bytes(content)
