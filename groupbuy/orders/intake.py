"""Bringing a deal with its orders over from another tool: everything, once, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader, User
from groupbuy.core.clock import local
from groupbuy.core.crypto import lookup_hash
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import clean_name, label, parse_phone
from groupbuy.core.tokens import dated_number, public_id
from groupbuy.deals import stock
from groupbuy.deals.models import Deal
from groupbuy.deals.window import DealClosed, lock_for_deciding
from groupbuy.extensions import db
from groupbuy.orders.batch import Batch, BroughtOrder
from groupbuy.orders.intake_goods import ids_of, insert_rows, item_ids, member_ids, point_ids
from groupbuy.orders.models import Order, OrderEvent, OrderLine
from groupbuy.payments import ledger
from groupbuy.payments.models import Payment

OWN_SUPPLY = "自采"
MOST_FEN = 1 << 62  # so that every sum fits the 64 bits of both databases

Rows = Iterable[dict[str, Any]]
# Given rows and how many there may be, yields them again: a place for a progress bar.
Watch = Callable[[Rows, int], Rows]


class UnknownLeader(RuleBroken):
    """Nobody who may open deals has this phone number."""

    message = _l("There is no approved leader with the phone number %(phone)s.")
    status = 404


@dataclass(frozen=True)
class ImportForm:
    """The deal to bring orders into: the one of this title and closing time, or a new one.

    `opens_at` None is the time of the first order. New SKUs are bought from `supplier`.
    """

    title: str
    closes_at: datetime
    opens_at: datetime | None = None
    supplier: str = OWN_SUPPLY


def leader_with_phone(phone: str) -> Leader:
    """The approved leader. Raises UnknownLeader."""
    try:
        known_by = lookup_hash(parse_phone(phone))
    except ValueError:
        raise UnknownLeader(phone=label(phone, 40)) from None
    leader = db.session.scalars(
        sa.select(Leader)
        .join(User, User.id == Leader.user_id)
        .where(User.phone_hash == known_by, Leader.state == "approved")
    ).one_or_none()
    if leader is None:
        raise UnknownLeader(phone=label(phone, 40))
    return leader


def checked(form: ImportForm) -> ImportForm:
    """`form` with its texts cleaned. Raises BadInput; a window that is past or long is fine."""
    try:
        title, supplier = clean_name(form.title), clean_name(form.supplier)
    except ValueError:
        message = _l("Title and supplier must be 1 to 100 readable characters.")
        raise BadInput("title", message) from None
    if form.opens_at and form.opens_at >= form.closes_at:
        raise BadInput("closes_at", _l("The closing time must be later than the opening."))
    return ImportForm(title, form.closes_at, form.opens_at, supplier)


def bring_over(
    leader: Leader, form: ImportForm, batch: Batch, *, now: datetime, watch: Watch
) -> Deal:
    """Put what `batch` holds into the deal; orders that it has already are passed over.

    Orders come vouched for, or cancelled. Raises DealClosed when there are new ones for a deal
    that is no longer open, SoldOut when an item's stock does not suffice, or BadInput.
    """
    form = checked(form)
    if batch.totals()["total_fen"] > MOST_FEN:
        raise BadInput("file", _l("The amounts of the file add up to more than can be counted."))
    deal = _deal(leader, form, batch, now)
    known = ids_of(Order.source_ref, batch.orders, Order.deal_id == deal.id)
    new = {ref: order for ref, order in batch.orders.items() if ref not in known}
    if not new:
        return deal
    if deal.state != "open":
        raise DealClosed
    order_ids = _add_orders(deal, [*new.values()], now)
    targets = [order_ids.get(ref, 0) for ref in batch.orders]
    used = {item for order, item, *_ in batch.lines() if targets[order]}
    items = [item for place, item in enumerate(batch.items.values()) if place in used]
    by_code = item_ids(deal, items, form.supplier, now)
    _add_lines(deal, batch, targets, [by_code.get(code, 0) for code in batch.items], now, watch)
    db.session.refresh(deal)
    return deal


def _deal(leader: Leader, form: ImportForm, batch: Batch, now: datetime) -> Deal:
    # One import of a leader after the other, or two of the same file would both find no deal.
    theirs = sa.select(Leader.id).where(Leader.id == leader.id).with_for_update(key_share=True)
    db.session.execute(theirs)
    same = (Deal.title == form.title, Deal.closes_at == form.closes_at)
    found = db.session.scalars(
        sa.select(Deal).where(Deal.leader_id == leader.id, *same).order_by(Deal.id)
    ).first()
    if found:
        lock_for_deciding(found)
        return found
    first = min((order.at for order in batch.orders.values() if order.at), default=form.closes_at)
    day_before = form.closes_at - timedelta(days=1)
    deal = Deal(
        leader_id=leader.id,
        slug=public_id(),
        title=form.title,
        state="open",
        opens_at=form.opens_at or (first if first < form.closes_at else day_before),
        closes_at=form.closes_at,
        created_at=now,
    )
    db.session.add(deal)
    db.session.flush()
    return deal


def _add_orders(deal: Deal, orders: Sequence[BroughtOrder], now: datetime) -> dict[str, int]:
    """Write orders with their events and payments; returns number in the other tool -> id."""
    members, points = member_ids(deal, orders, now), point_ids(deal, orders)
    roll = _roll_numbers(deal, orders)
    rows = (
        {
            "leader_id": deal.leader_id,
            "deal_id": deal.id,
            "member_id": member_id,
            "point_id": point_id,
            "number": dated_number(local(_placed_at(deal, order))),
            "roll_no": roll.get(order.ref),
            "state": _state(order),
            "way": "cash",
            "due_fen": order.due_fen,
            "paid_fen": order.due_fen,
            "source_ref": order.ref,
            "placed_at": _placed_at(deal, order),
        }
        for order, member_id, point_id in zip(orders, members, points, strict=True)
    )
    insert_rows(Order, rows)
    refs = [order.ref for order in orders]
    ids = ids_of(Order.source_ref, refs, Order.deal_id == deal.id)
    insert_rows(OrderEvent, (_event(deal, order, ids[order.ref], now) for order in orders))
    live = [order for order in orders if order.live_lines]
    known = db.session.scalar(sa.select(sa.func.max(Payment.id))) or 0
    insert_rows(Payment, (_payment(deal, order, ids[order.ref]) for order in live))
    its = sa.select(Payment.id).join(Order, Order.id == Payment.order_id)
    ledger.payments_confirmed(its.where(Payment.id > known, Order.deal_id == deal.id))
    deal.last_roll_no += len(live)  # under the deal's exclusive lock, or in a deal still unseen
    db.session.flush()
    return ids


def _roll_numbers(deal: Deal, orders: Sequence[BroughtOrder]) -> dict[str, int]:
    """Numbers for the live orders, on from the deal's last one: by time, then by their number."""
    live = [order for order in orders if order.live_lines]
    live.sort(key=lambda order: (_placed_at(deal, order), _natural(order.ref)))
    return {order.ref: number for number, order in enumerate(live, deal.last_roll_no + 1)}


def _natural(ref: str) -> tuple[bool, int, str]:
    """Sorts 9 before 10, and numbers before texts."""
    is_number = ref.isascii() and ref.isdigit()
    return not is_number, int(ref) if is_number else 0, ref


def _placed_at(deal: Deal, order: BroughtOrder) -> datetime:
    return order.at or deal.opens_at or deal.created_at


def _state(order: BroughtOrder) -> str:
    return "placed" if order.live_lines else "cancelled"


def _event(deal: Deal, order: BroughtOrder, order_id: int, now: datetime) -> dict[str, Any]:
    return {
        "leader_id": deal.leader_id,
        "order_id": order_id,
        "at": now,
        "kind": "imported",
        "to_state": _state(order),
    }


def _payment(deal: Deal, order: BroughtOrder, order_id: int) -> dict[str, Any]:
    at = _placed_at(deal, order)
    return {
        "leader_id": deal.leader_id,
        "order_id": order_id,
        "way": "cash",
        "out_trade_no": f"GB{at:%Y%m%d}{public_id(16)}".upper(),
        "state": "confirmed",
        "amount_fen": order.due_fen,
        "begun_at": at,
        "confirmed_at": at,
    }


def _add_lines(
    deal: Deal,
    batch: Batch,
    order_ids: Sequence[int],
    item_ids: Sequence[int],
    now: datetime,
    watch: Watch,
) -> None:
    """Write the lines of the orders that have an id, and hold their goods."""
    last = sa.select(sa.func.coalesce(sa.func.max(OrderLine.id), 0))
    before = db.session.scalars(last.where(OrderLine.deal_id == deal.id)).one()
    positions = [0] * len(order_ids)

    def rows() -> Iterator[dict[str, Any]]:
        for order, item, pieces, price_fen, live in batch.lines():
            if order_ids[order]:
                positions[order] += 1
                yield {
                    "leader_id": deal.leader_id,
                    "deal_id": deal.id,
                    "order_id": order_ids[order],
                    "item_id": item_ids[item],
                    "position": positions[order],
                    "price_fen": price_fen,
                    "quantity": pieces,
                    "cancelled_pieces": 0 if live else pieces,
                }

    insert_rows(OrderLine, watch(rows(), batch.rows - batch.rejected))
    stock.reserve_lines((OrderLine.deal_id == deal.id, OrderLine.id > before), "import", now=now)
