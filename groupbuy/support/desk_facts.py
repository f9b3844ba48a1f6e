"""What stands at a leader's desk right now, counted in few statements however much there is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from groupbuy.accounts.models import Member, PickupPoint
from groupbuy.accounts.staff import Post
from groupbuy.catalog.models import Supplier
from groupbuy.core.clock import local
from groupbuy.core.db import sum_of
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.pickup.models import Arrival, ArrivalLine, DoubleHandover, Pickup
from groupbuy.purchasing.models import (
    PurchaseLine,
    PurchaseList,
    PurchaseRevision,
    SupplierAnswer,
)
from groupbuy.support.models import HelpMessage

_NAMED = 3  # of the uncollected bags of a deal
_COLD = ("frozen", "fresh")


def live_deals(post: Post, now: datetime) -> Sequence[Deal]:
    """Deals with something to be done: open ones, closed ones, and those with bags left."""
    bags_left = sa.exists().where(Pickup.deal_id == Deal.id, Pickup.state == "ready")
    today = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    live = sa.or_(
        sa.and_(Deal.state == "open", Deal.opens_at <= now),
        Deal.state.in_(("closing", "closed")),
        sa.and_(Deal.state == "arrived", sa.or_(bags_left, Deal.pickup_ends_at >= today)),
    )
    mine = sa.select(Deal).where(Deal.leader_id == post.leader.id, live)
    return db.session.scalars(mine.order_by(Deal.closes_at, Deal.id)).all()


class Taken(NamedTuple):
    """The orders of a deal in one state: how many, of how many persons, fen due and fen paid."""

    orders: int = 0
    persons: int = 0
    due_fen: int = 0
    paid_fen: int = 0
    pieces: int = 0

    def towards(self, minimum_kind: str) -> int:
        """What a deal's minimum of this kind counts."""
        counts = {"persons": self.persons, "pieces": self.pieces, "amount": self.due_fen}
        return counts.get(minimum_kind, 0)


def orders_of(deals: Collection[int]) -> dict[tuple[int, str], Taken]:
    """(deal id, "pending" or "placed") -> those orders, in one statement."""
    pieces = (
        sa.select(OrderLine.order_id, sum_of(OrderLine.kept_pieces).label("pieces"))
        .where(OrderLine.deal_id.in_(deals))
        .group_by(OrderLine.order_id)
        .subquery()
    )
    taken = (
        sa.select(
            Order.deal_id,
            Order.state,
            sa.func.count(),
            sa.func.count(Order.member_id.distinct()),
            sum_of(Order.due_fen),
            sum_of(Order.paid_fen - Order.refunded_fen),
            sum_of(pieces.c.pieces),
        )
        .outerjoin(pieces, pieces.c.order_id == Order.id)
        .where(Order.deal_id.in_(deals), Order.state.in_(("pending", "placed")))
        .group_by(Order.deal_id, Order.state)
    )
    return {(row[0], row[1]): Taken(*row[2:]) for row in db.session.execute(taken)}


def lists_of(deals: Collection[int]) -> Sequence[Any]:
    """Lists not shared out: id, deal_id, number, revision, issued_at, supplier, kinds, pieces,
    counted (lines), counted_at, answered."""
    current = PurchaseRevision.list_id == PurchaseList.id
    answered = sa.exists().where(SupplierAnswer.revision_id == PurchaseRevision.id)
    waiting = (
        sa.select(
            PurchaseList.id,
            PurchaseList.deal_id,
            PurchaseList.number,
            PurchaseRevision.revision,
            PurchaseRevision.issued_at,
            Supplier.name.label("supplier"),
            sa.func.count(PurchaseLine.id).label("kinds"),
            sum_of(PurchaseLine.pieces).label("pieces"),
            sa.func.count(ArrivalLine.id).label("counted"),
            sa.func.max(Arrival.counted_at).label("counted_at"),
            answered.label("answered"),
        )
        .join(PurchaseRevision, current)
        .join(PurchaseLine, PurchaseLine.revision_id == PurchaseRevision.id)
        .join(Supplier, Supplier.id == PurchaseList.supplier_id)
        .outerjoin(Arrival, Arrival.list_id == PurchaseList.id)
        .outerjoin(ArrivalLine, ArrivalLine.purchase_line_id == PurchaseLine.id)
        .where(PurchaseRevision.revision == PurchaseList.current_revision)
        .where(PurchaseList.deal_id.in_(deals), PurchaseList.withdrawn_at.is_(None))
        .where(sa.or_(Arrival.id.is_(None), Arrival.state == "counting"))
        .group_by(PurchaseList.id, PurchaseRevision.id, Supplier.name)
        .order_by(PurchaseList.id)
    )
    return db.session.execute(waiting).all()


class Bags(NamedTuple):
    """Bags of a deal at a point that stand there (`ready`) or are to come; some hold cold goods."""

    deal_id: int
    point: str
    bags: int
    ready: int
    cold: int


def bags_of(deals: Collection[int], post: Post) -> list[Bags]:
    """What is still to be handed over, deal by deal and point by point."""
    cold = sa.exists().where(
        Order.deal_id == Pickup.deal_id,
        Order.member_id == Pickup.member_id,
        Order.point_id == Pickup.point_id,
        Order.state == "confirmed",
        OrderLine.order_id == Order.id,
        OrderLine.open_pieces > 0,
        DealItem.id == OrderLine.item_id,
        DealItem.storage_class.in_(_COLD),
    )
    found = (
        sa.select(
            Pickup.deal_id,
            PickupPoint.name,
            sa.func.count(),
            sum_of(sa.case((Pickup.state == "ready", 1), else_=0)),
            sum_of(sa.case((cold, 1), else_=0)),
        )
        .join(PickupPoint, PickupPoint.id == Pickup.point_id)
        .where(Pickup.deal_id.in_(deals), Pickup.state.in_(("waiting", "ready")), *_served(post))
        .group_by(Pickup.deal_id, PickupPoint.id, PickupPoint.name)
        .order_by(PickupPoint.id)
    )
    return [Bags(*row) for row in db.session.execute(found)]


def households_of(deals: Collection[int], post: Post) -> int:
    """How many households these deals' bags belong to: one that ordered twice comes once."""
    found = sa.select(sa.func.count(Pickup.member_id.distinct())).where(
        Pickup.deal_id.in_(deals), Pickup.state.in_(("waiting", "ready")), *_served(post)
    )
    return db.session.scalars(found).one()


class Left(NamedTuple):
    """Bags of a deal that nobody came for, and (roll no., name) of the first of them."""

    bags: int
    first: list[tuple[int, str]]


def left_of(deals: Collection[int], post: Post) -> dict[int, Left]:
    """Deal id -> the bags that stand there although the pickup is over."""
    ready = _numbered(deals, post)
    first = (
        sa.select(ready.c.deal_id, ready.c.bags, ready.c.roll_no, Member.name)
        .join(Member, Member.id == ready.c.member_id)
        .where(ready.c.place <= _NAMED)
        .order_by(ready.c.deal_id, ready.c.roll_no)
    )
    found: dict[int, Left] = {}
    for deal_id, bags, number, name in db.session.execute(first):
        found.setdefault(deal_id, Left(bags, [])).first.append((number or 0, name))
    return found


def _numbered(deals: Collection[int], post: Post) -> sa.Subquery:
    """Each ready bag with its place among those of its deal, and how many there are."""
    roll_no = (
        sa.select(sa.func.min(Order.roll_no))
        .where(Order.deal_id == Pickup.deal_id, Order.member_id == Pickup.member_id)
        .where(Order.point_id == Pickup.point_id)
        .scalar_subquery()
    )
    place = sa.func.row_number().over(partition_by=Pickup.deal_id, order_by=Pickup.id)
    return (
        sa.select(
            Pickup.deal_id,
            Pickup.member_id,
            roll_no.label("roll_no"),
            sa.func.count().over(partition_by=Pickup.deal_id).label("bags"),
            place.label("place"),
        )
        .where(Pickup.deal_id.in_(deals), Pickup.state == "ready", *_served(post))
        .subquery()
    )


def questions_of(post: Post) -> tuple[int, HelpMessage | None]:
    """How many calls for help nobody has answered, and the newest of them."""
    asked = sa.select(HelpMessage, sa.func.count().over()).where(
        HelpMessage.leader_id == post.leader.id, HelpMessage.answered_at.is_(None)
    )
    newest = asked.order_by(HelpMessage.at.desc(), HelpMessage.id.desc()).limit(1)
    row = db.session.execute(newest).first()
    return (row[1], row[0]) if row else (0, None)


def doubles_of(post: Post) -> Sequence[Any]:
    """Per deal (slug, title): open `cases` of bags that a phone without a network gave out twice,
    and when the oldest was reported."""
    cases = (
        sa.select(
            Deal.slug,
            Deal.title,
            sa.func.count().label("cases"),
            sa.func.min(DoubleHandover.reported_at).label("since"),
        )
        .join(Pickup, Pickup.id == DoubleHandover.pickup_id)
        .join(Deal, Deal.id == Pickup.deal_id)
        .where(DoubleHandover.leader_id == post.leader.id, DoubleHandover.closed_at.is_(None))
        .where(*_served(post))
        .group_by(Deal.id)
        .order_by(Deal.id)
    )
    return db.session.execute(cases).all()


def _served(post: Post) -> list[sa.ColumnElement[bool]]:
    """A helper of some points sees the bags of those."""
    return [] if post.point_ids is None else [Pickup.point_id.in_(post.point_ids)]
