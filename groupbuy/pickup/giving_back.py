"""Money that staff give back after the closing, whole orders or parts, before or after pickup.

Pieces that nobody has yet are not handed over any more: they count as short and leave the stock
count. The purchase list stays as it is, because the supplier was told that many pieces and
nobody can unsend it: what comes beyond the orders stays with the leader. Pieces that were handed
over, or not collected, stay where they are; only money goes back for them.

Before the closing, changing and cancelling an order does all this (orders.changing).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload, selectinload

from groupbuy.core import action_log
from groupbuy.core.errors import BadInput
from groupbuy.core.models import ActionLog
from groupbuy.core.text import label
from groupbuy.deals import stock
from groupbuy.deals.models import Deal
from groupbuy.deals.window import lock_for_deciding
from groupbuy.extensions import db
from groupbuy.notices.owing import owe
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.moving import move, record
from groupbuy.orders.placing import about
from groupbuy.payments import earning
from groupbuy.payments.settling import settle_all
from groupbuy.pickup import bags
from groupbuy.pickup.back_plan import Part, Plan, Wish, plan
from groupbuy.pickup.models import Pickup


def give_back(
    order: Order,
    wishes: Mapping[int, Wish],
    *,
    because: str,
    nonce: str,
    by_id: int,
    now: datetime,
    seen_fen: int | None = None,
) -> int | None:
    """Give back `wishes`; returns what the order costs less, None when `nonce` did it before.

    Raises what `plan` does, BadInput without a reason, and OrdersChanged when it would be another
    sum than `seen_fen`. The caller has seen to it that one person may give so much.
    """
    because = reason(because)
    lock_for_deciding(order.deal)
    if was_done(order.leader_id, nonce):
        return None
    lock([order.id])
    planned = plan(order, wishes)
    if seen_fen not in (None, planned.fen):
        raise bags.OrdersChanged
    carry_out(order.deal, [planned], because=because, nonce=nonce, by_id=by_id, now=now)
    return planned.fen


def carry_out(
    deal: Deal, plans: Sequence[Plan], *, because: str, nonce: str, by_id: int, now: datetime
) -> None:
    """Do what was planned under the locks on `deal` and its orders: pieces, money, books, bags."""
    key = f"back-{nonce}"
    parts = [part for each in plans for part in each.parts]
    said = {each.order.id: (each.fen, each.back_fen, _told(each.parts)) for each in plans}
    _take_off(plans, parts, key, now)
    line_ids = [part.line.id for part in parts]
    earning.recognise(line_ids, "given_back", f"given-{nonce}", now=now, actor_id=by_id)
    orders = sa.select(Order.id).where(Order.id.in_(list(said)))
    settle_all(orders, why=because, key=key, now=now)
    for each in plans:
        db.session.expire(each.order)
        fen, back_fen, lines = said[each.order.id]
        detail = {"refund_fen": back_fen, "lines": lines, "less_fen": fen}
        _end_or_record(each.order, now, {"actor_id": by_id, "why": because, "detail": detail})
        notice = {"due_fen": fen, "because": because}
        owe("given_back", f"{nonce}:{each.order.id}", now=now, detail=notice, **about(each.order))
    if any(part.short for part in parts):
        _settle_bags(deal, list(said), now)
    _log(deal, said, nonce, because=because, by_id=by_id, now=now)


def lock(order_ids: Collection[int]) -> None:
    """Read the orders and their lines afresh and hold them until commit.

    With all that is in the same bags, by id: whoever hands one of them over locks it so, too.
    """
    own = sa.select(Order.deal_id, Order.member_id, Order.point_id).where(Order.id.in_(order_ids))
    household = sa.tuple_(Order.deal_id, Order.member_id, Order.point_id)
    lines = sa.select(OrderLine.id).join(OrderLine.order).where(household.in_(own))
    locked = lines.order_by(Order.id, OrderLine.id)
    db.session.execute(locked.with_for_update(key_share=True, of=(OrderLine, Order))).all()
    orders = sa.select(Order).where(Order.id.in_(order_ids))
    whole = orders.options(selectinload(Order.lines).joinedload(OrderLine.item))
    whole = whole.options(joinedload(Order.deal))
    db.session.scalars(whole.execution_options(populate_existing=True)).all()


def reason(because: str) -> str:
    """Why money goes back, on one line. Raises BadInput when nothing is said."""
    because = label(because, 200)
    if not because:
        raise BadInput("because", _l("Say why, so that the neighbour can be told."))
    return because


def was_done(leader_id: int, nonce: str) -> bool:
    """Whether the form with `nonce` was carried out before."""
    once = (ActionLog.leader_id == leader_id, ActionLog.subject == f"back:{nonce}")
    return db.session.scalar(sa.select(ActionLog.id).where(*once).limit(1)) is not None


def _take_off(plans: Sequence[Plan], parts: Sequence[Part], key: str, now: datetime) -> None:
    """Lower what the orders cost and what their lines may expect, or raise OrdersChanged."""
    bags.shift(Order.due_fen, -1, {each.order.id: each.fen for each in plans}, Order.due_fen)
    short = {part.line.id: part.short for part in parts if part.short}
    bags.shift(OrderLine.short_pieces, 1, short, OrderLine.open_pieces)
    left = OrderLine.kept_pieces * OrderLine.price_fen - OrderLine.given_back_fen
    given = {part.line.id: part.given_fen for part in parts if part.given_fen}
    bags.shift(OrderLine.given_back_fen, 1, given, left)
    if short:
        released = [(part.line, part.short) for part in parts if part.short]
        stock.release(released, key, now=now, kind="short")
    for part in parts:
        db.session.expire(part.line)


def _end_or_record(order: Order, now: datetime, told: Mapping[str, Any]) -> None:
    """Tell of it. With nothing to come the order is over: cancelled, when nothing ever came."""
    if order.state == "fulfilled" or any(line.open_pieces for line in order.lines):
        record(order, "given_back", from_state=order.state, now=now, **told)
    elif any(line.kept_pieces for line in order.lines):
        values = {"fulfilled_at": now}
        move(order, "fulfilled", "given_back", now=now, values=values, **told)
    else:
        move(order, "cancelled", "given_back", now=now, **told)


def _settle_bags(deal: Deal, order_ids: Collection[int], now: datetime) -> None:
    """Bags with nothing left in them are over; those that waited only for this become ready."""
    its = (
        sa.select(Pickup)
        .join(
            Order,
            sa.and_(
                Order.deal_id == Pickup.deal_id,
                Order.member_id == Pickup.member_id,
                Order.point_id == Pickup.point_id,
            ),
        )
        .where(Order.id.in_(order_ids), Pickup.state == "ready")
        .distinct()
    )
    for bag in db.session.scalars(its.order_by(Pickup.id)).all():
        lines = bags.lock_contents(bag)
        if not any(line.open_pieces for line in lines):
            bag.advance("collected" if any(line.picked_pieces for line in lines) else "void")
            bags.end_passes(bag, now=now)
    bags.settle(deal, now=now)


def _told(parts: Iterable[Part]) -> list[dict[str, object]]:
    """The lines that get fewer pieces, as an order's timeline tells them."""
    cut = [part for part in parts if part.short]
    return [
        {
            "item": part.line.item.name,
            "wanted": part.line.kept_pieces,
            "gets": part.line.kept_pieces - part.short,
        }
        for part in cut
    ]


def _log(
    deal: Deal,
    said: Mapping[int, tuple[int, int, object]],
    nonce: str,
    *,
    because: str,
    by_id: int,
    now: datetime,
) -> None:
    action_log.note(
        "money_given_back",
        f"back:{nonce}",
        actor_id=by_id,
        leader_id=deal.leader_id,
        now=now,
        deal=deal.slug,
        because=because,
        orders={str(order_id): fen for order_id, (fen, *_more) in said.items()},
    )
