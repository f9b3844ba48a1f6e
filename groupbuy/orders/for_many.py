"""One act for many orders: first which will be done and which not, then done once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from groupbuy.core import action_log
from groupbuy.core.errors import BadInput
from groupbuy.core.models import ActionLog
from groupbuy.core.text import clean
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.owing import owe
from groupbuy.orders.models import LIVE_STATES, Order
from groupbuy.orders.placing import about
from groupbuy.orders.vouching import Vouched, vouch_all

MOST = 500  # orders at a time: what one request can do in a few seconds
LONGEST_MESSAGE = 300


class Plan(NamedTuple):
    """What would be done, and (order, why) of what would not."""

    done: list[Order]
    skipped: list[tuple[Order, str]]

    @property
    def due_fen(self) -> int:
        """What the orders that would be done cost."""
        return sum(order.due_fen for order in self.done)


def plan_vouching(deal: Deal, orders: Sequence[Order]) -> Plan:
    """Which of `orders` can be vouched for now; the act itself looks again."""
    plan = Plan([], [])
    for order in orders:
        why = _why_not_vouch(deal, order)
        if why:
            plan.skipped.append((order, why))
        else:
            plan.done.append(order)
    return plan


def plan_message(orders: Sequence[Order]) -> Plan:
    """Who of those behind `orders` can be told something: once each, and only with an account."""
    plan, told = Plan([], []), set()
    for order in orders:
        user_id = order.member.user_id
        if order.state not in LIVE_STATES:
            plan.skipped.append((order, _("This order has ended.")))
        elif user_id is None:
            plan.skipped.append((order, _("Has no account here, so please call them.")))
        elif user_id in told:
            plan.skipped.append((order, _("Gets it already for another order.")))
        else:
            told.add(user_id)
            plan.done.append(order)
    return plan


def vouch_many(
    deal: Deal, orders: Sequence[Order], nonce: str, *, by_id: int, now: datetime
) -> Vouched | None:
    """Vouch for those of `orders` that can be; None when the form with `nonce` did it before."""
    if _was_done(deal, nonce):
        return None
    outcome = vouch_all(deal, orders, by_id=by_id, now=now)
    fen = sum(order.paid_fen for order in outcome.done)
    _log(deal, nonce, "orders_vouched", by_id, now, orders=len(outcome.done), fen=fen)
    return outcome


def tell_many(
    deal: Deal, orders: Sequence[Order], text: str, nonce: str, *, by_id: int, now: datetime
) -> int | None:
    """Owe the people behind `orders` what the leader typed; returns how many were told.

    None when the form with `nonce` did it before. Raises BadInput without words, or too many.
    """
    text = clean(text)
    if not text:
        raise BadInput("text", _l("Write what they should know."))
    if len(text) > LONGEST_MESSAGE:
        raise BadInput("text", _l("At most %(count)s characters.", count=LONGEST_MESSAGE))
    if _was_done(deal, nonce):
        return None
    people = plan_message(orders).done
    for order in people:
        key = f"{nonce}:{order.member_id}"
        owe("from_leader", key, now=now, detail={"text": text}, **about(order))
    _log(deal, nonce, "members_told", by_id, now, people=len(people), text=text)
    return len(people)


def _why_not_vouch(deal: Deal, order: Order) -> str:
    if order.state in ("cancelled", "expired"):
        return _("This order has ended.")
    if order.state != "pending":
        return _("You have vouched for it already.")
    if deal.state not in ("open", "closing"):
        return _("The deal is decided: it came too late.")
    return ""


def _was_done(deal: Deal, nonce: str) -> bool:
    once = (ActionLog.leader_id == deal.leader_id, ActionLog.subject == f"batch:{nonce}")
    return db.session.scalar(sa.select(ActionLog.id).where(*once).limit(1)) is not None


def _log(deal: Deal, nonce: str, action: str, by_id: int, now: datetime, **what: object) -> None:
    action_log.note(
        action,
        f"batch:{nonce}",
        actor_id=by_id,
        leader_id=deal.leader_id,
        now=now,
        deal=deal.slug,
        **what,
    )
