"""Normalising what people type, before the database sees it.

SQLite and PostgreSQL refuse different things (length, NUL, surrogates), so it is all settled here.
"""

from __future__ import annotations

import re
import unicodedata

# Bidirectional controls can make a name read differently from what is stored.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ID = re.compile("[0-9]{1,18}")
_QUANTITY = re.compile("[0-9]{1,4}")
_PHONE = re.compile("1[3-9][0-9]{9}")
_EMAIL = re.compile(r"[a-z0-9._%+-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}")


def clean(text: str) -> str:
    """NFC, without control characters, lone surrogates or surrounding space.

    >>> clean(" 草莓\\x00 ")
    '草莓'
    """
    text = _SURROGATE.sub("\ufffd", _CONTROL.sub("", text))
    return unicodedata.normalize("NFC", text).strip()


def clean_name(text: str, longest: int = 100) -> str:
    """A name on one line. Raises ValueError on surrogates, bidi controls, nothing, or too much."""
    if _SURROGATE.search(text) or _BIDI.search(text):
        raise ValueError("unreadable characters")
    name = " ".join(clean(text).split())
    if not name or len(name) > longest:
        raise ValueError("empty or too long")
    return name


def label(text: str, longest: int = 200) -> str:
    """Somebody else's text made safe to store and show: cleaned, one line, cut to `longest`.

    >>> label("红富士\\u202e\\n 苹果")
    '红富士 苹果'
    """
    return " ".join(clean(_BIDI.sub("", text)).split())[:longest].rstrip()


def parse_quantity(text: str) -> int:
    """A count of pieces a person typed, 0 to 9999. Raises ValueError otherwise.

    `int()` would take `1_000` and Arabic digits, so the shape is checked first.

    >>> parse_quantity("１２")
    12
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if not _QUANTITY.fullmatch(plain):
        raise ValueError(text)
    return int(plain)


def id_or_none(text: str) -> int | None:
    """The id of a row as it stands in an address; None for what no id looks like."""
    return int(text) if _ID.fullmatch(text) else None


def parse_phone(text: str) -> str:
    """A mainland mobile number as 11 digits. Raises ValueError when it is not one.

    >>> parse_phone("+86 138-0013 8000")
    '13800138000'
    """
    plain = re.sub(r"[\s\-()]", "", unicodedata.normalize("NFKC", text))
    plain = plain.removeprefix("+86").removeprefix("0086")
    if not _PHONE.fullmatch(plain):
        raise ValueError(text)
    return plain


def parse_email(text: str) -> str:
    """An e-mail address in lower case, ASCII only. Raises ValueError when it is not one.

    >>> parse_email(" Wang@Example.COM")
    'wang@example.com'
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if len(plain) > 200 or not _EMAIL.fullmatch(plain) or ".." in plain:
        raise ValueError(text)
    return plain


def mask_phone(phone: str) -> str:
    """
    >>> mask_phone("13800138000")
    '138****8000'
    """
    return f"{phone[:3]}****{phone[-4:]}"


def mask_name(name: str) -> str:
    """What strangers may see of a neighbour's name: its first character.

    >>> mask_name("张伟"), mask_name("")
    ('张*', '*')
    """
    return f"{name[:1]}*"
