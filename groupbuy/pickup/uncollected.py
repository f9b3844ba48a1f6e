"""Those who do not come: reminded in time, reminded afterwards, and every bag gets an ending."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core.clock import local
from groupbuy.core.db import moment, text_of
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.money import format_yuan
from groupbuy.core.text import label
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.owing import owe_each
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.moving import move
from groupbuy.payments import earning, refunds
from groupbuy.pickup import bags, proposing
from groupbuy.pickup.handover import require_ready
from groupbuy.pickup.models import ENDINGS, Pickup

REMIND = timedelta(hours=2)  # before and after the end of the pickup time


class StillCollecting(RuleBroken):
    """The pickup time is not over, so nobody has failed to come."""

    message = _l("Bags can be collected until %(until)s.")


class TooMuchAlone(RuleBroken):
    """More than one person may give back of an order at once."""

    message = _l(
        "More than %(limit)s of an order cannot go back like this: give the bag another ending,"
        " then give the money back from the order, where a second person agrees."
    )


def remind_before_end(now: datetime) -> int:
    """Owe "pickup_ending" for bags that stand there two hours before the end; returns how many.

    Once a bag, however often it is called; not any more when the end has passed.
    """
    soon = (Deal.pickup_ends_at > now, Deal.pickup_ends_at <= now + REMIND)
    return _remind("pickup_ending", *soon, now=now)


def remind_after_end(now: datetime) -> int:
    """Owe "pickup_missed" for bags that stand there two hours after the end; returns how many.

    A bag that became ready only after the end was not missed: the goods were late.
    """
    over = (Deal.pickup_ends_at <= now - REMIND, Pickup.ready_at < Deal.pickup_ends_at)
    return _remind("pickup_missed", *over, now=now)


def end(pickup: Pickup, ending: str, note: str, *, by_id: int | None, now: datetime) -> None:
    """Say what became of a bag nobody collected; `ending` is one of ENDINGS.

    With "refunded" the money for what was left goes back. Raises BadInput, StillCollecting, or
    the refusal of a bag that does not stand there (NotArrived, AlreadyHandedOver and so on).
    """
    if ending not in ENDINGS:
        raise BadInput("ending", _l("Say what became of the bag."))
    lines = bags.lock_contents(pickup)
    require_ready(pickup, lines, now)
    until = pickup.deal.pickup_ends_at
    if until and moment(now) < until:
        raise StillCollecting(until=f"{local(until):%Y-%m-%d %H:%M}")
    left = [line for line in lines if line.open_pieces]
    worth: Counter[int] = Counter()
    for line in left:
        worth[line.order_id] += _worth(line)
    open_pieces = {line.id: line.open_pieces for line in left}
    if ending == "refunded":
        limit_fen = proposing.limit_fen(is_operator=False)
        if max(worth.values()) > limit_fen:
            raise TooMuchAlone(limit=format_yuan(limit_fen))
        bags.shift(Order.due_fen, -1, worth, Order.due_fen)
        fen = {line.id: _worth(line) for line in left}
        bags.shift(OrderLine.given_back_fen, 1, fen, sa.literal(sum(fen.values())))
    bags.shift(OrderLine.no_show_pieces, 1, open_pieces, OrderLine.open_pieces)
    earning.recognise(open_pieces, ending, f"uncollected:{pickup.id}", now=now, actor_id=by_id)
    note = label(note, 300)
    pickup.advance("uncollected", ending=ending, ending_note=note)
    for order in sorted({line.order for line in left}, key=lambda order: order.id):
        back = refunds.settle(order, why="uncollected", key=f"uncollected-{pickup.id}", now=now)
        detail = {"ending": ending, "refund_fen": back}
        told: dict[str, Any] = {"now": now, "actor_id": by_id, "why": note, "detail": detail}
        move(order, "fulfilled", "uncollected", values={"fulfilled_at": now}, **told)


def _worth(line: OrderLine) -> int:
    """What the open pieces of `line` cost, less what was given back for them already."""
    return min(line.open_pieces * line.price_fen, line.cost_of(line.kept_pieces))


def _remind(kind: str, *when: Any, now: datetime) -> int:
    told = sa.exists().where(Notice.key == sa.literal(f"{kind}:") + text_of(Pickup.id))
    due = (
        bags.notices_about()
        .join(Deal, Deal.id == Pickup.deal_id)
        .where(Pickup.state == "ready", *when, ~told)
    )
    count = db.session.scalars(sa.select(sa.func.count()).select_from(due.subquery())).one()
    if count:
        owe_each(kind, due, now=now)
    return count
