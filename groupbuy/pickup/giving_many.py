"""Giving many whole orders back at once: first which and which not, then done once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from flask_babel import gettext as _

from groupbuy.core.errors import RuleBroken
from groupbuy.core.money import format_yuan
from groupbuy.deals.models import Deal
from groupbuy.deals.window import lock_for_deciding
from groupbuy.orders.models import Order
from groupbuy.pickup import giving_back, proposing
from groupbuy.pickup.back_plan import AFTER_CLOSING, Plan, plan, whole


class Many(NamedTuple):
    """What would be given back, and (order, why) of what would not."""

    plans: list[Plan]
    skipped: list[tuple[Order, str]]

    @property
    def done(self) -> list[Order]:
        return [each.order for each in self.plans]

    @property
    def fen(self) -> int:
        """What the orders cost less in all."""
        return sum(each.fen for each in self.plans)

    @property
    def back_fen(self) -> int:
        """What of it was paid and goes back."""
        return sum(each.back_fen for each in self.plans)


def plan_many(orders: Sequence[Order], limit_fen: int) -> Many:
    """Which of `orders` can be given back whole now; the act itself looks again.

    What costs more than `limit_fen` needs a second person, from the page of the order.
    """
    many = Many([], [])
    for order in orders:
        why = _why_not(order)
        planned = None
        if not why:
            try:
                planned = plan(order, whole(order))
            except RuleBroken as refusal:
                why = refusal.sentence
        if why or planned is None:
            many.skipped.append((order, why))
        else:
            many.plans.append(planned)
    return _within(limit_fen, many)


def give_many(
    deal: Deal,
    orders: Sequence[Order],
    nonce: str,
    *,
    because: str,
    limit_fen: int,
    by_id: int,
    now: datetime,
) -> Many | None:
    """Give those of `orders` back that can be; None when the form with `nonce` did it before.

    Raises BadInput without a reason.
    """
    because = giving_back.reason(because)
    lock_for_deciding(deal)
    if giving_back.was_done(deal.leader_id, nonce):
        return None
    giving_back.lock([order.id for order in orders])
    many = plan_many(orders, limit_fen)
    if many.plans:
        told = {"because": because, "nonce": nonce}
        giving_back.carry_out(deal, many.plans, by_id=by_id, now=now, **told)
    return many


def _within(limit_fen: int, many: Many) -> Many:
    above = proposing.above(limit_fen, many.plans)
    limit = format_yuan(limit_fen)
    why = _("More than %(limit)s: a second person must agree to it.", limit=limit)
    return Many(
        [each for each in many.plans if each.order.id not in above],
        many.skipped + [(each.order, why) for each in many.plans if each.order.id in above],
    )


def _why_not(order: Order) -> str:
    if order.state in AFTER_CLOSING:
        return ""
    if order.state in ("cancelled", "expired"):
        return _("This order has ended.")
    return _("The deal is open: cancel the order instead.")
