"""Bags: one per household, deal and point, with the token and the spoken code that open it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import contains_eager

from groupbuy.core.db import AnySelect, text_of
from groupbuy.core.errors import RuleBroken
from groupbuy.core.tokens import keyed_token, public_id, spoken_code, token_hash
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.owing import owe_each
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.moving import move_all
from groupbuy.pickup.models import Arrival, Pickup, PickupProxy
from groupbuy.purchasing.models import PurchaseLine, PurchaseList, PurchaseRevision

IN_BAGS = ("confirmed", "fulfilled")  # orders in these states are what bags are filled with
COLLECTIBLE = ("waiting", "ready")  # bags in these states will be, or can be, handed over
_WITH_CODES: tuple[type[Pickup] | type[PickupProxy], ...] = (Pickup, PickupProxy)


class OrdersChanged(RuleBroken):
    """An order was changed while somebody worked out what to do with it."""

    message = _l("Orders were changed meanwhile. Please look again.")


def make_bags(deal: Deal, *, now: datetime) -> int:
    """Make the bags that the confirmed orders of `deal` lack; returns how many.

    A household that already has a bag at its point keeps it, and its QR code.
    """
    has_bag = sa.exists().where(
        Pickup.deal_id == Order.deal_id,
        Pickup.member_id == Order.member_id,
        Pickup.point_id == Order.point_id,
    )
    lacking = (
        sa.select(Order.member_id, Order.point_id)
        .where(Order.deal_id == deal.id, Order.state == "confirmed", ~has_bag)
        .distinct()
    )
    secrets = fresh_secrets(deal.id)
    rows = [
        {
            "leader_id": deal.leader_id,
            "deal_id": deal.id,
            "member_id": member_id,
            "point_id": point_id,
            "state": "waiting",
            "ending_note": "",
            **next(secrets),
        }
        for member_id, point_id in db.session.execute(lacking.order_by("member_id", "point_id"))
    ]
    if rows:
        db.session.execute(sa.insert(Pickup), rows)
    return len(rows)


def token_of(key: Pickup | PickupProxy) -> str:
    """What the QR code holds: 128 bits that only this installation can make again."""
    return keyed_token("pickup", key.secret_ref)


def code_of(key: Pickup | PickupProxy) -> str:
    """Eight letters to say when the QR code cannot be shown."""
    return spoken_code("pickup", key.secret_ref)


def pickup_url(key: Pickup | PickupProxy) -> str:
    """The plain URL in the QR code, so that any camera can open it."""
    return url_of_token(token_of(key))


def url_of_token(token: str) -> str:
    return f"{current_app.config['SITE_URL']}/p/{token}"


def reissue(pickup: Pickup, *, now: datetime) -> None:
    """Give the bag a new QR code and spoken code; the old ones, and a pass, open nothing now."""
    for name, value in next(fresh_secrets(pickup.deal_id)).items():
        setattr(pickup, name, value)
    end_passes(pickup, now=now)


def end_passes(pickup: Pickup, *, now: datetime) -> int:
    """Whoever else was sent for the bag can no longer collect it; returns 1, or 0 for nobody."""
    ended: Any = db.session.connection().execute(_ending(), {"bag_id": pickup.id, "at": now})
    for proxy in db.session.identity_map.values():
        if isinstance(proxy, PickupProxy):
            db.session.expire(proxy)
    return int(ended.rowcount)


@cache
def _ending() -> sa.Update:
    live = PickupProxy.pickup_id == sa.bindparam("bag_id"), PickupProxy.ended_at.is_(None)
    at = sa.bindparam("at", type_=PickupProxy.__table__.c.ended_at.type)
    return sa.update(PickupProxy.__table__).where(*live).values(ended_at=at)


def lines_of(pickup: Pickup) -> Sequence[OrderLine]:
    """What belongs into the bag: the order lines of its live orders, `line.order` loaded."""
    return db.session.scalars(_contents(), {"bag_id": pickup.id}).all()


def lock_contents(pickup: Pickup) -> Sequence[OrderLine]:
    """`lines_of`, read afresh and locked until commit, then the bag itself.

    Whoever changes a bag starts here, so everybody locks in the same order: orders, lines, bag.
    """
    lines = db.session.scalars(_locked_contents(), {"bag_id": pickup.id}).all()
    db.session.scalars(_locked_bag(), {"bag_id": pickup.id}).one()
    return lines


def inside(lines: AnySelect) -> AnySelect:
    """Of a SELECT of order lines those in the bag `:bag_id`, in the order in which they lock."""
    return (
        lines.join(OrderLine.order)
        .join(
            Pickup,
            sa.and_(
                Pickup.deal_id == Order.deal_id,
                Pickup.member_id == Order.member_id,
                Pickup.point_id == Order.point_id,
            ),
        )
        .where(Pickup.id == sa.bindparam("bag_id"), _in_bags())
        .order_by(Order.id, OrderLine.id)
    )


def _in_bags() -> sa.ColumnElement[bool]:
    """Spelled out: a list in a statement is filled in each time it runs."""
    return sa.or_(*(Order.state == state for state in IN_BAGS))


@cache
def _contents() -> AnySelect:
    return inside(sa.select(OrderLine)).options(contains_eager(OrderLine.order))


@cache
def _locked_contents() -> sa.Select[Any]:
    locked = _contents().with_for_update(key_share=True, of=(OrderLine, Order))
    # To decrypt it takes time, once for each line, and at the gate nobody asks for it.
    locked = locked.options(contains_eager(OrderLine.order).defer(Order.contact))
    return locked.execution_options(populate_existing=True)


@cache
def _locked_bag() -> sa.Select[Pickup]:
    bag = sa.select(Pickup).where(Pickup.id == sa.bindparam("bag_id"))
    return bag.with_for_update(key_share=True).execution_options(populate_existing=True)


def shift(column: Any, sign: int, amounts: Mapping[int, int], room: Any) -> None:
    """Move `column` of orders or lines up or down by each row's amount, as far as `room` has it.

    `amounts` maps row id to amount. Raises OrdersChanged unless all rows could be changed. What
    is loaded of them is stale afterwards.
    """
    table, amount = column.class_.__table__, sa.bindparam("amount", type_=sa.BigInteger)
    shifted = sa.update(table).where(table.c.id == sa.bindparam("row_id"), room >= amount)
    shifted = shifted.values({column.key: column + sign * amount})
    rows = [{"row_id": row_id, "amount": n} for row_id, n in sorted(amounts.items())]
    db.session.flush()
    if rows and db.session.connection().execute(shifted, rows).rowcount < len(rows):
        raise OrdersChanged


def settle(deal: Deal, *, now: datetime) -> None:
    """After a list was shared out: end what cannot come any more, call for what is complete.

    Orders and bags of which nothing is left are ended; bags with nothing left to wait for become
    ready, with a notice each; the deal has arrived with its last list. The caller holds the
    deal's exclusive lock. In SQL throughout: a deal may have ten thousand bags.
    """
    to_come = sa.exists().where(OrderLine.order_id == Order.id, OrderLine.open_pieces > 0)
    empty = sa.select(Order.id).where(Order.deal_id == deal.id, ~to_come)
    step = ("confirmed", "fulfilled")
    move_all(empty, step, "ended", now=now, why="nothing arrived", fulfilled_at=now)
    mine = (Pickup.deal_id == deal.id, Pickup.state == "waiting")
    household = sa.tuple_(Pickup.member_id, Pickup.point_id)
    Pickup.advance_all("void", *mine, household.not_in(_expecting(deal)))
    awaiting = _expecting(deal).where(_awaited(deal))
    Pickup.advance_all("ready", *mine, household.not_in(awaiting), ready_at=now)
    ready = (Pickup.deal_id == deal.id, Pickup.state == "ready", Pickup.ready_at == now)
    owe_each("arrived", notices_about().where(*ready), now=now)
    if deal.state == "closed" and not db.session.scalar(sa.select(_lists_to_come(deal).exists())):
        deal.advance("arrived")


def notices_about() -> AnySelect:
    """The columns of one notice per bag, for `owe_each`: one of each kind in a bag's life."""
    return sa.select(
        Pickup.leader_id,
        Pickup.member_id,
        Pickup.deal_id,
        Pickup.id.label("pickup_id"),
        text_of(Pickup.id).label("key"),
    )


def _expecting(deal: Deal) -> AnySelect:
    """(member id, point id) of each order line of `deal` with pieces to hand over.

    For NOT IN and not NOT EXISTS: PostgreSQL then looks each bag up in one list of these. Of a
    deal filled within the hour it has no statistics, guesses that it is tiny, and would compare
    every bag with every line.
    """
    return (
        sa.select(Order.member_id, Order.point_id)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.deal_id == deal.id, Order.state == "confirmed", OrderLine.open_pieces > 0)
    )


def _awaited(deal: Deal) -> sa.ColumnElement[bool]:
    """Whether the purchase list of an order line has not been shared out."""
    arrived = (
        sa.select(PurchaseLine.id)
        .join(PurchaseRevision, PurchaseRevision.id == PurchaseLine.revision_id)
        .join(PurchaseList, PurchaseList.id == PurchaseRevision.list_id)
        .join(Arrival, Arrival.list_id == PurchaseList.id)
        .where(PurchaseList.deal_id == deal.id, Arrival.state == "shared_out")
    )
    on_no_list = OrderLine.purchase_line_id.is_(None)
    return sa.or_(on_no_list, OrderLine.purchase_line_id.not_in(arrived))


def _lists_to_come(deal: Deal) -> AnySelect:
    """Lists of `deal` on which something was ordered and that have not been shared out."""
    shared_out = sa.exists().where(
        Arrival.list_id == PurchaseList.id, Arrival.state == "shared_out"
    )
    return (
        sa.select(PurchaseList.id)
        .join(PurchaseRevision, PurchaseRevision.list_id == PurchaseList.id)
        .join(PurchaseLine, PurchaseLine.revision_id == PurchaseRevision.id)
        .where(PurchaseRevision.revision == PurchaseList.current_revision)
        .where(PurchaseList.deal_id == deal.id, ~shared_out)
    )


def fresh_secrets(deal_id: int) -> Iterator[dict[str, str]]:
    """Secrets for new bags and passes; in a deal no two are opened by the same spoken code."""
    used = (sa.select(kind.code_hash).where(kind.deal_id == deal_id) for kind in _WITH_CODES)
    taken = set(db.session.scalars(sa.union_all(*used)))
    while True:
        secret_ref = public_id(12)
        code_hash = token_hash(spoken_code("pickup", secret_ref))
        if code_hash not in taken:
            taken.add(code_hash)
            token = keyed_token("pickup", secret_ref)
            yield {
                "secret_ref": secret_ref,
                "token_hash": token_hash(token),
                "code_hash": code_hash,
            }
