"""Cash to the leader: an order counts when the leader says the money is, or will be, there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from groupbuy.core.errors import RuleBroken
from groupbuy.deals.models import Deal
from groupbuy.deals.window import lock_for_paying
from groupbuy.extensions import db
from groupbuy.notices.owing import owe
from groupbuy.orders import roll
from groupbuy.orders.models import Order
from groupbuy.orders.placing import about
from groupbuy.payments import attempts


class Vouched(NamedTuple):
    """The outcome of vouching for many: what was done, and (order, sentence) of what was not."""

    done: list[Order]
    skipped: list[tuple[Order, str]]


def vouch(order: Order, *, by_id: int | None, now: datetime) -> None:
    """The leader has the money of `order`: book it and give the order its number in the roll.

    Allowed until the closing has decided, even when the window is over by the clock.
    Raises DealClosed, or WrongState when it was vouched for, cancelled or expired before.
    """
    lock_for_paying(order.deal)
    db.session.refresh(order)
    roll.enter(order, "vouched", now=now, actor_id=by_id)
    attempts.confirm(attempts.switch(order, "cash", now=now), now=now, by_id=by_id)
    db.session.refresh(order)
    owe("vouched", str(order.id), now=now, **about(order))


def vouch_all(deal: Deal, orders: Sequence[Order], *, by_id: int | None, now: datetime) -> Vouched:
    """`vouch` for many orders of one deal, in their order of placing; the others are told apart."""
    done: list[Order] = []
    skipped: list[tuple[Order, str]] = []
    for order in sorted(orders, key=lambda order: order.id):
        if order.deal_id != deal.id:
            raise ValueError(f"order {order.id} is not of deal {deal.id}")
        try:
            with db.session.begin_nested():
                vouch(order, by_id=by_id, now=now)
        except RuleBroken as refusal:
            skipped.append((order, refusal.sentence))
        else:
            done.append(order)
    return Vouched(done, skipped)
