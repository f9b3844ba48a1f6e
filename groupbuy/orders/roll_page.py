"""Reading the roll (接龙), as neighbours see it: numbers and masked names, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from groupbuy.accounts.models import Member
from groupbuy.core.text import mask_name
from groupbuy.deals.board import COUNTED_STATES
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine

PAGE_SIZE = 50


@dataclass
class RollEntry:
    """One numbered order: who (masked), when, and (item name, pieces) of what they still get."""

    roll_no: int
    name: str
    at: datetime
    goods: list[tuple[str, int]] = field(default_factory=list)

    @property
    def words(self) -> str:
        """“土鸡蛋 1、上海青 2”."""
        return _(", ").join(f"{name} {pieces}" for name, pieces in self.goods)


def page_count(entries: int) -> int:
    """How many pages hold so many entries; an empty roll is one page.

    >>> page_count(0), page_count(50), page_count(51)
    (1, 1, 2)
    """
    return max(1, -(-entries // PAGE_SIZE))


def roll_page(deal: Deal, page: int) -> list[RollEntry]:
    """The entries of `page` (from 1), the newest number first, in one statement."""
    numbered = (
        sa.select(Order.id, Order.roll_no, Order.placed_at, Order.member_id)
        .where(Order.deal_id == deal.id, Order.state.in_(COUNTED_STATES))
        .order_by(Order.roll_no.desc())
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
        .subquery()
    )
    kept = sa.and_(OrderLine.order_id == numbered.c.id, OrderLine.kept_pieces > 0)
    rows = db.session.execute(
        sa.select(
            numbered.c.roll_no,
            Member.name,
            numbered.c.placed_at,
            DealItem.name,
            OrderLine.kept_pieces,
        )
        .join(Member, Member.id == numbered.c.member_id)
        .outerjoin(OrderLine, kept)
        .outerjoin(DealItem, DealItem.id == OrderLine.item_id)
        .order_by(numbered.c.roll_no.desc(), OrderLine.position)
    )
    entries: dict[int, RollEntry] = {}
    for roll_no, name, at, item, pieces in rows:
        entry = entries.setdefault(roll_no, RollEntry(roll_no, mask_name(name), at))
        if item is not None:
            entry.goods.append((item, int(pieces)))
    return list(entries.values())
