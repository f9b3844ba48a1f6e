"""What a deal has earned: goods become sales when they are handed over, not when they are paid.

A line is worth its pieces that were picked up, or not collected though paid for, less what was
given back on it; what nobody paid or collected has earned nothing. Its commission is counted on
the whole of that, rounded half up once, so that handing over piece by piece, undoing and giving
back always end at the same fen.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from groupbuy.core.db import Id, UtcDateTime, connection, forget, sum_of, text_of
from groupbuy.deals.models import DealItem
from groupbuy.orders.models import Order, OrderLine
from groupbuy.payments import ledger
from groupbuy.payments.ledger import Leg
from groupbuy.payments.models import Payment

_LINE = OrderLine.__table__.c
_ITEM = DealItem.__table__.c
_ORDER = Order.__table__.c
_BASIS = 10_000  # basis points of the whole


class Statements(NamedTuple):
    """What `recognise` sends, made once: at the gate somebody stands and waits."""

    transaction: sa.Insert
    entries: sa.Insert
    lines: sa.Update


def recognise(
    line_ids: Collection[int], kind: str, key: str, *, now: datetime, actor_id: int | None
) -> None:
    """Bring the books in line with the fate of these order lines, which the caller has locked.

    `key` names the act that changed it: a ledger transaction for each order, "key:order id".
    """
    asked = {"ids": list(line_ids), "kind": kind, "key": f"{key}:", "at": now, "actor_id": actor_id}
    statements = _statements()
    connection().execute(statements.transaction, asked)
    connection().execute(statements.entries, asked)
    connection().execute(statements.lines, {"ids": asked["ids"]})
    forget(OrderLine, line_ids)


def paid_later(order: Order, payment: Payment, *, now: datetime) -> None:
    """`payment` came for an `order` that the caller has locked; one that is over has earned it."""
    if order.state == "fulfilled":
        ids = [line.id for line in order.lines]
        by_id = payment.confirmed_by_id
        recognise(ids, "paid_later", f"paid-later:{payment.id}", now=now, actor_id=by_id)


@cache
def _statements() -> Statements:
    chosen = _LINE.id.in_(sa.bindparam("ids", expanding=True, type_=Id))
    worth, commission = _worth(), _commission()
    facts = (
        sa.select(
            (sa.bindparam("key", type_=sa.String) + text_of(_ORDER.id)).label("idem_key"),
            sa.bindparam("kind", type_=sa.String).label("kind"),
            sa.bindparam("at", type_=UtcDateTime).label("at"),
            _ORDER.leader_id,
            _ORDER.deal_id,
            _ORDER.id.label("order_id"),
            sa.bindparam("actor_id", type_=Id).label("actor_id"),
            sa.case((_ORDER.credited_at.is_(None), "commission_held"), else_="commission").label(
                "commission_account"
            ),
            sum_of(worth - _LINE.earned_fen).label("earned"),
            sum_of(commission - _LINE.commission_fen).label("commission"),
        )
        .join(OrderLine.__table__, _LINE.order_id == _ORDER.id)
        .where(chosen)
        .group_by(_ORDER.id, _ORDER.leader_id, _ORDER.deal_id, _ORDER.credited_at)
    ).subquery()
    c = facts.c
    changed = sa.select(facts).where(sa.or_(c.earned != 0, c.commission != 0)).subquery()
    c = changed.c
    inserts = ledger.writing(
        changed,
        Leg("order", c.order_id, c.earned),
        Leg("sales", c.deal_id, -c.earned),
        Leg("commission_expense", c.deal_id, c.commission),
        Leg(c.commission_account, c.leader_id, -c.commission),
    )
    lines = sa.update(OrderLine.__table__).where(chosen)
    return Statements(*inserts, lines.values(earned_fen=worth, commission_fen=commission))


def _worth() -> Any:
    """What a line has earned by its present fate."""
    its = Order.__table__.alias().c
    is_paid = sa.select(its.paid_fen - its.refunded_fen >= its.due_fen)
    is_paid = is_paid.where(its.id == _LINE.order_id).correlate(OrderLine.__table__)
    paid_for = sa.or_(_LINE.no_show_pieces == 0, is_paid.scalar_subquery())
    left_behind = sa.case((paid_for, _LINE.no_show_pieces), else_=0)
    delivered = (_LINE.picked_pieces + left_behind) * _LINE.price_fen
    return sa.case((delivered > _LINE.given_back_fen, delivered - _LINE.given_back_fen), else_=0)


def _commission() -> Any:
    """The leader's part of it; the rate was written into the item when the deal closed."""
    rate = sa.select(sa.func.coalesce(_ITEM.commission_bp, 0)).where(_ITEM.id == _LINE.item_id)
    half_up = _worth() * rate.scalar_subquery() + _BASIS // 2
    return half_up // sa.literal(_BASIS, sa.BigInteger)
