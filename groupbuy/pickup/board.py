"""The live board of a deal's pickup: which bags are gone, which stand there, which are to come."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from groupbuy.accounts.models import Member, User
from groupbuy.core.db import sum_of
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.pickup.bags import IN_BAGS
from groupbuy.pickup.models import Handover, Pickup

PAGE_SIZE = 50
# What people look for first stands first: who has not come, then who cannot come yet.
SHELVES = ("ready", "waiting", "uncollected", "collected")


@dataclass
class Row:
    """A bag on the board; `at` and `by` say when and by whom it was handed over."""

    id: int
    state: str
    point_id: int
    name: str
    ending: str
    roll_nos: list[int] = field(default_factory=list)
    pieces: int = 0
    owed_fen: int = 0
    at: datetime | None = None
    by: str = ""


def rows(deal: Deal, *, state: str, point_ids: Set[int] | None, page: int) -> tuple[list[Row], int]:
    """A page of the bags of `deal`, all of them or those in `state`, and how many there are.

    In three statements whatever the deal's size; `point_ids` None: at every point.
    """
    wanted = [Pickup.deal_id == deal.id, Pickup.state != "void"]
    if state in SHELVES:
        wanted.append(Pickup.state == state)
    if point_ids is not None:
        wanted.append(Pickup.point_id.in_(point_ids))
    count = db.session.scalars(sa.select(sa.func.count(Pickup.id)).where(*wanted)).one()
    shelf = sa.case({name: n for n, name in enumerate(SHELVES)}, value=Pickup.state)
    shown = sa.select(Pickup.id).where(*wanted).order_by(shelf, Pickup.id)
    ids = db.session.scalars(shown.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)).all()
    found = _bags(ids)
    for bag_id, at, by in db.session.execute(_given(ids)):
        found[bag_id].at, found[bag_id].by = at, by or ""
    return [found[bag_id] for bag_id in ids], count


def _bags(ids: Sequence[int]) -> dict[int, Row]:
    pieces = sa.select(sum_of(OrderLine.kept_pieces)).where(OrderLine.order_id == Order.id)
    same = (
        Order.deal_id == Pickup.deal_id,
        Order.member_id == Pickup.member_id,
        Order.point_id == Pickup.point_id,
        Order.state.in_(IN_BAGS),
    )
    told = (
        sa.select(
            Pickup.id,
            Pickup.state,
            Pickup.point_id,
            Pickup.ending,
            Member.name,
            Order.roll_no,
            Order.due_fen - Order.paid_fen + Order.refunded_fen,
            pieces.scalar_subquery(),
        )
        .join(Member, Member.id == Pickup.member_id)
        .outerjoin(Order, sa.and_(*same))
        .where(Pickup.id.in_(ids))
        .order_by(Order.roll_no)
    )
    found: dict[int, Row] = {}
    for bag_id, state, point_id, ending, name, roll_no, owed, count in db.session.execute(told):
        row = found.setdefault(bag_id, Row(bag_id, state, point_id, name, ending or ""))
        row.pieces += count or 0
        row.owed_fen += max(0, owed or 0)
        if roll_no:
            row.roll_nos.append(roll_no)
    return found


def _given(ids: Sequence[int]) -> sa.Select[int, datetime, str]:
    """The handovers that count, the last of each bag last."""
    return (
        sa.select(Handover.pickup_id, Handover.at, User.name)
        .outerjoin(User, User.id == Handover.by_id)
        .where(Handover.pickup_id.in_(ids), Handover.undone_at.is_(None))
        .order_by(Handover.id)
    )
