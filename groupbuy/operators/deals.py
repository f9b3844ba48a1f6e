"""All deals, to read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, render_template
from sqlalchemy.orm import joinedload, selectinload

from groupbuy import listing, settlement_page
from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import sum_of
from groupbuy.deals.board import is_slug
from groupbuy.deals.models import DEAL_STATES, Deal
from groupbuy.extensions import db
from groupbuy.operators import rows
from groupbuy.orders.models import LIVE_STATES, Order
from groupbuy.purchasing.models import PurchaseList

bp = Blueprint("op_deals", __name__, url_prefix="/operator/deals")


@bp.get("")
@policy("operator")
def index() -> str:
    """By title or the end of the link, by state, by leader."""
    wanted, state = listing.asked("q"), listing.asked_one_of("state", DEAL_STATES)
    leader_id = listing.asked_id("leader")
    found = sa.select(Deal).options(joinedload(Deal.leader))
    if wanted:
        titled = Deal.title.contains(wanted, autoescape=True)
        found = found.where(sa.or_(titled, Deal.slug == wanted))
    if state:
        found = found.where(Deal.state == state)
    if leader_id is not None:
        found = found.where(Deal.leader_id == leader_id)
    deals = listing.newest_first(found, Deal.id)
    return render_template(
        "operators/deals.html",
        found=deals,
        sums=_sums([deal.id for deal in deals.rows]),
        wanted=wanted,
        state=state,
        states=DEAL_STATES,
        leader_id=leader_id,
        leaders=rows.leader_choices(),
        now=clock.now(),
    )


@bp.get("/<slug>")
@policy("operator")
def show(slug: str) -> str:
    """One deal: its window, items, money and lists."""
    if not is_slug(slug):
        abort(404)
    one = sa.select(Deal).where(Deal.slug == slug)
    whole = one.options(
        joinedload(Deal.leader), selectinload(Deal.items), selectinload(Deal.points)
    )
    deal = db.session.scalars(whole).one_or_none() or abort(404)
    lists = sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
    return render_template(
        "operators/deal.html",
        deal=deal,
        sums=_sums([deal.id]).get(deal.id),
        states=_states(deal),
        has_sheet=settlement_page.has_sheet(deal),
        lists=db.session.scalars(lists.order_by(PurchaseList.id)).all(),
        now=clock.now(),
    )


def _sums(deal_ids: list[int]) -> dict[int, Any]:
    """Deal id -> (its id, orders, due_fen, kept_fen) of what is alive in it."""
    live = (
        sa.select(
            Order.deal_id,
            sa.func.count().label("orders"),
            sum_of(Order.due_fen).label("due_fen"),
            sum_of(Order.paid_fen - Order.refunded_fen).label("kept_fen"),
        )
        .where(Order.deal_id.in_(deal_ids), Order.state.in_(LIVE_STATES))
        .group_by(Order.deal_id)
    )
    return {row.deal_id: row for row in db.session.execute(live)}


def _states(deal: Deal) -> list[tuple[str, int]]:
    counting = sa.select(Order.state, sa.func.count()).where(Order.deal_id == deal.id)
    return [(row[0], row[1]) for row in db.session.execute(counting.group_by(Order.state))]
