"""Files that people, and those who mean harm, send as pictures."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw

_PNG = b"\x89PNG\r\n\x1a\n"


def drawn(width: int = 600, height: int = 400, mode: str = "RGB") -> Image.Image:
    """A picture whose upper left quarter is red and whose rest is green with some grain."""
    image = Image.new("RGB", (width, height), (30, 140, 60))
    draw = ImageDraw.Draw(image)
    chance = random.Random(width * height)
    for _ in range(200):
        x, y = chance.randrange(width), chance.randrange(height)
        draw.point((x, y), fill=(40, 150, 70))
    draw.rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill=(200, 30, 30))
    return image.convert(mode)


def packed(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """One part of a PNG file."""
    crc = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + crc


def png(width: int, height: int, *parts: bytes, rows: bytes = b"", bits: int = 1) -> bytes:
    """A PNG with this header, grey, whatever its rows really are."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(rows, 9))
    return _PNG + header + b"".join(parts) + body + chunk(b"IEND", b"")


def blank_png(width: int, height: int) -> bytes:
    """A whole and honest black PNG of some kilobytes."""
    return png(width, height, rows=bytes(height * ((width + 7) // 8 + 1)))


def _jpeg_that_says(width: int, height: int) -> bytes:
    content = packed(drawn(64, 64))
    start = content.index(b"\xff\xc0") + 5
    return content[:start] + struct.pack(">HH", height, width) + content[start + 4 :]


def _jpeg_of_many_scans() -> bytes:
    content = packed(drawn(64, 64), progressive=True)
    at = content.rindex(b"\xff\xda")
    return content[:at] + content[at:-2] * 5000 + content[-2:]


def _webp_canvas(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    inner = packed(drawn(16, 16), "WEBP")[12:]
    content = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + size
    anim = b"ANIM" + struct.pack("<I", 6) + bytes(6)
    frame = bytes(6) + (15).to_bytes(3, "little") * 2 + bytes(4) + inner
    content += anim + b"ANMF" + struct.pack("<I", len(frame)) + frame
    return b"RIFF" + struct.pack("<I", len(content)) + content


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("evil.html", "<script>alert(1)</script>")
    return out.getvalue()


def _cut(kind: str, share: float) -> bytes:
    content = packed(drawn(), kind)
    return content[: int(len(content) * share)]


def _wrong_crc() -> bytes:
    content = bytearray(packed(drawn(), "PNG"))
    content[30] ^= 0xFF  # of the header's checksum
    return bytes(content)


_BOMB = zlib.compress(bytes(100_000_000), 9)
_SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
_HTML = b"<!DOCTYPE html><script>alert(document.cookie)</script>"

REFUSED: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "one byte": lambda: b"\xff",
    "zeros": lambda: bytes(10_000),
    "text": lambda: "这不是图片".encode(),
    "html": lambda: _HTML,
    "html after the first bytes of a JPEG": lambda: b"\xff\xd8\xff\xe0" + _HTML,
    "html after the first bytes of a PNG": lambda: _PNG + _HTML,
    "html after the first bytes of a WebP": lambda: b"RIFF\x40\0\0\0WEBPVP8 " + _HTML,
    "svg": lambda: _SVG,
    "svg with an entity": lambda: b'<!DOCTYPE s [<!ENTITY a "b">]>' + _SVG,
    "gif": lambda: packed(drawn(), "GIF"),
    "bmp": lambda: packed(drawn(), "BMP"),
    "tiff": lambda: packed(drawn(), "TIFF"),
    "ico": lambda: packed(drawn(64, 64), "ICO"),
    "ppm": lambda: packed(drawn(), "PPM"),
    "pdf": lambda: packed(drawn(), "PDF"),
    "eps": lambda: packed(drawn(), "EPS"),
    "jpeg 2000": lambda: packed(drawn(), "JPEG2000"),
    "zip": _zip,
    "elf": lambda: b"\x7fELF" + bytes(500),
    "heic": lambda: b"\0\0\0\x18ftypheic" + bytes(500),
    "start of a JPEG": lambda: b"\xff\xd8\xff",
    "start of a PNG": lambda: _PNG,
    "start of a WebP": lambda: b"RIFF\0\0\0\0WEBP",
    **{
        f"{kind} cut at {share}": lambda kind=kind, share=share: _cut(kind, share)  # type: ignore[misc]
        for kind in ("JPEG", "PNG", "WEBP")
        for share in (0.02, 0.3, 0.6, 0.9)
    },
    "png of 144 megapixels": lambda: blank_png(12_000, 12_000),
    "png that says 400 megapixels": lambda: png(20_000, 20_000),
    "png that says four thousand million squared": lambda: png(2**32 - 1, 2**32 - 1),
    "png without width": lambda: png(0, 100),
    "png just too large": lambda: blank_png(7072, 7072),
    "png without pixels": lambda: png(100, 100),
    "png of 3 bits": lambda: png(100, 100, rows=bytes(10_000), bits=3),
    "png with a wrong checksum": _wrong_crc,
    "png with a text bomb": lambda: png(9, 9, chunk(b"zTXt", b"a\0\0" + _BOMB), rows=bytes(27)),
    "png with an iTXt bomb": lambda: png(
        9, 9, chunk(b"iTXt", b"a\0\x01\0\0\0" + _BOMB), rows=bytes(27)
    ),
    "jpeg that says 65535 squared": lambda: _jpeg_that_says(65_535, 65_535),
    "jpeg that says 0": lambda: _jpeg_that_says(0, 0),
    "jpeg that says 400 megapixels": lambda: _jpeg_that_says(20_000, 20_000),
    "jpeg of five thousand scans": _jpeg_of_many_scans,
    "webp canvas of 268 megapixels": lambda: _webp_canvas(16_383, 16_383),
    "jpeg above 8 MB": lambda: packed(drawn()) + bytes(8 * 1024 * 1024),
    "a line, standing": lambda: blank_png(1, 9_000),
    "a line, lying": lambda: blank_png(9_000, 1),
}


def damaged(kind: str, seed: int) -> bytes:
    """A picture in which thirty bytes are others."""
    chance = random.Random(f"{kind}:{seed}")
    content = bytearray(packed(drawn(200, 150), kind))
    for _ in range(30):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def with_exif(orientation: int, width: int = 600, height: int = 400) -> bytes:
    """A JPEG as a phone makes it: turned by a tag, with the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "PhoneMaker"
    exif[0x8825] = {1: "N", 2: (31.0, 14.0, 9.0), 3: "E", 4: (121.0, 28.0, 1.0)}
    return packed(drawn(width, height), exif=exif)


def _frames(kind: str) -> bytes:
    second = Image.new("RGB", (600, 400), "blue")
    return packed(drawn(), kind, save_all=True, append_images=[second], duration=100)


def _several_in_one() -> bytes:
    return packed(drawn(), "MPO", save_all=True, append_images=[drawn(60, 40)])


def _transparent(kind: str) -> bytes:
    image = drawn(mode="RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    return packed(image, kind)


ACCEPTED: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: packed(drawn()),
    "jpeg, progressive": lambda: packed(drawn(), progressive=True),
    "jpeg, grey": lambda: packed(drawn(mode="L")),
    "jpeg, CMYK": lambda: packed(drawn(mode="CMYK")),
    "jpeg with a second one behind it": _several_in_one,
    "jpeg that is also a zip": lambda: packed(drawn()) + _zip(),
    "jpeg that is also html": lambda: packed(drawn(), comment=_HTML) + _HTML,
    "jpeg with broken EXIF": lambda: packed(drawn(), exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"),
    "jpeg with a profile": lambda: packed(drawn(), icc_profile=b"\xff" * 4000),
    "png": lambda: packed(drawn(), "PNG"),
    "png, 16 bits of grey": lambda: packed(Image.new("I;16", (600, 400), 30_000), "PNG"),
    "png, one bit": lambda: packed(drawn(mode="1"), "PNG"),
    "png, palette": lambda: packed(drawn(mode="P"), "PNG"),
    "png, palette with a hole": lambda: packed(drawn(mode="P"), "PNG", transparency=0),
    "png, colour with a hole": lambda: packed(drawn(), "PNG", transparency=(200, 30, 30)),
    "png, grey and transparent": lambda: packed(drawn(mode="LA"), "PNG"),
    "png, transparent": lambda: _transparent("PNG"),
    "png, animated": lambda: _frames("PNG"),
    "png that is also a zip": lambda: packed(drawn(), "PNG") + _zip(),
    "webp": lambda: packed(drawn(), "WEBP"),
    "webp, lossless": lambda: packed(drawn(), "WEBP", lossless=True),
    "webp, transparent": lambda: _transparent("WEBP"),
    "webp, animated": lambda: _frames("WEBP"),
}
