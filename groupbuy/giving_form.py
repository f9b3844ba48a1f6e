"""The form for giving money back of one order, the same at a leader's desk and the operator's.

Fields: pieces-<line id>, yuan-<line id>, because, nonce, seen (the fen that the preview showed).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import abort, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.money import format_yuan, parse_yuan
from groupbuy.core.text import clean, id_or_none, parse_quantity
from groupbuy.core.tokens import public_id
from groupbuy.orders.models import Order
from groupbuy.pickup import proposing
from groupbuy.pickup.back_plan import AFTER_CLOSING, Plan, Wish, plan, whole
from groupbuy.pickup.proposing import Answer

_NONCE = re.compile("[0-9a-z]{10,20}")  # a part of refund numbers, which are 64 long at most


class Sheet(NamedTuple):
    """What the page shows: what was typed by field, and what it would mean, or why it cannot be."""

    order: Order
    typed: dict[str, str]
    planned: Plan | None
    problem: str
    limit_fen: int
    nonce: str
    possible: bool
    waiting: Any  # the proposal that waits for a second person

    @property
    def needs_second(self) -> bool:
        planned = self.planned
        return planned is not None and bool(proposing.above(self.limit_fen, [planned]))


def sheet(order: Order, limit_fen: int, problem: str = "") -> Sheet:
    """As the address, or a form that was refused, has it; writes nothing."""
    typed = {name: clean(value)[:200] for name, value in request.values.items()}
    planned = None
    possible = order.state in AFTER_CLOSING
    if typed.get("whole") == "1":
        for line_id, wish in whole(order).items():
            typed[f"pieces-{line_id}"] = str(wish.pieces or "")
            yuan = format_yuan(wish.fen).strip("¥").replace(",", "")
            typed[f"yuan-{line_id}"] = yuan if wish.fen else ""
    asked = any(name.startswith(("pieces-", "yuan-")) for name in typed)
    if possible and asked:
        try:
            planned = plan(order, _wishes(order, typed))
        except RuleBroken as refusal:
            problem = problem or refusal.sentence
    nonce = typed.get("nonce", "")
    nonce = nonce if _NONCE.fullmatch(nonce) else public_id(20)
    waiting = proposing.waiting_for(order)
    return Sheet(order, typed, planned, problem, limit_fen, nonce, possible, waiting)


def carry_out(order: Order, limit_fen: int, *, by_id: int, now: Any) -> Answer | None:
    """Do what was previewed, in the caller's transaction. None: it was done before."""
    nonce = request.form.get("nonce", "")
    if not _NONCE.fullmatch(nonce):
        abort(404)
    return proposing.ask(
        order,
        _wishes(order, request.form),
        because=request.form.get("because", ""),
        nonce=nonce,
        limit_fen=limit_fen,
        seen_fen=id_or_none(request.form.get("seen", "")) or 0,
        by_id=by_id,
        now=now,
    )


def said(answer: Answer | None) -> str:
    """What was done, in words."""
    if answer is None:
        return _("That was done already: nothing was done twice.")
    money = format_yuan(answer.fen)
    if answer.proposed:
        return _("%(money)s is proposed: a second person must agree to it.", money=money)
    return _("The order costs %(money)s less. What was paid too much goes back.", money=money)


def _wishes(order: Order, typed: Mapping[str, str]) -> dict[int, Wish]:
    wishes = {}
    for line in order.lines:
        pieces, yuan = typed.get(f"pieces-{line.id}", ""), typed.get(f"yuan-{line.id}", "")
        try:
            wish = Wish(
                parse_quantity(pieces) if pieces.strip() else 0,
                parse_yuan(yuan) if yuan.strip() else 0,
            )
        except ValueError:
            name = line.item.name
            wrong = _l("“%(item)s”: pieces are a whole number, an amount looks like 12 or 12.50.")
            raise BadInput("lines", wrong, item=name) from None
        if any(wish):
            wishes[line.id] = wish
    return wishes
