"""What giving money back would do to an order, worked out before anything is done."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core.errors import BadInput, RuleBroken, WrongState
from groupbuy.core.money import format_yuan
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.pickup.models import Arrival
from groupbuy.purchasing.models import PurchaseLine, PurchaseRevision

AFTER_CLOSING = ("confirmed", "fulfilled")


class NothingToGiveBack(RuleBroken):
    """Nothing was chosen, or all of it went back before."""

    message = _l("There is nothing to give back.")


class MoreThanItIsWorth(RuleBroken):
    """What should go back for a line is more than it still costs."""

    message = _l("“%(item)s” still costs %(money)s: more cannot go back.")


class NotSharedOutYet(RuleBroken):
    """An amount on pieces that have not come: nobody knows yet whether they will."""

    message = _l(
        "“%(item)s” has not been counted in. Give pieces back, or an amount when it is there."
    )


class Wish(NamedTuple):
    """What should go back of one line: so many pieces, and so much money besides."""

    pieces: int = 0
    fen: int = 0


class Part(NamedTuple):
    """What happens to one line: `short` open pieces do not come, `less_fen` it costs less.

    `given_fen` is how far the line's given_back_fen goes up; below 0 when pieces become short for
    which money had been given back already.
    """

    line: OrderLine
    short: int
    given_fen: int
    less_fen: int


@dataclass(frozen=True)
class Plan:
    """What giving back does to one order; `back_fen` of `fen` was paid and goes back."""

    order: Order
    parts: list[Part]

    @property
    def fen(self) -> int:
        """What the order costs less."""
        return sum(part.less_fen for part in self.parts)

    @property
    def back_fen(self) -> int:
        return max(0, self.fen - self.order.owed_fen)


def whole(order: Order) -> dict[int, Wish]:
    """The wish for everything `order` still costs; its open pieces do not come."""
    wishes = {}
    for line in order.lines:
        left = line.cost_of(line.kept_pieces - line.open_pieces)
        if line.open_pieces or left:
            wishes[line.id] = Wish(line.open_pieces, left)
    return wishes


def plan(order: Order, wishes: Mapping[int, Wish]) -> Plan:
    """What giving back `wishes` (by order line id) means as things stand; writes nothing.

    Raises WrongState before the closing or after the end, BadInput, NothingToGiveBack,
    MoreThanItIsWorth or NotSharedOutYet.
    """
    if order.state not in AFTER_CLOSING:
        raise WrongState(order.state, "confirmed")
    lines = {line.id: line for line in order.lines}
    if set(wishes) - set(lines):
        raise BadInput("lines", _l("Choose what to give back."))
    shared_out = _shared_out(order)
    chosen = {line_id: wish for line_id, wish in wishes.items() if any(wish)}
    parts = [_part(lines[line_id], wish, shared_out) for line_id, wish in chosen.items()]
    parts = [part for part in parts if part.short or part.less_fen]
    if not parts:
        raise NothingToGiveBack
    return Plan(order, parts)


def _part(line: OrderLine, wish: Wish, shared_out: Collection[int | None]) -> Part:
    if wish.pieces < 0 or wish.fen < 0 or wish.pieces > line.kept_pieces:
        raise BadInput("lines", _l("Choose what to give back."))
    short = min(wish.pieces, line.open_pieces)
    kept = line.kept_pieces - short
    before = min(line.given_back_fen, kept * line.price_fen)
    given = before + (wish.pieces - short) * line.price_fen + wish.fen
    if given > kept * line.price_fen:
        money = format_yuan(line.cost_of(line.kept_pieces))
        raise MoreThanItIsWorth(item=line.item.name, money=money)
    delivered_fen = (line.picked_pieces + line.no_show_pieces) * line.price_fen
    if given > delivered_fen and given > before and line.purchase_line_id not in shared_out:
        raise NotSharedOutYet(item=line.item.name)
    less = line.cost_of(line.kept_pieces) - (kept * line.price_fen - given)
    return Part(line, short, given - line.given_back_fen, less)


def _shared_out(order: Order) -> set[int | None]:
    """Purchase lines of `order` whose goods were shared out: no reopening, no cut comes after."""
    ids = [line.purchase_line_id for line in order.lines]
    done = (
        sa.select(PurchaseLine.id)
        .join(PurchaseRevision, PurchaseRevision.id == PurchaseLine.revision_id)
        .join(Arrival, Arrival.list_id == PurchaseRevision.list_id)
        .where(PurchaseLine.id.in_(ids), Arrival.state == "shared_out")
    )
    return set(db.session.scalars(done))
