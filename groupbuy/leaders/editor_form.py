"""The editor's form: a whole deal on one page, read into what the rules take."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FormField, MultipleFileField, SelectMultipleField
from wtforms.widgets import TextArea

from groupbuy.accounts.models import Leader
from groupbuy.catalog.models import Category, Sku, Supplier
from groupbuy.core.errors import BadInput
from groupbuy.core.money import parse_yuan
from groupbuy.core.text import id_or_none, parse_quantity
from groupbuy.deals.editing import DealForm, ItemForm, QuestionForm
from groupbuy.deals.new_goods import NewGoods, add_goods
from groupbuy.forms import Choice, ChoiceField, Form, LineField, TextField, needed
from groupbuy.leaders.editor_fields import (
    CountField,
    InstantField,
    ItemRow,
    PictureRow,
    QuestionRow,
    rows_of,
)
from groupbuy.leaders.ways_field import WaysField

MOST_ITEMS, MOST_QUESTIONS, MOST_PICTURES = 100, 20, 20
NEW_SUPPLIER = "new"
_BETWEEN = re.compile("[,，、;；]")
_MISSING_NAME = _l("Say what it is.")
_MISSING_PRICE = _l("Say what it costs.")


class EditorForm(Form):
    """Everything about a deal; rows may be missing, and numbers in between, too."""

    title = LineField(_l("Title"), [needed(_l("Give the deal a title."))], longest=100)
    intro = TextField(_l("What the neighbours should know"), longest=2000, widget=TextArea())
    picture = MultipleFileField(_l("Add pictures"))
    pictures = rows_of(PictureRow, _l("Pictures"), MOST_PICTURES)
    items = rows_of(ItemRow, _l("Goods"), MOST_ITEMS)
    opens_at = InstantField(_l("Opens"))
    closes_at = InstantField(_l("Closes"))
    pickup_starts_at = InstantField(_l("Pickup from"))
    pickup_ends_at = InstantField(_l("Pickup until"))
    points = SelectMultipleField(_l("Pickup points"), validate_choice=False)
    minimum_kind = ChoiceField(
        _l("Goes ahead with"),
        choices=[
            Choice("none", _l("any number of orders")),
            Choice("persons", _l("at least so many people")),
            Choice("pieces", _l("at least so many pieces")),
            Choice("amount", _l("at least so much money")),
        ],
        default="none",
    )
    minimum = LineField(_l("How many, or how much"), longest=20)
    limit_per_person = CountField(_l("Pieces per person, at most"), least=1)
    hold_minutes = CountField(_l("Minutes to pay"), least=1)
    pay_at_pickup = BooleanField(_l("People pay when they collect"))
    share_by = ChoiceField(
        _l("If too little arrives"),
        choices=[
            Choice("payment", _l("who paid first gets theirs first")),
            Choice("prorata", _l("everybody gets the same part")),
        ],
        default="payment",
    )
    ways = WaysField()
    questions = rows_of(QuestionRow, _l("Questions to everybody who orders"), MOST_QUESTIONS)

    def validate(self, extra_validators: Any = None) -> bool:
        """Each field by itself, then what a row needs as a whole."""
        fine: bool = super().validate(extra_validators)
        for row in (entry.form for entry in self.items):
            if not row.sku.data:
                fine &= _filled(row.name, _MISSING_NAME) & _filled(row.price, _MISSING_PRICE)
                if row.supplier.data == NEW_SUPPLIER:
                    fine &= _filled(row.supplier_name, _l("Say who delivers it."))
        for row in (entry.form for entry in self.questions):
            fine &= _filled(row.label, _l("Write the question, or remove the row."))
        try:
            self.minimum_pieces_or_fen()
        except BadInput as refusal:
            fine = self.refuse(refusal) and False
        return fine

    def minimum_pieces_or_fen(self) -> int:
        """The minimum as deals keep it: persons, pieces, or fen. Raises BadInput."""
        kind, typed = self.minimum_kind.data, self.minimum.data or ""
        if kind in (None, "none") or not typed:
            return 0
        try:
            return parse_yuan(typed) if kind == "amount" else parse_quantity(typed)
        except ValueError:
            wrong = (
                _l("An amount looks like 12 or 12.50.")
                if kind == "amount"
                else _l("A quantity is a whole number from 0 to 9999.")
            )
            raise BadInput("minimum", wrong) from None

    def deal_form(self, items: Sequence[ItemForm]) -> DealForm:
        """What was said, for the rules. Call it on a form that is valid."""
        plain = (
            *("intro", "opens_at", "closes_at", "pickup_starts_at", "pickup_ends_at"),
            *("minimum_kind", "limit_per_person", "hold_minutes", "pay_at_pickup", "share_by"),
        )
        return DealForm(
            title=self.title.data or "",
            items=items,
            point_ids=[id_or_none(typed) or 0 for typed in self.points.data or ()],
            minimum=self.minimum_pieces_or_fen(),
            ways=self.ways.kept,
            questions=[_question(entry.form) for entry in self.questions],
            **{name: self[name].data for name in plain},
        )

    def item_forms(self, leader: Leader, *, now: datetime) -> list[ItemForm]:
        """The rows as items; what was typed in becomes a product of `leader`. Raises BadInput."""
        return [_item(leader, entry, now) for entry in self.items]


def offer_choices(
    form: EditorForm, suppliers: Sequence[Supplier], categories: Sequence[Category]
) -> None:
    """Fill the lists from which typed-in goods choose."""
    known = [*(Choice(str(one.id), one.name) for one in suppliers)]
    known.append(Choice(NEW_SUPPLIER, _l("a new one …")))
    shelves = [Choice("", "—"), *(Choice(str(one.id), one.name) for one in categories)]
    for entry in form.items:
        entry.form.supplier.choices, entry.form.category.choices = known, shelves
        if entry.form.sku.data:  # fixed with the product: whatever is sent does not count
            entry.form.supplier.validate_choice = entry.form.category.validate_choice = False
            entry.form.storage.validate_choice = False


def sku_ids(form: EditorForm) -> set[int]:
    """The leader's own products that the rows name, as far as they are ids."""
    ids = {id_or_none(entry.form.sku.data or "") for entry in form.items}
    return {sku_id for sku_id in ids if sku_id is not None}


def row_of(sku: Sku) -> Mapping[str, str]:
    """How a row begins that offers `sku`."""
    price = f"{sku.price_fen // 100}.{sku.price_fen % 100:02}"
    return {"sku": str(sku.id), "price": price, "pack_size": str(sku.pack_size)}


def _filled(field: Any, sentence: Any) -> bool:
    """Whether something stands in `field`; else it says so, unless it says what is wrong."""
    if field.data in (None, "") and not field.errors:
        field.errors = [str(sentence)]
    return not field.errors


def _item(leader: Leader, entry: FormField, now: datetime) -> ItemForm:
    row: Any = entry.form
    sku_id = id_or_none(row.sku.data) or 0 if row.sku.data else None
    if sku_id is None:
        try:
            sku_id = add_goods(leader, _goods(row), now=now).id
        except BadInput as refusal:
            row[refusal.field].errors = [refusal.sentence]
            raise BadInput("items", _l("Some goods are not complete.")) from refusal
    return ItemForm(
        sku_id, row.price.data, row.stock.data, row.limit.data, row.pack_size.data or None
    )


def _goods(row: Any) -> NewGoods:
    chosen = row.supplier.data
    return NewGoods(
        name=row.name.data,
        price_fen=row.price.data,
        spec=row.spec.data or "",
        unit=row.unit.data or "件",
        cost_fen=row.cost.data,
        pack_size=row.pack_size.data or 1,
        storage_class=row.storage.data,
        category_id=id_or_none(row.category.data or ""),
        supplier_id=None if chosen == NEW_SUPPLIER else id_or_none(chosen or "") or 0,
        supplier_name=row.supplier_name.data or "" if chosen == NEW_SUPPLIER else "",
    )


def _question(row: Any) -> QuestionForm:
    choices = [part.strip() for part in _BETWEEN.split(row.choices.data or "")]
    distinct = list(dict.fromkeys(part for part in choices if part))
    return QuestionForm(row.kind.data, row.label.data, distinct, bool(row.required.data))
