"""Changing and cancelling while the window is open, and what expires by itself.

Fewer pieces of a paid order: the difference goes back. More pieces of a paid order become an
order of their own, with its own payment, so that no order is ever half paid; the household's
orders are shown and packed as one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core.db import rowcount
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import label
from groupbuy.deals import stock
from groupbuy.deals.models import Deal
from groupbuy.deals.window import lock_for_buying
from groupbuy.extensions import db
from groupbuy.notices.owing import owe
from groupbuy.orders import limits, placing, roll
from groupbuy.orders.form import OrderForm, cleaned
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.moving import move, record
from groupbuy.payments import attempts, refunds


class ChangedMeanwhile(RuleBroken):
    """Somebody changed the order after the form was shown."""

    message = _l("This order was changed meanwhile. Please look at it again.")


def change_order(
    order: Order, form: OrderForm, *, version: int, now: datetime, actor_id: int | None
) -> Order | None:
    """Make `order` what `form` says; item ids that are missing are taken off.

    `version` is that of the order the person saw. Returns the additional order that holds what
    was added to a paid order, else None. The form's `expected_fen` is what all of it would cost.
    Raises DealClosed, ChangedMeanwhile, PriceChanged, SoldOut, LimitReached, DealLimitReached,
    WrongState or BadInput.
    """
    if not any(form.quantities.values()):
        raise BadInput("quantities", _l("To take everything off, cancel the order."))
    form = cleaned(form)
    now = lock_for_buying(order.deal, now)
    limits.lock_person(order.member)
    _claim(order, version)
    placing.check_point(order.deal, form.point_id)
    less, more = _difference(_kept(order), form.quantities)
    given_up = _given_up(order, less)
    _check_price(order, form, given_up, more)
    if order.deal.pay_at_pickup:
        roll.lock(order.deal)  # what is added to a placed order gets a number of its own
    stock.lock_items([*less, *more])
    _take_over(order, form)
    _take_off(order, given_up, now=now)
    detail = {"less": _by_id(less), "more": _by_id(more)}
    record(order, "changed", from_state=order.state, now=now, actor_id=actor_id, detail=detail)
    db.session.flush()
    if more and order.state != "pending":
        added = _form_of_what_is_added(order, form, more)
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


def _given_up(order: Order, less: Mapping[int, int]) -> list[tuple[OrderLine, int]]:
    """From which lines `less` is taken: the last ones of each item first."""
    given_up: list[tuple[OrderLine, int]] = []
    for item_id, pieces in less.items():
        left = pieces
        for line in reversed(order.lines):
            part = min(left, line.kept_pieces) if line.item_id == item_id else 0
            if part:
                given_up.append((line, part))
                left -= part
    return given_up


def _check_price(
    order: Order,
    form: OrderForm,
    given_up: Sequence[tuple[OrderLine, int]],
    more: Mapping[int, int],
) -> None:
    """Raises PriceChanged if the person was shown another sum for what the order becomes."""
    if form.expected_fen is not None:
        added = placing.wanted_items(order.deal, more) if more else {}
        due_fen = order.due_fen - _cost(given_up) + placing.cost_of(added, more)
        placing.check_price(form, due_fen)


def _take_over(order: Order, form: OrderForm) -> None:
    """Set what can change without a piece moving; contact and answers only where given."""
    order.point_id, order.note = form.point_id, form.note
    order.contact = order.contact if form.contact is None else form.contact
    order.answers = order.answers if form.answers is None else form.answers
    for line in order.lines:
        for column, value in form.for_line(line.item_id).items():
            setattr(line, column, value)


def _take_off(order: Order, given_up: Sequence[tuple[OrderLine, int]], *, now: datetime) -> None:
    """Cancel pieces of lines, and give back what was paid for them."""
    if not given_up:
        return
    for line, part in given_up:
        line.cancelled_pieces += part
    order.due_fen -= _cost(given_up)
    db.session.flush()
    key = f"v{order.version}"
    stock.release(given_up, key, now=now)
    refunds.settle(order, why="changed", key=key, now=now)
    if order.state == "pending" and not order.due_fen:  # nothing to pay online: the leader says yes
        order.way, order.pay_by = "cash", placing.pay_by("cash", order.deal, order.placed_at)


def _put_on(order: Order, more: Mapping[int, int], form: OrderForm, *, now: datetime) -> None:
    """Add pieces to an order that is not paid yet, at today's prices, on lines of their own."""
    if more:
        items = placing.wanted_items(order.deal, more)
        placing.check_desk(order.deal, items)
        limits.check_limits(order.member, order.deal, items, more)
        lines = placing.add_lines(order, more, items, form, after=len(order.lines))
        db.session.expire(order, ["lines"])
        order.due_fen += placing.cost_of(items, more)
        db.session.flush()
        stock.reserve(lines, f"v{order.version}", now=now)
        refunds.settle(order, why="changed", key=f"v{order.version}", now=now)


def _form_of_what_is_added(order: Order, form: OrderForm, more: Mapping[int, int]) -> OrderForm:
    """The form of the order that holds what was added to a paid one; its price was checked."""
    return replace(
        form,
        quantities=more,
        key=f"{form.key}:more",
        contact=order.contact,
        answers=order.answers,
        expected_fen=None,
    )


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


def _difference(
    has: Mapping[int, int], wanted: Mapping[int, int]
) -> tuple[dict[int, int], dict[int, int]]:
    """How many pieces of which items are less, and how many are more, than what the order has."""
    less = {item: n - wanted.get(item, 0) for item, n in has.items()}
    more = {item: n - has.get(item, 0) for item, n in wanted.items()}
    return _positive(less), _positive(more)


def _cost(pieces: Sequence[tuple[OrderLine, int]]) -> int:
    return sum(line.price_fen * part for line, part in pieces)


def _positive(pieces: Mapping[int, int]) -> dict[int, int]:
    return {item_id: n for item_id, n in pieces.items() if n > 0}


def _by_id(pieces: Mapping[int, int]) -> dict[str, int]:
    return {str(item_id): n for item_id, n in pieces.items()}  # JSON keys are text
