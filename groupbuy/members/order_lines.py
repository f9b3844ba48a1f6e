"""The lines of an order form: per item its pieces, what to do if too little comes, and a wish."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask_babel import gettext as _

from groupbuy.core.errors import RuleBroken
from groupbuy.core.money import parse_yuan
from groupbuy.core.text import clean, parse_quantity
from groupbuy.orders.form import IF_SHORT

LONGEST_WISH = 200
_FIELD = re.compile("q-([0-9]{1,18})")
T = TypeVar("T")


@dataclass
class OrderLines:
    """What was typed, by item id; `problems` holds a sentence per item where it cannot be."""

    quantities: dict[int, int] = field(default_factory=dict)
    if_short: dict[int, str] = field(default_factory=dict)
    substitute_fen: dict[int, int] = field(default_factory=dict)
    wishes: dict[int, str] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    shown_fen: dict[int, int] = field(default_factory=dict)

    @property
    def expected_fen(self) -> int | None:
        """What all of it comes to at the prices that were shown; None when one was not."""
        if not self.quantities.keys() <= self.shown_fen.keys():
            return None
        return sum(self.shown_fen[item_id] * n for item_id, n in self.quantities.items())

    def blame(self, refusal: RuleBroken) -> bool:
        """Put a refusal that names an item under that item; False when it names none of these."""
        item_id = refusal.facts.get("item_id")
        if item_id not in self.quantities:
            return False
        self.problems[item_id] = refusal.sentence
        return True


def read_lines(form: Mapping[str, str]) -> OrderLines:
    """The fields `q-`, `price-`, `short-`, `upto-`, `wish-<id>`; without pieces: left out."""
    lines = OrderLines()
    for name in form:
        if match := _FIELD.fullmatch(name):
            _read(lines, int(match[1]), form)
    return lines


def _read(lines: OrderLines, item_id: int, form: Mapping[str, str]) -> None:
    try:
        pieces = _take(parse_quantity, form[f"q-{item_id}"], 0)
    except ValueError:
        lines.quantities[item_id] = 1
        lines.problems[item_id] = _("A quantity is a whole number from 0 to 9999.")
        return
    if pieces == 0:
        return
    lines.quantities[item_id] = pieces
    price = form.get(f"price-{item_id}", "")
    if price.isascii() and price.isdigit() and len(price) < 16:
        lines.shown_fen[item_id] = int(price)
    lines.if_short[item_id] = form.get(f"short-{item_id}", "less")
    if lines.if_short[item_id] not in IF_SHORT:
        lines.problems[item_id] = _("Choose what should happen if too little arrives.")
    wish = clean(form.get(f"wish-{item_id}", ""))
    lines.wishes[item_id] = wish[:LONGEST_WISH]
    if len(wish) > LONGEST_WISH:
        lines.problems[item_id] = _("A wish has at most %(count)s characters.", count=LONGEST_WISH)
    try:
        upto = _take(parse_yuan, form.get(f"upto-{item_id}", ""), None)
    except ValueError:
        lines.problems[item_id] = _("An amount looks like 12 or 12.50.")
    else:
        if upto is not None and lines.if_short[item_id] == "substitute":
            lines.substitute_fen[item_id] = upto


def _take(parse: Callable[[str], T], typed: str, nothing: Any) -> T:
    return parse(typed) if typed.strip() else nothing
