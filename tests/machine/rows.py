"""What the database says, in the shape of the promises, and whether anything in it has changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.payments import ledger
from groupbuy.payments.models import LedgerEntry, LedgerTxn, Payment, Refund
from groupbuy.pickup.models import Pickup
from groupbuy.settlement.models import Settlement
from tests.machine.promises import Bag, Line, Promise


def digest() -> list[tuple[Any, ...]]:
    """A row per table: how many rows, and a weighted sum of all numbers and states in them."""
    return [tuple(row) for row in db.session.execute(_DIGEST)]


def _weighed(table: sa.Table) -> Iterator[sa.ColumnElement[int]]:
    for weight, column in enumerate(table.columns, 1):
        if isinstance(column.type, sa.Enum):
            names = {name: place for place, name in enumerate(column.type.enums, 1)}
            yield sa.func.coalesce(sa.case(names, value=column), 0) * weight
        elif isinstance(column.type, sa.Integer):
            yield sa.func.coalesce(column, 0) * weight


def _sums() -> Iterator[sa.Select[Any]]:
    for table in db.metadata.sorted_tables:
        numbers = sum(_weighed(table), sa.literal(0))
        yield sa.select(sa.literal(table.name), sa.func.count(), sa.func.sum(numbers)).select_from(
            table
        )


_DIGEST = sa.union_all(*_sums())


def orders() -> dict[int, tuple[Any, ...]]:
    """Order id -> state, roll number, due, paid and refunded fen, version, point."""
    found = sa.select(
        Order.id,
        Order.state,
        Order.roll_no,
        Order.due_fen,
        Order.paid_fen,
        Order.refunded_fen,
        Order.version,
        Order.point_id,
    )
    return {row[0]: tuple(row[1:]) for row in db.session.execute(found)}


def pieces() -> dict[int, tuple[Counter[int], Counter[int], Counter[int]]]:
    """Order id -> pieces of each item kept, picked up and left behind."""
    counts: dict[int, tuple[Counter[int], Counter[int], Counter[int]]] = {}
    lines = sa.select(
        OrderLine.order_id,
        OrderLine.item_id,
        OrderLine.kept_pieces,
        OrderLine.picked_pieces,
        OrderLine.no_show_pieces,
    )
    for order_id, item_id, *fates in db.session.execute(lines):
        of_order = counts.setdefault(order_id, (Counter(), Counter(), Counter()))
        for counter, number in zip(of_order, fates, strict=True):
            counter[item_id] += number
    return {order_id: (+kept, +picked, +left) for order_id, (kept, picked, left) in counts.items()}


def expected(promise: Promise) -> tuple[Any, ...]:
    """The row of `orders` that `promise` should have."""
    return (
        promise.state,
        promise.roll_no,
        promise.due_fen,
        promise.paid_fen,
        promise.refunded_fen,
        promise.version,
        promise.point_id,
    )


def deals() -> dict[int, tuple[Any, ...]]:
    """Deal id -> state and closing time, of all that are not drafts."""
    found = sa.select(Deal.id, Deal.state, Deal.closes_at).where(Deal.state != "draft")
    return {row[0]: tuple(row[1:]) for row in db.session.execute(found)}


def money_in_and_out() -> tuple[int, int]:
    """Fen that came in with payments, and fen that go or went back."""
    paid = sa.select(sa.func.sum(Payment.amount_fen)).where(Payment.state == "confirmed")
    back = sa.select(sa.func.sum(Refund.amount_fen))
    return int(db.session.scalar(paid) or 0), int(db.session.scalar(back) or 0)


def in_suspense() -> int:
    """Fen that came in and fit nothing."""
    return -ledger.balance_fen("suspense")


def refunds_online() -> tuple[dict[str, int], dict[str, int]]:
    """Number -> fen of all refunds by the bank, and of those that we say have arrived."""
    online = sa.select(Refund.out_refund_no, Refund.amount_fen, Refund.state)
    online = online.join(Refund.payment).where(Payment.way == "wechat", ~Refund.by_hand)
    found = db.session.execute(online).all()
    arrived = {number: fen for number, fen, state in found if state == "succeeded"}
    return {number: fen for number, fen, _state in found}, arrived


def refunds_under_way() -> bool:
    """Whether the bank still has something to give back."""
    asked_for, arrived = refunds_online()
    return asked_for != arrived


def commission_on_hold() -> int:
    """Fen that leaders have earned and do not own yet."""
    held = sa.select(sa.func.sum(LedgerEntry.fen)).where(LedgerEntry.account == "commission_held")
    return -int(db.session.scalar(held) or 0)


def commission_of_unfinished_orders() -> int:
    """Fen earned on orders of which something is still to be collected."""
    earned = sa.select(sa.func.sum(OrderLine.commission_fen)).join(Order)
    return int(db.session.scalar(earned.where(Order.state == "confirmed")) or 0)


def settled_deals() -> set[int]:
    """Ids of the deals whose sheets are closed."""
    return set(db.session.scalars(sa.select(Settlement.deal_id)))


def deals_in_the_books() -> set[int]:
    """Ids of the deals about which anything was booked."""
    return {deal_id for deal_id in db.session.scalars(sa.select(LedgerTxn.deal_id)) if deal_id}


def deals_with_refunds_under_way() -> set[int]:
    """Ids of the deals of which money has not arrived yet."""
    waiting = sa.select(Order.deal_id).join(Refund, Refund.order_id == Order.id)
    return set(db.session.scalars(waiting.where(Refund.state != "succeeded")))


def lines_wanting(deal_id: int) -> dict[int, list[Line]]:
    """Item id -> the lines of confirmed orders that still want some of it, in order of payment."""
    wanting: dict[int, list[Line]] = defaultdict(list)
    for line in _lines(Order.deal_id == deal_id, pieces=OrderLine.kept_pieces):
        wanting[line.item_id].append(line)
    return wanting


def open_lines(bag: Bag) -> list[Line]:
    """What can still be handed over of `bag`."""
    mine = (Order.member_id == bag.member_id, Order.point_id == bag.point_id)
    of_deal = Order.deal_id == bag.bargain.id
    return list(_lines(of_deal, *mine, pieces=OrderLine.open_pieces))


def _lines(*conditions: Any, pieces: Any) -> Iterator[Line]:
    found = (
        sa.select(OrderLine.id, OrderLine.order_id, OrderLine.item_id, pieces)
        .join(Order)
        .where(Order.state == "confirmed", pieces > 0, *conditions)
        .order_by(Order.roll_no, OrderLine.id)
    )
    return (Line(*row) for row in db.session.execute(found))


def kept_now(lines: list[Line]) -> list[int]:
    """Pieces that each of `lines` keeps."""
    kept = sa.select(OrderLine.id, OrderLine.kept_pieces)
    found = {row[0]: row[1] for row in db.session.execute(kept)}
    return [found[line.id] for line in lines]


def bags() -> list[tuple[int, int, int, int]]:
    """Id, deal, member and point of every bag."""
    found = sa.select(Pickup.id, Pickup.deal_id, Pickup.member_id, Pickup.point_id)
    return [
        (row[0], row[1], row[2], row[3]) for row in db.session.execute(found.order_by(Pickup.id))
    ]
