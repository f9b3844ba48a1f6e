"""Stock moves only here: a guarded counter on the item, and a ledger that explains it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core.db import AnySelect, on_postgresql, sum_of, text_of
from groupbuy.core.errors import RuleBroken
from groupbuy.deals.models import DealItem, StockMove
from groupbuy.extensions import db
from groupbuy.orders.models import OrderLine


class SoldOut(RuleBroken):
    """Fewer pieces are left than were asked for."""

    message = _l("“%(item)s”: only %(left)s left.")  # facts also hold item_id


def reserve(wanted: Sequence[tuple[OrderLine, int]], key: str, *, now: datetime) -> None:
    """Hold pieces for order lines, or raise SoldOut; nothing is held then (the caller rolls back).

    Called last in a transaction: the item is the row that everybody wants, so its lock is
    held for as short as possible. `key` tells this change of the lines from their others.
    """
    _record("hold", wanted, key, now)
    pieces: Counter[int] = Counter()
    for line, quantity in wanted:
        pieces[line.item_id] += quantity
    ids = sorted(pieces)
    lock_items(ids)
    grown = DealItem.sold + sa.case(dict(pieces), value=DealItem.id)
    taken = (
        sa.update(DealItem)
        .where(DealItem.id.in_(ids), sa.or_(DealItem.stock.is_(None), grown <= DealItem.stock))
        .values(sold=grown)
        .returning(DealItem.id)
        .execution_options(synchronize_session=False)
    )
    missing = set(ids) - set(db.session.scalars(taken))
    if missing:
        item = db.session.get_one(DealItem, min(missing), populate_existing=True)
        raise SoldOut(item=item.name, left=(item.stock or 0) - item.sold, item_id=item.id)


def lock_items(ids: Iterable[int]) -> None:
    """Lock items in order of id, the same for everybody, so that two baskets cannot deadlock."""
    wanted = set(ids)
    if len(wanted) > 1 and on_postgresql():
        in_order = sa.select(DealItem.id).where(DealItem.id.in_(wanted)).order_by(DealItem.id)
        # NO KEY UPDATE: order lines and stock moves already hold key-share locks on their items,
        # of two baskets each would wait for the other's.
        db.session.execute(in_order.with_for_update(key_share=True))


def release(
    given_up: Sequence[tuple[OrderLine, int]], key: str, *, now: datetime, kind: str = "release"
) -> None:
    """Give back pieces that lines no longer need; `kind` is "release" or "short"."""
    _record(kind, [(line, -quantity) for line, quantity in given_up], key, now)
    pieces: Counter[int] = Counter()
    for line, quantity in given_up:
        pieces[line.item_id] += quantity
    lock_items(pieces)
    db.session.execute(
        sa.update(DealItem)
        .where(DealItem.id.in_(pieces))
        .values(sold=DealItem.sold - sa.case(dict(pieces), value=DealItem.id))
        .execution_options(synchronize_session=False)
    )


def release_orders(orders: AnySelect, key: str, *, now: datetime) -> None:
    """`release` everything the orders whose ids `orders` selects still hold, in SQL."""
    held = (OrderLine.order_id.in_(orders), OrderLine.kept_pieces > 0)
    move_lines("release", -OrderLine.kept_pieces, held, key, now=now)
    pieces = _pieces_of(held)
    db.session.execute(
        sa.update(DealItem)
        .where(DealItem.id == pieces.c.item_id)
        .values(sold=DealItem.sold - pieces.c.pieces)
        .execution_options(synchronize_session=False)
    )


def reserve_lines(lines: Sequence[Any], key: str, *, now: datetime) -> None:
    """`reserve` for all the order lines that fit the conditions `lines`, in SQL. Raises SoldOut.

    The caller holds the deal's exclusive lock, so nobody else can take pieces in between.
    """
    held = (*lines, OrderLine.kept_pieces > 0)
    move_lines("hold", OrderLine.kept_pieces, held, key, now=now)
    wanted = _pieces_of(held)
    grown = DealItem.sold + wanted.c.pieces
    short = sa.select(DealItem).join(wanted, wanted.c.item_id == DealItem.id)
    item = db.session.scalars(short.where(grown > DealItem.stock).limit(1)).first()
    if item:
        raise SoldOut(item=item.name, left=(item.stock or 0) - item.sold, item_id=item.id)
    db.session.execute(
        sa.update(DealItem)
        .where(DealItem.id == wanted.c.item_id)
        .values(sold=grown)
        .execution_options(synchronize_session=False)
    )


def move_lines(kind: str, pieces: Any, lines: Iterable[Any], key: str, *, now: datetime) -> None:
    """Write one move of `pieces` (SQL) for each order line that fits the conditions `lines`."""
    columns = {
        "leader_id": OrderLine.leader_id,
        "item_id": OrderLine.item_id,
        "line_id": OrderLine.id,
        "kind": sa.literal(kind),
        "pieces": pieces,
        "idem_key": sa.literal(f"{kind}:") + text_of(OrderLine.id) + sa.literal(f":{key}"),
        "at": sa.literal(now, StockMove.__table__.c.at.type),
    }
    rows = sa.select(*columns.values()).where(*lines)
    db.session.execute(sa.insert(StockMove).from_select([*columns], rows))


def _pieces_of(lines: Sequence[Any]) -> sa.Subquery:
    """Item id and pieces kept by the order lines that fit the conditions `lines`."""
    return (
        sa.select(OrderLine.item_id, sum_of(OrderLine.kept_pieces).label("pieces"))
        .where(*lines)
        .group_by(OrderLine.item_id)
        .subquery()
    )


def _record(kind: str, moves: Sequence[tuple[OrderLine, int]], key: str, now: datetime) -> None:
    rows = [
        {
            "leader_id": line.leader_id,
            "item_id": line.item_id,
            "line_id": line.id,
            "kind": kind,
            "pieces": pieces,
            "idem_key": f"{kind}:{line.id}:{key}",
            "at": now,
        }
        for line, pieces in moves
    ]
    db.session.execute(sa.insert(StockMove), rows)
