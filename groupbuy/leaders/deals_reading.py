"""A leader's deals as a list: states, how far each has come, how many there are of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import url_for

from groupbuy.accounts.models import Leader
from groupbuy.core.db import AnySelect, sum_of
from groupbuy.deals.board import COUNTED_STATES, Progress
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine

PAGE = 50
PHASES = ("draft", "upcoming", "open", "closing", "closed", "arrived", "failed", "cancelled")


class Row(NamedTuple):
    """One deal; `waiting` are its orders that nobody has vouched for."""

    deal: Deal
    phase: str
    progress: Progress
    waiting: int

    @property
    def reached(self) -> int:
        """Persons, pieces or fen towards the minimum."""
        return self.progress.towards(self.deal.minimum_kind)


class Listing(NamedTuple):
    """One page of deals, and where the others are."""

    rows: list[Row]
    page: int
    pages: int
    total: int
    asked: dict[str, Any]

    def address(self, page: int) -> str:
        """The same list at another page."""
        return url_for("lead_deals.index", **self.asked, page=page)


def counts(leader: Leader, words: str, now: datetime) -> dict[str, int]:
    """Phase -> how many deals whose title holds `words` are in it."""
    # From a subquery: PostgreSQL takes the same expression with the same time twice for two.
    phases = _own(leader, words, _phase(now).label("phase")).subquery()
    return _counts(sa.select(phases.c.phase, sa.func.count()).group_by(phases.c.phase))


def listing(leader: Leader, phase: str, words: str, page: int, now: datetime) -> Listing:
    """The deals in `phase` ("" for all), drafts first, then the latest closing."""
    wanted = _own(leader, words, Deal)
    if phase:
        wanted = wanted.where(_phase(now) == phase)
    total = db.session.scalar(sa.select(sa.func.count()).select_from(wanted.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(page, pages)
    latest = (Deal.state != "draft", sa.func.coalesce(Deal.closes_at, Deal.created_at).desc())
    in_order = wanted.order_by(*latest, Deal.id.desc()).limit(PAGE).offset((page - 1) * PAGE)
    deals = db.session.scalars(in_order).all()
    asked = {name: value for name, value in (("state", phase), ("find", words)) if value}
    return Listing(_rows(deals, now), page, pages, total, asked)


def _own(leader: Leader, words: str, *columns: Any) -> AnySelect:
    own = sa.select(*columns).where(Deal.leader_id == leader.id)
    for word in words.split()[:5]:
        own = own.where(Deal.title.icontains(word, autoescape=True))
    return own


def _phase(now: datetime) -> sa.ColumnElement[str]:
    """`Deal.phase` in SQL. The words are part of the statement, so that it can be grouped by."""
    at = sa.literal(now, Deal.__table__.c.closes_at.type)
    names = {name: sa.literal_column(f"'{name}'", sa.String) for name in ("upcoming", "closing")}
    is_open = Deal.state == "open"
    return sa.case(
        (sa.and_(is_open, Deal.opens_at > at), names["upcoming"]),
        (sa.and_(is_open, Deal.closes_at <= at), names["closing"]),
        else_=sa.cast(Deal.state, sa.String),
    )


def _rows(deals: Sequence[Deal], now: datetime) -> list[Row]:
    ids = [deal.id for deal in deals]
    progress, waiting = _progress(ids), _waiting(ids)
    nothing = Progress(0, 0, 0, 0)
    return [
        Row(deal, deal.phase(now), progress.get(deal.id, nothing), waiting.get(deal.id, 0))
        for deal in deals
    ]


def _progress(deal_ids: Sequence[int]) -> Mapping[int, Progress]:
    """`board.progress` of many deals with two statements."""
    counted = (Order.deal_id.in_(deal_ids), Order.state.in_(COUNTED_STATES))
    people = sa.func.count(Order.member_id.distinct())
    sums = (Order.deal_id, sa.func.count(), people, sum_of(Order.due_fen))
    orders = db.session.execute(sa.select(*sums).where(*counted).group_by(Order.deal_id)).all()
    kept = sa.select(Order.deal_id, sum_of(OrderLine.kept_pieces)).join(OrderLine.order)
    pieces = _counts(kept.where(*counted).group_by(Order.deal_id))
    return {
        deal_id: Progress(count, persons, pieces.get(deal_id, 0), fen)
        for deal_id, count, persons, fen in orders
    }


def _waiting(deal_ids: Sequence[int]) -> Mapping[int, int]:
    pending = sa.select(Order.deal_id, sa.func.count()).where(
        Order.deal_id.in_(deal_ids), Order.state == "pending"
    )
    return _counts(pending.group_by(Order.deal_id))


def _counts(pairs: AnySelect) -> dict[Any, int]:
    """What the two columns of `pairs` say, as a map."""
    return {row[0]: row[1] for row in db.session.execute(pairs)}
