"""Changing and cancelling while the window is open, and what expires by itself.

Fewer pieces of a paid order: the difference goes back. More pieces of a paid order become an
order of their own, with its own payment, so that no order is ever half paid; the household's
orders are shown and packed as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core.db import rowcount
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import clean, label
from groupbuy.deals import stock
from groupbuy.deals.models import Deal
from groupbuy.deals.window import lock_for_buying
from groupbuy.extensions import db
from groupbuy.notices.owing import owe
from groupbuy.orders import placing, roll
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.moving import move, record
from groupbuy.payments import attempts, refunds


class ChangedMeanwhile(RuleBroken):
    """Somebody changed the order after the form was shown."""

    message = _l("This order was changed meanwhile. Please look at it again.")


def change_order(
    order: Order, form: placing.OrderForm, *, version: int, now: datetime, actor_id: int | None
) -> Order | None:
    """Make `order` what `form` says; item ids that are missing are taken off.

    `version` is that of the order the person saw. Returns the additional order that holds what
    was added to a paid order, else None. Raises DealClosed, ChangedMeanwhile, SoldOut,
    LimitReached, WrongState or BadInput.
    """
    if not any(form.quantities.values()):
        raise BadInput("quantities", _l("To take everything off, cancel the order."))
    placing.check_form(form)
    now = lock_for_buying(order.deal, now)
    placing.lock_member(order.member)
    _claim(order, version)
    placing.check_point(order.deal, form.point_id)
    has = _kept(order)
    less = {item: n - form.quantities.get(item, 0) for item, n in has.items()}
    more = {item: n - has.get(item, 0) for item, n in form.quantities.items()}
    less, more = _positive(less), _positive(more)
    if order.deal.pay_at_pickup:
        roll.lock(order.deal)  # what is added to a placed order gets a number of its own
    stock.lock_items([*less, *more])
    order.point_id, order.note = form.point_id, clean(form.note)
    for line in order.lines:
        line.if_short = form.if_short.get(line.item_id, line.if_short)
    _take_off(order, less, now=now)
    detail = {"less": _by_id(less), "more": _by_id(more)}
    record(order, "changed", from_state=order.state, now=now, actor_id=actor_id, detail=detail)
    db.session.flush()
    if more and order.state != "pending":
        key = f"{form.key}:more"
        added = placing.OrderForm(more, form.point_id, key, form.note, form.if_short)
        return placing.place_order(order.member, order.deal, added, now=now, actor_id=actor_id)
    _put_on(order, more, form, now=now)
    return None


def cancel_order(order: Order, *, now: datetime, actor_id: int | None, why: str = "") -> int:
    """Cancel a pending or placed order while the window is open; returns the fen that go back.

    Raises DealClosed or WrongState.
    """
    now = lock_for_buying(order.deal, now)
    db.session.refresh(order)
    move(order, "cancelled", "cancelled", now=now, actor_id=actor_id, why=label(why, 300))
    return _let_go(order, "cancelled", now=now)


def expire_order(order: Order, *, now: datetime) -> None:
    """Let go of an order that was not paid by `pay_by`. Raises DealClosed or WrongState."""
    lock_for_buying(order.deal, now)
    db.session.refresh(order)
    if order.pay_by is None or order.pay_by > now:
        raise ChangedMeanwhile
    move(order, "expired", "expired", now=now)
    _let_go(order, "expired", now=now)
    owe("expired", str(order.id), now=now, **placing.about(order))


def unpaid_past_due(now: datetime) -> list[int]:
    """Ids of the orders that `expire_order` is for, however old."""
    due = (
        sa.select(Order.id)
        .join(Deal)
        .where(Order.state == "pending", Order.pay_by <= now)
        .where(Deal.state == "open", Deal.closes_at > now)  # after that the closing decides
        .order_by(Order.pay_by)
    )
    return list(db.session.scalars(due))


def _claim(order: Order, version: int) -> None:
    """Take the next version of the order, or raise: of two forms on one version, one wins."""
    claimed = (
        sa.update(Order)
        .where(Order.id == order.id, Order.version == version)
        .where(Order.state.in_(("pending", "placed")))
        .values(version=version + 1)
    )
    if rowcount(claimed) == 0:
        raise ChangedMeanwhile
    db.session.refresh(order)


def _kept(order: Order) -> dict[int, int]:
    kept: dict[int, int] = {}
    for line in order.lines:
        kept[line.item_id] = kept.get(line.item_id, 0) + line.kept_pieces
    return kept


def _take_off(order: Order, less: Mapping[int, int], *, now: datetime) -> None:
    """Cancel pieces from the last lines of each item on, and give back what was paid for them."""
    given_up: list[tuple[OrderLine, int]] = []
    for item_id, pieces in less.items():
        left = pieces
        for line in reversed(order.lines):
            part = min(left, line.kept_pieces) if line.item_id == item_id else 0
            if part:
                line.cancelled_pieces += part
                given_up.append((line, part))
                left -= part
    if not given_up:
        return
    order.due_fen -= sum(line.price_fen * part for line, part in given_up)
    db.session.flush()
    key = f"v{order.version}"
    stock.release(given_up, key, now=now)
    refunds.settle(order, why="changed", key=key, now=now)


def _put_on(
    order: Order, more: Mapping[int, int], form: placing.OrderForm, *, now: datetime
) -> None:
    """Add pieces to an order that is not paid yet, at today's prices, on lines of their own."""
    if more:
        items = placing.wanted_items(order.deal, more)
        placing.check_limits(order.member, order.deal, items, more)
        lines = placing.new_lines(order.deal, more, items, form.if_short, after=len(order.lines))
        order.lines.extend(lines)
        order.due_fen += sum(line.quantity * line.price_fen for line in lines)
        db.session.flush()
        stock.reserve([(line, line.quantity) for line in lines], f"v{order.version}", now=now)
        refunds.settle(order, why="changed", key=f"v{order.version}", now=now)


def _let_go(order: Order, key: str, *, now: datetime) -> int:
    # Afresh, now that the order is locked: the caller may have seen it before another change.
    lines = sa.select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.position)
    afresh = db.session.scalars(lines.execution_options(populate_existing=True))
    held = [(line, line.kept_pieces) for line in afresh if line.kept_pieces]
    for line, pieces in held:
        line.cancelled_pieces += pieces
    order.due_fen = 0
    db.session.flush()
    attempts.void_begun(sa.select(Order.id).where(Order.id == order.id))
    fen = refunds.settle(order, why=key, key=key, now=now)
    if held:
        stock.release(held, key, now=now)
    return fen


def _positive(pieces: Mapping[int, int]) -> dict[int, int]:
    return {item_id: n for item_id, n in pieces.items() if n > 0}


def _by_id(pieces: Mapping[int, int]) -> dict[str, int]:
    return {str(item_id): n for item_id, n in pieces.items()}  # JSON keys are text
