"""An uploaded picture made small and harmless: read with suspicion, turned upright, written anew.

Nothing of the upload but its pixels survives: no EXIF, no place, no second file hidden behind.
"""

from __future__ import annotations

import io
import struct
import threading
import zlib
from typing import NamedTuple

from flask_babel import lazy_gettext as _l
from PIL import Image

from groupbuy.core.errors import BadInput

WIDTHS = (240, 480, 960)  # a row of the deal page, a sharp one, the page across
LARGEST_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 50_000_000
_MOST_SCANS = 40  # of a progressive JPEG; each makes the decoder walk over the whole picture
_LONGEST_TO_SHORTEST = 10
_QUALITY = 78
_EFFORT = 2  # of 6: half the time that 4, the default, takes, for one byte in twelve more
_FORMATS = ("JPEG", "PNG", "WEBP")
_ORIENTATION = 0x0112  # the EXIF tag; its values, and how to turn the picture upright
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What decoders raise for rubbish; above MAX_IMAGE_PIXELS the first is a warning, and still none.
_RUBBISH = (
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    MemoryError,
    struct.error,
    zlib.error,
)
_one_at_a_time = threading.Lock()  # 50 megapixels take up to 800 MB while they are read (WebP)

Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class Shrunk(NamedTuple):
    """WebP files by width in pixels, and the size of the largest."""

    files: dict[int, bytes]
    width: int
    height: int


def shrink(data: bytes) -> Shrunk:
    """The variants of an uploaded JPEG, PNG or WebP, never larger than it is.

    Raises BadInput at "picture" for everything else. Type and size are read from the header
    before anything is decoded; of an animation the first frame is taken.
    """
    if not data:
        raise BadInput("picture", _l("Choose a picture."))
    if len(data) > LARGEST_BYTES:
        raise BadInput("picture", _l("The picture is larger than 8 MB. Choose a smaller one."))
    with _one_at_a_time:
        largest = _read(data)
        return Shrunk(_variants(largest), largest.width, largest.height)


def widths(largest: int) -> list[int]:
    """The widths in which a picture is kept whose largest variant is `largest` wide.

    >>> widths(960), widths(600), widths(100)
    ([240, 480, 960], [240, 480, 600], [100])
    """
    return [width for width in WIDTHS if width < largest] + [largest]


def _read(data: bytes) -> Image.Image:
    """The picture upright, in RGB, at the width of its largest variant."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except _RUBBISH as error:
        sentence = _l("This file is not a JPEG, PNG or WebP picture.")
        raise BadInput("picture", sentence) from error
    with image:
        _require_reasonable(image, data)
        try:
            return _upright(image)
        except _RUBBISH as error:
            sentence = _l("The picture is damaged or incomplete. Choose another one.")
            raise BadInput("picture", sentence) from error


def _require_reasonable(image: Image.Image, data: bytes) -> None:
    """By the header alone: the pixels are not touched."""
    short, long = sorted(image.size)
    if short * long > MOST_PIXELS:
        raise _too_many_pixels()
    if long > short * _LONGEST_TO_SHORTEST:
        sentence = _l("The picture is too long and narrow. Cut it into several.")
        raise BadInput("picture", sentence)
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > _MOST_SCANS:
        sentence = _l("The picture is damaged or incomplete. Choose another one.")
        raise BadInput("picture", sentence)


def _too_many_pixels() -> BadInput:
    sentence = _l("The picture has more than 50 million pixels. Choose a smaller one.")
    return BadInput("picture", sentence)


def _upright(image: Image.Image) -> Image.Image:
    orientation = _orientation(image)
    sideways = orientation >= 5
    across = image.height if sideways else image.width
    down = image.width if sideways else image.height
    width = min(across, WIDTHS[-1])
    height = max(1, round(down * width / across))
    small = _resized(image, (height, width) if sideways else (width, height))
    turn = _UPRIGHT.get(orientation)
    return small if turn is None else small.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """1 to 8; a picture whose EXIF cannot be read is taken as it lies."""
    try:
        value = image.getexif().get(_ORIENTATION)
    except _RUBBISH:
        return 1
    return value if isinstance(value, int) and value in _UPRIGHT else 1


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Opaque RGB; a JPEG is decoded at no more than twice the size that is needed."""
    image.draft("RGB", (size[0] * 2, size[1] * 2))
    plain: Image.Image = image
    if image.mode.startswith("I"):  # 16 bits of grey, which convert() would cut off and not scale
        plain = image.point(lambda value: value / 256).convert("L")
    elif image.mode in ("1", "P", "PA") or "transparency" in image.info:
        plain = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small = plain.resize(size, Image.Resampling.LANCZOS, reducing_gap=2)
    if small.mode not in ("RGBA", "LA"):
        return small.convert("RGB")
    ground = Image.new("RGB", size, "white")
    ground.paste(small.convert("RGB"), mask=small.getchannel("A"))
    return ground


def _variants(largest: Image.Image) -> dict[int, bytes]:
    files = {}
    for width in widths(largest.width):
        size = (width, max(1, round(largest.height * width / largest.width)))
        small = largest if width == largest.width else largest.resize(size, reducing_gap=2)
        packed = io.BytesIO()
        small.save(packed, "WEBP", quality=_QUALITY, method=_EFFORT)
        files[width] = packed.getvalue()
    return files
