"""What a deal has earned: goods become sales when they are handed over, not when they are paid.

A line is worth its pieces that were picked up, or not collected though paid for, less what was
given back on it; what nobody paid or collected has earned nothing. Its commission is counted on
the whole of that, rounded half up once, so that handing over piece by piece, undoing and giving
back always end at the same fen.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache, lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import sqlalchemy as sa

from groupbuy.core.db import Id, connection, forget
from groupbuy.deals.models import DealItem
from groupbuy.orders.models import Order, OrderLine
from groupbuy.payments import ledger
from groupbuy.payments.ledger import Leg
from groupbuy.payments.models import Payment

_BASIS = 10_000  # basis points of the whole


class Earned(NamedTuple):
    """What a line has earned, and the leader's part of it, in fen."""

    fen: int
    commission_fen: int


def recognise(
    line_ids: Collection[int], kind: str, key: str, *, now: datetime, actor_id: int | None
) -> None:
    """Bring the books in line with the fate of these order lines, which the caller has locked.

    `key` names the act that changed it: a ledger transaction for each order, "key:order id".
    """
    lines = connection().execute(_reading(), {"ids": list(line_ids)}).all()
    earned = {line.id: earned_by(line) for line in lines}
    changed = [each for each in lines if earned[each.id] != (each.earned_fen, each.commission_fen)]
    if not changed:
        return
    for order_id, its in groupby(changed, attrgetter("order_id")):
        _enter(list(its), earned, kind, f"{key}:{order_id}", now=now, actor_id=actor_id)
    values: dict[str, int] = {}
    for place, each in enumerate(changed):
        values |= {f"id_{place}": each.id, f"fen_{place}": earned[each.id].fen}
        values[f"commission_{place}"] = earned[each.id].commission_fen
    connection().execute(_writing(len(changed)), values)
    forget(OrderLine, line_ids)


def earned_by(line: Any) -> Earned:
    """What `line`, with `is_paid` of its order and `rate_bp` of its item, has earned by its fate.

    The rate was written into the item when the deal closed.
    """
    pieces = line.picked_pieces + (line.no_show_pieces if line.is_paid else 0)
    fen = max(0, pieces * line.price_fen - line.given_back_fen)
    return Earned(fen, (fen * line.rate_bp + _BASIS // 2) // _BASIS)


def paid_later(order: Order, payment: Payment, *, now: datetime) -> None:
    """`payment` came for an `order` that the caller has locked; one that is over has earned it."""
    if order.state == "fulfilled":
        ids = [line.id for line in order.lines]
        by_id = payment.confirmed_by_id
        recognise(ids, "paid_later", f"paid-later:{payment.id}", now=now, actor_id=by_id)


def _enter(
    lines: list[Any],
    earned: dict[int, Earned],
    kind: str,
    key: str,
    *,
    now: datetime,
    actor_id: int | None,
) -> None:
    """Book by how much more, or less, the `lines` of one order have earned than was booked."""
    first = lines[0]
    fen = sum(earned[line.id].fen - line.earned_fen for line in lines)
    commission = sum(earned[line.id].commission_fen - line.commission_fen for line in lines)
    account = "commission" if first.credited_at else "commission_held"
    legs = [
        Leg("order", first.order_id, fen),
        Leg("sales", first.deal_id, -fen),
        Leg("commission_expense", first.deal_id, commission),
        Leg(account, first.leader_id, -commission),
    ]
    ids = {"leader_id": first.leader_id, "deal_id": first.deal_id, "order_id": first.order_id}
    ledger.enter(kind, key, legs, now=now, actor_id=actor_id, **ids)


@cache
def _reading() -> sa.Select[Any]:
    """Made once, as `_writing` is: at the gate somebody stands and waits."""
    line, order = OrderLine.__table__.c, Order.__table__.c
    fate = (line.picked_pieces, line.no_show_pieces, line.price_fen, line.given_back_fen)
    return (
        sa.select(
            *(line.id, line.order_id, line.earned_fen, line.commission_fen, *fate),
            *(order.leader_id, order.deal_id, order.credited_at),
            (order.paid_fen - order.refunded_fen >= order.due_fen).label("is_paid"),
            sa.func.coalesce(DealItem.commission_bp, 0).label("rate_bp"),
        )
        .join_from(OrderLine.__table__, Order.__table__, line.order_id == order.id)
        .join(DealItem.__table__, DealItem.id == line.item_id)
        .where(line.id.in_(sa.bindparam("ids", expanding=True, type_=Id)))
        .order_by(line.order_id, line.id)
    )


@lru_cache(maxsize=64)
def _writing(count: int) -> sa.Update:
    """What so many lines have earned, in one statement."""
    line = OrderLine.__table__
    ids, fens, commissions = (
        [sa.bindparam(f"{name}_{place}", type_=Id) for place in range(count)]
        for name in ("id", "fen", "commission")
    )
    fen = sa.case(*((line.c.id == one, value) for one, value in zip(ids, fens, strict=True)))
    part = sa.case(*((line.c.id == one, its) for one, its in zip(ids, commissions, strict=True)))
    return sa.update(line).where(line.c.id.in_(ids)).values(earned_fen=fen, commission_fen=part)
