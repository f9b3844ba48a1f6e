"""The rows and kinds of fields that the deal's editor is made of."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FieldList, FormField, HiddenField, StringField
from wtforms import Form as Part
from wtforms.widgets import DateTimeLocalInput

from groupbuy.core import clock
from groupbuy.core.text import clean
from groupbuy.forms import Choice, ChoiceField, LineField, YuanField

MOST_STOCK = 1_000_000
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_COUNT = re.compile("[0-9]{1,7}")


def rows_of(part: type[Part], label: Any, most: int) -> Any:
    """Rows of fields, at most `most`; gaps in their numbers are as the person left them."""
    return FieldList(FormField(part), label, max_entries=most)


class InstantField(StringField):
    """A local date and time, kept in UTC."""

    widget = DateTimeLocalInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = clean(str(valuelist[0]))[:40] if valuelist else ""
        self.data, self.typed = None, typed
        if not typed:
            return
        try:
            instant = clock.parse_instant(typed)
        except ValueError:
            instant = None
        if instant is None or not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
            raise ValueError(str(_l("This is not a date and time.")))
        self.data = instant

    def _value(self) -> str:
        if typed := getattr(self, "typed", ""):
            return str(typed)
        return f"{clock.local(self.data):%Y-%m-%dT%H:%M}" if self.data else ""


class CountField(StringField):
    """A number of pieces from `least` to a million; nothing typed is None."""

    def __init__(self, label: Any, *, least: int = 0, **more: Any) -> None:
        super().__init__(label, **more)
        self.least = least

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = clean(str(valuelist[0]))[:40] if valuelist else ""
        self.data, self.typed = None, typed
        plain = unicodedata.normalize("NFKC", typed)
        if not plain:
            return
        if not _COUNT.fullmatch(plain) or not self.least <= int(plain) <= MOST_STOCK:
            wrong = _l(
                "A whole number from %(least)s to %(most)s.", least=self.least, most=MOST_STOCK
            )
            raise ValueError(str(wrong))
        self.data = int(plain)

    def _value(self) -> str:
        return getattr(self, "typed", "") or ("" if self.data is None else str(self.data))


class PriceField(YuanField):
    """An amount in yuan that begins as what is kept, in fen."""

    def _value(self) -> str:
        if typed := getattr(self, "typed", None):
            return str(typed)
        return yuan_text(self.data)


def yuan_text(fen: int | None) -> str:
    """Fen as people type them: 1250 is "12.50", and nothing is nothing."""
    return "" if fen is None else f"{fen // 100}.{fen % 100:02}"


class ItemRow(Part):
    """One thing on offer: `sku` of the leader's own, or, without one, what is typed in."""

    sku = HiddenField()
    name = LineField(_l("Name of the goods"), longest=100)
    spec = LineField(_l("Size or weight"), longest=100)
    unit = LineField(_l("Unit"), longest=20, default="件")
    price = PriceField(_l("Selling price"))
    cost = PriceField(_l("Cost"))
    stock = CountField(_l("Stock"))
    limit = CountField(_l("Limit per person"), least=1)
    pack_size = CountField(_l("Pieces in a case"), least=1)
    supplier = ChoiceField(_l("Supplier"), choices=[])
    supplier_name = LineField(_l("New supplier's name"), longest=100)
    storage = ChoiceField(
        _l("Storage"),
        choices=[
            Choice("fresh", _l("Fresh, keep cool")),
            Choice("frozen", _l("Frozen")),
            Choice("ambient", _l("Dry")),
        ],
        default="ambient",
    )
    category = ChoiceField(_l("Category"), choices=[])


class QuestionRow(Part):
    """One thing that is asked of everybody who orders."""

    label = LineField(_l("Question"), longest=100)
    kind = ChoiceField(
        _l("Answer"),
        choices=[
            Choice("text", _l("Text")),
            Choice("number", _l("Number")),
            Choice("choice", _l("One of several")),
        ],
    )
    choices = LineField(_l("Answers, with commas between"), longest=200)
    required = BooleanField(_l("Must be answered"))


class PictureRow(Part):
    """A picture that was uploaded; `ref` is signed, so nobody can name one of somebody else."""

    ref = HiddenField()
    alt = LineField(_l("What it shows"), longest=200)
