"""What is said of a product, each thing under its own name and of its own kind.

A product keeps {key: text}; the text is in one canonical shape for each kind, so that it can be
shown in any language and compared. `parse_attributes` makes it, `shown` turns it into words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from babel.dates import format_date
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from groupbuy.catalog.models import Product, Sku
from groupbuy.core.errors import BadInput
from groupbuy.core.text import clean_name
from groupbuy.deals.models import DealItem

ALLERGENS = {
    "none": _l("none known"),
    "gluten": _l("cereals with gluten"),
    "shellfish": _l("shrimps and crabs"),
    "fish": _l("fish"),
    "egg": _l("egg"),
    "peanut": _l("peanut"),
    "soy": _l("soy"),
    "milk": _l("milk"),
    "nuts": _l("nuts"),
}  # the eight kinds of GB 7718-2011, 4.4.3
SUITABLE_FOR = {
    "everybody": _l("everybody"),
    "adults": _l("adults"),
    "children": _l("children of three and older"),
    "babies": _l("babies and toddlers"),
}
STORAGE = {
    "fresh": _l("in the refrigerator or a cool place"),
    "frozen": _l("in the freezer, at −18 °C or below"),
    "ambient": _l("cool and dry, out of the sun"),
}
_UNITS = {
    **{"g": "g", "克": "g", "kg": "kg", "千克": "kg", "公斤": "kg", "斤": "斤"},
    **{"ml": "ml", "毫升": "ml", "l": "L", "升": "L"},
}
_AMOUNT = re.compile(r"([0-9]{1,5})(\.[0-9]{1,3})?\s*([a-z]+|[\u4e00-\u9fff]+)")
_DAYS = re.compile(r"([0-9]{1,4})\s*(天|日|days?)?")
_LICENCE = re.compile(r"SC[0-9]{14}")
_COMMA = re.compile(r"[,，、\s]+")
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
_LONGEST_URL = 500


class Attribute(NamedTuple):
    """`parse` makes the canonical text or raises ValueError; `say` puts that into words.

    `advice` is what somebody is told whose text cannot be read.
    """

    key: str
    label: Any
    parse: Callable[[str], str]
    say: Callable[[str], str] = str
    advice: Any = _l("This is too long, or it has characters that cannot be shown.")


def _text(longest: int) -> Callable[[str], str]:
    return lambda raw: clean_name(raw, longest)


def _amount(raw: str) -> str:
    """
    >>> _amount("1.50公斤"), _amount("６００ ML"), _amount("5斤")
    ('1.5 kg', '600 ml', '5 斤')
    """
    found = _AMOUNT.fullmatch(unicodedata.normalize("NFKC", raw).strip().lower())
    if not found or found[3] not in _UNITS:
        raise ValueError(raw)
    number = f"{int(found[1])}{(found[2] or '').rstrip('0').rstrip('.')}"
    if number == "0":
        raise ValueError(raw)
    return f"{number} {_UNITS[found[3]]}"


def _days(raw: str) -> str:
    """
    >>> _days("007"), _days("30 天")
    ('7', '30')
    """
    found = _DAYS.fullmatch(unicodedata.normalize("NFKC", raw).strip().lower())
    if not found or int(found[1]) == 0:
        raise ValueError(raw)
    return str(int(found[1]))


def _date(raw: str) -> str:
    day = date.fromisoformat(unicodedata.normalize("NFKC", raw).strip())
    if not 2000 <= day.year <= 2100:
        raise ValueError(raw)
    return day.isoformat()


def _licence(raw: str) -> str:
    """
    >>> _licence("sc 1013 1000 0000 00")
    'SC10131000000000'
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", raw)).upper()
    if not _LICENCE.fullmatch(plain):
        raise ValueError(raw)
    return plain


def _chosen(choices: Mapping[str, Any]) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        name = raw.strip()
        if name not in choices:
            raise ValueError(raw)
        return name

    return parse


def _allergens(raw: str) -> str:
    """Names of ALLERGENS, in its order; "none" stands alone.

    >>> _allergens("milk, egg")
    'egg,milk'
    """
    names = {name for name in _COMMA.split(raw.strip()) if name}
    if not names or not names <= ALLERGENS.keys() or (len(names) > 1 and "none" in names):
        raise ValueError(raw)
    return ",".join(name for name in ALLERGENS if name in names)


def _say_amount(text: str) -> str:
    return text.replace("斤", _("jin (500 g)"))


def _say_days(text: str) -> str:
    return ngettext("%(num)d day", "%(num)d days", int(text))


def _say_date(text: str) -> str:
    return format_date(date.fromisoformat(text), "long", locale=get_locale())


def _say_allergens(text: str) -> str:
    return _(", ").join(str(ALLERGENS[name]) for name in text.split(","))


ATTRIBUTES = (
    Attribute("brand", _l("Brand"), _text(40)),
    Attribute("origin", _l("Origin"), _text(60)),
    Attribute("material", _l("Material"), _text(60)),
    Attribute("model", _l("Model"), _text(40)),
    Attribute("size", _l("Size"), _text(60)),
    Attribute("colour", _l("Colour"), _text(40)),
    Attribute(
        "net_weight",
        _l("Net content"),
        _amount,
        _say_amount,
        _l("Give a number and a unit: 1.5 kg."),
    ),
    Attribute("shelf_life", _l("Shelf life"), _days, _say_days, _l("Give it in days, such as 7.")),
    Attribute(
        "production_date", _l("Made on"), _date, _say_date, _l("Give a date such as 2026-11-20.")
    ),
    Attribute("usage", _l("Use"), _text(200)),
    Attribute(
        "allergens", _l("Allergens"), _allergens, _say_allergens, _l("Choose from the list.")
    ),
    Attribute(
        "suitable_for",
        _l("Suitable for"),
        _chosen(SUITABLE_FOR),
        lambda text: str(SUITABLE_FOR[text]),
        _l("Choose from the list."),
    ),
    Attribute(
        "licence",
        _l("Food production licence"),
        _licence,
        advice=_l("A licence number is SC and 14 digits."),
    ),  # 食品生产许可管理办法 (2020), article 29
)
_BY_KEY = {attribute.key: attribute for attribute in ATTRIBUTES}
_STORAGE_FOLLOWS = "net_weight"


def parse_attributes(raw: Mapping[str, str]) -> dict[str, str]:
    """What a leader filled in, {key: text as typed}, in the shape a product keeps.

    Empty texts are left out. Raises BadInput at the first key that cannot be read.
    """
    for key in raw:
        if key not in _BY_KEY:
            raise BadInput(key, _l("There is no such detail."))
    parsed = {}
    for attribute in ATTRIBUTES:
        text = raw.get(attribute.key, "")
        if text.strip():
            try:
                parsed[attribute.key] = attribute.parse(text)
            except ValueError:
                raise BadInput(attribute.key, attribute.advice) from None
    return parsed


def shown(product: Product, sku: Sku | DealItem) -> list[tuple[str, str]]:
    """(label, text) of everything said of `product`, in the reader's language, in one order.

    How to store it comes from `sku`: from the item of a deal, because that never changes.
    """
    lines = []
    for attribute in ATTRIBUTES:
        if attribute.key in product.attributes:
            text = attribute.say(product.attributes[attribute.key])
            lines.append((str(attribute.label), text))
        if attribute.key == _STORAGE_FOLLOWS:
            lines.append((_("Keep it"), str(STORAGE[sku.storage_class])))
    return lines


def parse_video_url(text: str) -> str | None:
    """The address of a film about a product, or None for none. Raises BadInput at "video_url".

    Any site, but https, a host that has a name, and nobody's password.
    """
    if not text.strip():
        return None
    try:
        address = clean_name(text, _LONGEST_URL)
        parts = urlsplit(address)
        sound = (
            parts.scheme == "https"
            and _HOST.fullmatch((parts.hostname or "").lower())
            and parts.username is None
            and parts.port in (None, 443)
            and not re.search(r"[\s\\<>\"]", address)
        )
    except ValueError:
        sound = None
    if not sound:
        raise BadInput("video_url", _l("Give an address that begins with https://"))
    return address
