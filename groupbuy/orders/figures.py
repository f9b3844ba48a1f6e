"""The numbers of a deal side by side: pieces ordered, promised, brought and missing; money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from groupbuy.core.db import AnySelect, sum_of
from groupbuy.deals.board import COUNTED_STATES
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import LIVE_STATES, Order, OrderLine
from groupbuy.payments.models import Refund
from groupbuy.pickup.models import Arrival, ArrivalLine, Pickup
from groupbuy.purchasing.models import (
    PurchaseLine,
    PurchaseList,
    PurchaseRevision,
    SupplierAnswer,
    SupplierAnswerLine,
)


class Figures(NamedTuple):
    """Counts and fen of a deal; all but `to_vouch` are of orders that are vouched for.

    `received_fen` is what was paid, `owed_fen` what those orders still owe, `back_fen` what goes
    or went back, `to_give_fen` the part of it that nobody has given back yet, to `to_give` people.
    """

    orders: int
    households: int
    pieces: int
    kinds: int
    received_fen: int
    owed_fen: int
    back_fen: int
    to_vouch: int
    to_vouch_fen: int
    to_give: int
    to_give_fen: int
    bags: int
    collected: int


class ItemFigures(NamedTuple):
    """An item's pieces: ordered, promised by its supplier, fit to hand out, not come.

    `confirmed` and `received` are None until somebody said so.
    """

    item: DealItem
    ordered: int
    confirmed: int | None
    received: int | None
    short: int


class Milestones(NamedTuple):
    """When the first of each happened, None for not yet."""

    listed_at: datetime | None
    answered_at: datetime | None
    counted_at: datetime | None
    shared_out_at: datetime | None


def figures(deal: Deal) -> Figures:
    """In three statements, however many orders there are."""
    rows = (_orders(deal), _goods(deal), _still_to_do(deal))
    (orders, households, *money), goods, rest = (db.session.execute(row).one() for row in rows)
    return Figures(*(int(number) for number in (orders, households, *goods, *money, *rest)))


def _orders(deal: Deal) -> AnySelect:
    counted, pending = Order.state.in_(COUNTED_STATES), Order.state == "pending"
    kept = Order.paid_fen - Order.refunded_fen
    owes = sa.and_(counted, Order.due_fen > kept)
    return sa.select(
        sum_of(sa.case((counted, 1), else_=0)),
        sa.func.count(sa.case((counted, Order.member_id)).distinct()),
        sum_of(Order.paid_fen),
        sum_of(sa.case((owes, Order.due_fen - kept), else_=0)),
        sum_of(Order.refunded_fen),
        sum_of(sa.case((pending, 1), else_=0)),
        sum_of(sa.case((pending, Order.due_fen), else_=0)),
    ).where(Order.deal_id == deal.id)


def _goods(deal: Deal) -> AnySelect:
    pieces, kinds = sum_of(OrderLine.kept_pieces), sa.func.count(OrderLine.item_id.distinct())
    counted = (Order.deal_id == deal.id, Order.state.in_(COUNTED_STATES))
    lines = sa.select(pieces, kinds).join(OrderLine.order)
    return lines.where(*counted, OrderLine.kept_pieces > 0)


def _still_to_do(deal: Deal) -> AnySelect:
    back = sa.select(sa.func.count(Order.member_id.distinct()))
    back = back.select_from(Refund).join(Order, Order.id == Refund.order_id)
    back = back.where(Order.deal_id == deal.id, Refund.state != "succeeded")
    bags = sa.select(sa.func.count(Pickup.id)).where(
        Pickup.deal_id == deal.id, Pickup.state != "void"
    )
    parts = (
        back,
        back.with_only_columns(sum_of(Refund.amount_fen), maintain_column_froms=True),
        bags,
        bags.where(Pickup.state == "collected"),
    )
    return sa.select(*(part.scalar_subquery() for part in parts))


def item_figures(deal: Deal) -> Sequence[ItemFigures]:
    """Every item of `deal`, in its order, in one statement."""
    live = sa.and_(OrderLine.item_id == DealItem.id, OrderLine.deal_id == deal.id)
    ordered, short = (
        sa.select(sum_of(pieces)).join(OrderLine.order).where(live, Order.state.in_(LIVE_STATES))
        for pieces in (OrderLine.quantity - OrderLine.cancelled_pieces, OrderLine.short_pieces)
    )
    columns = (ordered, _promised(), _brought(), short)
    rows = db.session.execute(
        sa.select(DealItem, *(c.correlate(DealItem).scalar_subquery() for c in columns))
        .where(DealItem.deal_id == deal.id)
        .order_by(DealItem.position)
    )
    return [ItemFigures(*row) for row in rows]


def milestones(deal: Deal) -> Milestones:
    """What happened to the goods of `deal`, in one statement."""
    lists = PurchaseList.deal_id == deal.id
    listed = sa.select(sa.func.min(PurchaseRevision.issued_at)).join(PurchaseRevision.purchase_list)
    answered = sa.select(sa.func.min(SupplierAnswer.at)).join(SupplierAnswer.revision)
    arrivals = sa.select(sa.func.min(Arrival.counted_at)).join(Arrival.purchase_list)
    shared = sa.select(sa.func.max(Arrival.shared_out_at)).join(Arrival.purchase_list)
    parts = (
        listed.where(lists),
        answered.join(PurchaseRevision.purchase_list).where(lists),
        arrivals.where(lists),
        shared.where(lists),
    )
    asked: AnySelect = sa.select(*(part.scalar_subquery() for part in parts))
    return Milestones(*db.session.execute(asked).one())


def _current() -> AnySelect:
    """Ids of the line that counts now for the item of the row: of the list's last revision."""
    return (
        sa.select(PurchaseLine.id)
        .join(PurchaseLine.revision)
        .join(PurchaseRevision.purchase_list)
        .where(PurchaseLine.item_id == DealItem.id)
        .where(PurchaseRevision.revision == PurchaseList.current_revision)
    )


def _promised() -> AnySelect:
    """Pieces that the last answer to the current revision promises."""
    later = aliased(SupplierAnswer)
    newer = sa.exists().where(
        later.revision_id == SupplierAnswer.revision_id, later.id > SupplierAnswer.id
    )
    return (
        sa.select(SupplierAnswerLine.pieces)
        .join(SupplierAnswer, SupplierAnswer.id == SupplierAnswerLine.answer_id)
        .where(SupplierAnswerLine.line_id.in_(_current().correlate(DealItem)), ~newer)
        .limit(1)
    )


def _brought() -> AnySelect:
    """Pieces that were counted in and can be handed out."""
    usable = sa.func.sum(ArrivalLine.received - ArrivalLine.damaged)
    line = PurchaseLine.item_id == DealItem.id
    return sa.select(sa.cast(usable, sa.BigInteger)).join(ArrivalLine.purchase_line).where(line)
