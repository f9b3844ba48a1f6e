"""All orders, to read: found by number, by the phone of who ordered, by leader."""

from __future__ import annotations

import re

import sqlalchemy as sa
from flask import Blueprint, abort, render_template
from flask_login import current_user
from sqlalchemy.orm import joinedload, selectinload

from groupbuy import listing
from groupbuy.access import policy
from groupbuy.accounts.models import Member
from groupbuy.core import action_log, clock, crypto
from groupbuy.core.db import transaction
from groupbuy.core.text import parse_phone
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.operators import rows
from groupbuy.orders.models import ORDER_STATES, Order, OrderLine
from groupbuy.orders.timeline import timeline

bp = Blueprint("op_orders", __name__, url_prefix="/operator/orders")
_NUMBER = re.compile("[0-9A-Za-z-]{1,40}")
_WITH = (joinedload(Order.deal).joinedload(Deal.leader), joinedload(Order.member))


@bp.get("")
@policy("operator")
def index() -> str:
    """The newest first."""
    wanted, state = listing.asked("q"), listing.asked_one_of("state", ORDER_STATES)
    leader_id = listing.asked_id("leader")
    found = sa.select(Order).options(*_WITH)
    if wanted:
        found = found.where(_is_called(wanted))
    if state:
        found = found.where(Order.state == state)
    if leader_id is not None:
        found = found.where(Order.leader_id == leader_id)
    return render_template(
        "operators/orders.html",
        found=listing.newest_first(found, Order.id),
        wanted=wanted,
        state=state,
        states=ORDER_STATES,
        leader_id=leader_id,
        leaders=rows.leader_choices(),
        now=clock.now(),
    )


@bp.get("/<number>")
@policy("operator")
def show(number: str) -> str:
    """One order, its lines and its story."""
    return _page(order_or_404(number))


@bp.post("/<number>/contact")
@policy("operator")
def reveal(number: str) -> str:
    """Show name, number and door once, and note who looked."""
    order = order_or_404(number)
    with transaction():
        by = {"actor_id": current_user.id, "leader_id": order.leader_id, "now": clock.now()}
        action_log.note("contact_revealed", f"order:{order.id}", **by)
    return _page(order, contact=order.contact or _as_member(order.member))


def _is_called(wanted: str) -> sa.ColumnElement[bool]:
    try:
        digest = crypto.lookup_hash(parse_phone(wanted))
    except ValueError:
        return Order.number == wanted.upper()
    by_phone = sa.select(Member.id).where(Member.phone_hash == digest)
    return Order.member_id.in_(by_phone)


def _as_member(member: Member) -> dict[str, str]:
    return {"name": member.name, "phone": member.phone or ""}


def order_or_404(number: str) -> Order:
    """Anybody's order with this number."""
    if not _NUMBER.fullmatch(number):
        abort(404)
    whole = (*_WITH, joinedload(Order.point), selectinload(Order.lines).joinedload(OrderLine.item))
    one = sa.select(Order).where(Order.number == number).options(*whole)
    found: Order | None = db.session.scalars(one).one_or_none()
    return found or abort(404)


def _page(order: Order, contact: dict[str, str] | None = None) -> str:
    return render_template(
        "operators/order.html",
        order=order,
        contact=contact,
        steps=timeline(order),
        now=clock.now(),
    )
