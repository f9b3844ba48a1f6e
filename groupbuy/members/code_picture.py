"""A pickup code as one picture that people save in their album."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from groupbuy.core import qr

_LETTERS = 56


def code_picture(text: str, spoken: str) -> bytes:
    """The QR code of `text` as a PNG, with the letters of `spoken` in groups of four under it."""
    code = Image.open(BytesIO(qr.png(text, scale=12))).convert("L")
    sheet = Image.new("L", (code.width, code.height + 2 * _LETTERS), 255)
    sheet.paste(code, (0, 0))
    groups = "  ".join(spoken[at : at + 4] for at in range(0, len(spoken), 4))
    ImageDraw.Draw(sheet).text(
        (code.width / 2, code.height),
        groups,
        fill=0,
        font=ImageFont.load_default(_LETTERS),
        anchor="ma",
    )
    file = BytesIO()
    sheet.save(file, "PNG", optimize=True)
    return file.getvalue()
