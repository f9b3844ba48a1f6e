"""Many orders in a deal, fast: the rows that placing and vouching would have written."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from groupbuy.accounts.models import Member
from groupbuy.core.tokens import public_id
from groupbuy.deals.models import Deal, DealItem, StockMove
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderEvent, OrderLine
from groupbuy.payments.models import Payment

PIECES = 2  # of each item, in each order


def fill(deal: Deal, *, placed: int, pending: int = 0) -> None:
    """Give `deal` so many paid and unpaid orders, each of another member, `PIECES` of each item."""
    count = placed + pending
    leader = {"leader_id": deal.leader_id}
    at = deal.opens_at
    members = _insert(
        Member, [{**leader, "name": f"邻居 {n}", "created_at": at} for n in range(1, count + 1)]
    )
    due_fen = sum(item.price_fen * PIECES for item in deal.items)
    points = [point.id for point in deal.points]
    orders = _insert(
        Order,
        [
            {
                **leader,
                "deal_id": deal.id,
                "member_id": member_id,
                "point_id": points[n % len(points)],
                "number": public_id(16),
                "roll_no": n + 1 if n < placed else None,
                "state": "placed" if n < placed else "pending",
                "due_fen": due_fen,
                "paid_fen": due_fen if n < placed else 0,
                "form_key": "filled",
                "placed_at": at,
            }
            for n, member_id in enumerate(members)
        ],
    )
    _lines_and_moves(deal, orders)
    _events_and_payments(deal, orders, placed, due_fen)
    sold = {"sold": DealItem.sold + PIECES * count}
    db.session.execute(sa.update(DealItem).where(DealItem.deal_id == deal.id).values(sold))
    deal.last_roll_no += placed
    db.session.flush()


def _lines_and_moves(deal: Deal, orders: list[int]) -> None:
    rows = [
        {
            "leader_id": deal.leader_id,
            "deal_id": deal.id,
            "order_id": order_id,
            "item_id": item.id,
            "position": position,
            "price_fen": item.price_fen,
            "quantity": PIECES,
        }
        for order_id in orders
        for position, item in enumerate(deal.items, 1)
    ]
    lines = _insert(OrderLine, rows)
    moves = [
        {
            "leader_id": deal.leader_id,
            "item_id": row["item_id"],
            "line_id": line_id,
            "kind": "hold",
            "pieces": PIECES,
            "idem_key": f"hold:{line_id}:placed",
            "at": deal.opens_at,
        }
        for line_id, row in zip(lines, rows, strict=True)
    ]
    db.session.execute(sa.insert(StockMove), moves)


def _events_and_payments(deal: Deal, orders: list[int], placed: int, due_fen: int) -> None:
    event = {"leader_id": deal.leader_id, "at": deal.opens_at}
    ordered = {**event, "kind": "ordered", "from_state": None, "to_state": "pending"}
    vouched = {**event, "kind": "vouched", "from_state": "pending", "to_state": "placed"}
    events = [{**ordered, "order_id": order_id} for order_id in orders]
    events += [{**vouched, "order_id": order_id} for order_id in orders[:placed]]
    db.session.execute(sa.insert(OrderEvent), events)
    payments = [
        {
            "leader_id": deal.leader_id,
            "order_id": order_id,
            "way": "cash",
            "out_trade_no": public_id(24),
            "state": "confirmed" if n < placed else "begun",
            "amount_fen": due_fen,
            "begun_at": deal.opens_at,
        }
        for n, order_id in enumerate(orders)
    ]
    db.session.execute(sa.insert(Payment), payments)


def _insert(model: Any, rows: list[dict[str, Any]]) -> list[int]:
    """The ids of the new rows, in the order of `rows`."""
    statement = sa.insert(model).returning(model.id, sort_by_parameter_order=True)
    return list(db.session.scalars(statement, rows))
