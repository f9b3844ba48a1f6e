"""One row of another tool's export: what it says, or why it is refused."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l

from groupbuy.core.money import round_to_fen
from groupbuy.core.text import label, parse_phone
from groupbuy.orders.export_columns import as_text

MOST_PIECES = 1_000_000
MOST_FEN = 999_999_999
LONGEST_NUMBER, LONGEST_CODE = 100, 64
FIRST_YEAR, LAST_YEAR = 1970, 2200
_ANY_LENGTH = 1 << 30
_WHOLE = re.compile(r"[+-]?(?:[0-9]{1,12}|[0-9]{1,3}(?:,[0-9]{3}){1,3})(?:\.0*)?")
_MONEY = re.compile(
    r"[-+]?¥?[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,3})?"
)
_YEAR_FIRST = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})(?:日?|"
    r"(?:日[ T]*|[ T]+)([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.[0-9]+)?)?)"
)
_MONTH_FIRST = re.compile(
    r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}|[0-9]{2})"
    r"(?:[ T]+([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2}))?)?"
)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].*")
_ENDED = re.compile(r"取消|关闭|作废|^cancel|^(?:已|全部|全额)退款|^refunded")
_NOT_ENDED = re.compile(r"^[未没不无]|取消失败")
# The same few texts stand in many rows, and cleaning one costs more than reading it.
_remember = lru_cache(maxsize=1 << 13)


class RowRefused(Exception):
    """Why a row is not imported, as a sentence for the person."""

    def __init__(self, reason: Any) -> None:
        super().__init__(reason)
        self.reason = reason


class Row(NamedTuple):
    """A row that can be imported. Texts are cleaned; what the file does not say is ""."""

    order: str
    cancelled: bool
    code: str
    name: str
    spec: str
    quantity: int
    price_fen: int
    member: str
    phone: str
    point: str
    at: datetime | None


@dataclass(frozen=True)
class RowReader:
    """Reads rows whose `columns` are known; times without an offset are in `zone`."""

    columns: Mapping[str, int]
    zone: tzinfo

    def read(self, cells: Sequence[Any]) -> Row:
        """What a row says. Raises RowRefused."""
        text = {
            key: as_text(cells[index]) if index < len(cells) else ""
            for key, index in self.columns.items()
        }
        order = _number(text["order"]) if "order" in text else ""
        member, phone = _person(text.get("member", ""), text.get("phone", ""))
        if not (order or member or phone):
            raise RowRefused(_l("neither an order number nor a member"))
        cancelled = order.startswith("C") or _says_cancelled(text.get("status", ""))
        code = _code(text["sku"] if "sku" in text else f"{text['name']} {text.get('spec', '')}")
        quantity = _quantity(text["quantity"], cancelled)
        price_fen = _price_fen(text, quantity, cancelled)
        at = _instant(text["at"], self.zone) if "at" in text else None
        name, point = _line(text.get("name", "")), _line(text.get("point", ""))
        spec = _line(text.get("spec", ""))[:100]
        return Row(
            order, cancelled, code, name, spec, quantity, price_fen, member, phone, point, at
        )


def fit(text: str, longest: int) -> str:
    """`text`, or its beginning and a digest, so that two long texts stay different.

    >>> len(fit("x" * 200, 64)), fit("x" * 200, 64) == fit("x" * 201, 64)
    (64, False)
    """
    if len(text) <= longest:
        return text
    return f"{text[: longest - 17]}#{hashlib.sha256(text.encode()).hexdigest()[:16]}"


@_remember
def parse_time(text: str, zone: tzinfo) -> datetime:
    """An instant in UTC from the ways in which tools write times. Raises ValueError.

    >>> parse_time("12/1/10 8:26", UTC).isoformat(), parse_time("2026/5/3", UTC).isoformat()
    ('2010-12-01T08:26:00+00:00', '2026-05-03T00:00:00+00:00')
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if found := _YEAR_FIRST.fullmatch(plain):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    elif found := _MONTH_FIRST.fullmatch(plain):
        month, day, year, hour, minute, second = (int(part or 0) for part in found.groups())
        if year < 100:  # as POSIX has it: 69 to 99 are of the last century
            year += 2000 if year < 69 else 1900
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    elif _ISO.fullmatch(plain):
        moment = datetime.fromisoformat(plain)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    else:
        raise ValueError(text)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(text)
    return moment.astimezone(UTC)


@_remember
def parse_price(text: str) -> int:
    """Fen from a price of any number of decimals. Raises ValueError when negative or no amount.

    >>> parse_price("2.555"), parse_price("¥12元"), parse_price("0")
    (256, 1200, 0)
    """
    plain = unicodedata.normalize("NFKC", text).strip().removesuffix("元").rstrip()
    if not _MONEY.fullmatch(plain) or ("-" in plain[:2] and plain.strip("-¥0.,")):
        raise ValueError(text)
    try:
        fen = round_to_fen(plain)
    except ArithmeticError as error:
        raise ValueError(text) from error
    if fen > MOST_FEN:
        raise ValueError(text)
    return fen


def _price_fen(text: Mapping[str, str], quantity: int, cancelled: bool) -> int:
    """The price of one piece; files that only tell the amount of the line have it divided."""
    given = text["price"] if "price" in text else text["amount"]
    if not given.strip():
        raise RowRefused(_l("no price"))
    if "price" not in text and cancelled:
        given = given.strip().removeprefix("-")  # as the quantity, without its sign
    try:
        fen = parse_price(given)
    except ValueError:
        raise RowRefused(_l("the price is not an amount from 0 to 9,999,999.99")) from None
    return fen if "price" in text else (2 * fen + quantity) // (2 * quantity)


def _quantity(text: str, cancelled: bool) -> int:
    plain = unicodedata.normalize("NFKC", text).strip()
    if _WHOLE.fullmatch(plain):
        pieces = int(plain.partition(".")[0].replace(",", ""))
        pieces = abs(pieces) if cancelled else pieces
        if 1 <= pieces <= MOST_PIECES:
            return pieces
    raise RowRefused(_l("the quantity is not a whole number from 1 to 1,000,000"))


def _instant(text: str, zone: tzinfo) -> datetime:
    try:
        return parse_time(text, zone)
    except (ValueError, OverflowError):
        raise RowRefused(_l("the time cannot be read")) from None


@_remember
def _line(text: str) -> str:
    return label(text)


@_remember
def _number(text: str) -> str:
    if number := fit(label(text, _ANY_LENGTH), LONGEST_NUMBER):
        return number
    raise RowRefused(_l("no order number"))


@_remember
def _code(text: str) -> str:
    if code := fit(label(text, _ANY_LENGTH), LONGEST_CODE):
        return code
    raise RowRefused(_l("no SKU"))


@_remember
def _says_cancelled(text: str) -> bool:
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    return bool(_ENDED.search(plain)) and not _NOT_ENDED.search(plain)


@_remember
def _person(member: str, phone: str) -> tuple[str, str]:
    """Name and phone; a member who is only known by a phone number has no name."""
    name = _line(member)
    for text in (name, phone):
        try:
            number = parse_phone(text)
        except ValueError:
            continue
        return ("" if text is name else name), number
    return name, ""
