"""What a member asks for, checked before the database sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import lazy_gettext as _l

from groupbuy.core.errors import BadInput
from groupbuy.core.text import clean

MOST_PIECES = 9999
MOST_FEN = 9_999_999  # what a money field can hold
LONGEST_NOTE = 500
LONGEST_WISH = 200
IF_SHORT = ("refund", "less", "substitute")
_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,59}")  # the column has 64, change_order adds five


@dataclass(frozen=True)
class OrderForm:
    """What a member asks for: deal item id -> pieces, where to collect, and wishes.

    `key` is made with the form; the same key again is the same order. Per item, `if_short` says
    whether less, nothing ("refund") or something else ("substitute") is welcome, `substitute_fen`
    what that may cost, and `wishes` what else the leader should know. `contact` is {"name",
    "phone", "building", "unit", "room"}, `answers` those to the deal's questions. `expected_fen` is
    the sum the person was shown; at any other nothing is ordered. `way` is how they want to pay.
    """

    quantities: Mapping[int, int]
    point_id: int
    key: str
    note: str = ""
    if_short: Mapping[int, str] = field(default_factory=dict)
    substitute_fen: Mapping[int, int] = field(default_factory=dict)
    wishes: Mapping[int, str] = field(default_factory=dict)
    contact: dict[str, str] | None = None
    answers: dict[str, str] | None = None
    expected_fen: int | None = None
    way: str = "cash"

    def for_line(self, item_id: int) -> dict[str, Any]:
        """What is said here of an item, as columns of OrderLine; what is not said is missing."""
        said: dict[str, Any] = {}
        if item_id in self.if_short:
            said["if_short"] = self.if_short[item_id]
            substitute = said["if_short"] == "substitute"
            said["substitute_fen"] = self.substitute_fen.get(item_id) if substitute else None
        if item_id in self.wishes:
            said["note"] = self.wishes[item_id]
        return said


def cleaned(form: OrderForm) -> OrderForm:
    """`form` with its texts cleaned. Raises BadInput for what the two databases refuse differently.

    Quantities may be 0 here; the facts of a refusal name the item it is about, if any.
    """
    if not _KEY.fullmatch(form.key):
        raise BadInput("key", _l("This form cannot be read. Please open it again."))
    if not all(0 <= pieces <= MOST_PIECES for pieces in form.quantities.values()):
        raise BadInput("quantities", _l("A quantity must be between 1 and 9999."))
    if not set(form.if_short.values()) <= set(IF_SHORT):
        raise BadInput("if_short", _l("Choose what should happen if too little arrives."))
    for item_id, fen in form.substitute_fen.items():
        if not 0 <= fen <= MOST_FEN:
            message = _l("A substitute may cost ¥0 to ¥99,999.99.")
            raise BadInput("substitute_fen", message, item_id=item_id)
    note, wishes = clean(form.note), _cleaned(form.wishes)
    if len(note) > LONGEST_NOTE:
        raise BadInput("note", _l("The note must be at most 500 characters."))
    for item_id, wish in wishes.items():
        if len(wish) > LONGEST_WISH:
            message = _l("A wish must be at most 200 characters.")
            raise BadInput("wishes", message, item_id=item_id)
    return replace(
        form,
        note=note,
        wishes=wishes,
        contact=form.contact and _cleaned(form.contact),
        answers=form.answers and _cleaned(form.answers),
    )


def _cleaned(texts: Mapping[Any, str]) -> dict[Any, str]:
    return {key: clean(text) for key, text in texts.items()}
