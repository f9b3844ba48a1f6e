"""Many orders in a deal, fast: the rows that placing and vouching would have written."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from groupbuy.accounts.models import Member
from groupbuy.core.db import text_of
from groupbuy.deals.models import Deal, DealItem, StockMove
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderEvent, OrderLine
from groupbuy.payments import ledger
from groupbuy.payments.models import Payment

PIECES = 2  # of each item, in each order


def fill(deal: Deal, *, placed: int, pending: int = 0, way: str = "cash") -> None:
    """Give an empty `deal` so many paid and unpaid orders, each of another member.

    Every order wants `PIECES` of each item; the first are paid, and numbered 1, 2, 3 ...
    By another `way` than cash, a payment has its own number as that of the provider, too.
    """
    last_member = db.session.scalar(sa.select(sa.func.max(Member.id))) or 0
    count = placed + pending
    about = {"leader_id": deal.leader_id, "created_at": deal.opens_at}
    db.session.execute(
        sa.insert(Member), [{**about, "name": f"邻居 {n}"} for n in range(1, count + 1)]
    )
    _add_orders(deal, last_member, placed)
    _add_lines_and_moves(deal)
    _add_events_and_payments(deal, way)
    sold = {"sold": DealItem.sold + PIECES * count}
    db.session.execute(sa.update(DealItem).where(DealItem.deal_id == deal.id).values(sold))
    deal.last_roll_no += placed
    db.session.flush()


def _add_orders(deal: Deal, last_member: int, placed: int) -> None:
    number = sa.func.row_number().over(order_by=Member.id)
    due_fen = sum(item.price_fen * PIECES for item in deal.items)
    points = dict(enumerate(point.id for point in deal.points))
    _insert(
        Order,
        {
            "leader_id": Member.leader_id,
            "deal_id": sa.literal(deal.id),
            "member_id": Member.id,
            "point_id": sa.case(points, value=Member.id % len(points)),
            "number": sa.literal("N") + text_of(Member.id),
            "roll_no": sa.case((number <= placed, number)),
            "state": sa.case((number <= placed, "placed"), else_="pending"),
            "due_fen": sa.literal(due_fen),
            "paid_fen": sa.case((number <= placed, due_fen), else_=0),
            "placed_at": Member.created_at,
        },
        Member.id > last_member,
    )


def _add_lines_and_moves(deal: Deal) -> None:
    _insert(
        OrderLine,
        {
            "leader_id": Order.leader_id,
            "deal_id": Order.deal_id,
            "order_id": Order.id,
            "item_id": DealItem.id,
            "position": DealItem.position,
            "price_fen": DealItem.price_fen,
            "quantity": sa.literal(PIECES),
        },
        Order.deal_id == deal.id,
        DealItem.deal_id == Order.deal_id,
    )
    _insert(
        StockMove,
        {
            "leader_id": OrderLine.leader_id,
            "item_id": OrderLine.item_id,
            "line_id": OrderLine.id,
            "kind": sa.literal("hold"),
            "pieces": OrderLine.quantity,
            "idem_key": sa.literal("hold:") + text_of(OrderLine.id) + sa.literal(":placed"),
            "at": Order.placed_at,
        },
        OrderLine.order_id == Order.id,
        Order.deal_id == deal.id,
    )


def _add_events_and_payments(deal: Deal, way: str) -> None:
    own = Order.deal_id == deal.id
    event = {"leader_id": Order.leader_id, "order_id": Order.id, "at": Order.placed_at}
    ordered = {"kind": sa.literal("ordered"), "to_state": sa.literal("pending")}
    vouched = {
        "kind": sa.literal("vouched"),
        "from_state": sa.literal("pending"),
        "to_state": sa.literal("placed"),
    }
    _insert(OrderEvent, event | ordered, own)
    _insert(OrderEvent, event | vouched, own, Order.state == "placed")
    _insert(
        Payment,
        {
            "leader_id": Order.leader_id,
            "order_id": Order.id,
            "way": sa.literal(way),
            "out_trade_no": sa.literal("T") + text_of(Order.id),
            "transaction_no": sa.null() if way == "cash" else sa.literal("T") + text_of(Order.id),
            "state": sa.case((Order.state == "placed", "confirmed"), else_="begun"),
            "amount_fen": Order.due_fen,
            "begun_at": Order.placed_at,
            "confirmed_at": Order.placed_at,
        },
        own,
    )
    its = sa.select(Payment.id).join(Order, Order.id == Payment.order_id)
    ledger.payments_confirmed(its.where(own, Payment.state == "confirmed"))


def _insert(model: Any, columns: dict[str, Any], *conditions: Any) -> None:
    rows = sa.select(*columns.values()).where(*conditions)
    db.session.execute(sa.insert(model).from_select([*columns], rows))
