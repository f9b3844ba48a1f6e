"""Stock moves only here: a guarded counter on the item, and a ledger that explains it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core.db import AnySelect, on_postgresql, sum_of, text_of
from groupbuy.core.errors import RuleBroken
from groupbuy.core.inserts import Insertion, insert_together
from groupbuy.deals.models import DealItem, StockMove
from groupbuy.extensions import db
from groupbuy.orders.models import OrderLine


class SoldOut(RuleBroken):
    """Fewer pieces are left than were asked for."""

    message = _l("“%(item)s”: only %(left)s left.")  # facts also hold item_id


def check_left(items: Mapping[int, Any], wanted: Mapping[int, int]) -> None:
    """Raises SoldOut if what was just read of `items` says so; both maps go by item id.

    A no that takes no lock and writes nothing. Whether it is a yes, only `reserve` can say.
    """
    for item_id, pieces in sorted(wanted.items()):
        item = items[item_id]
        if item.stock is not None and item.sold + pieces > item.stock:
            raise SoldOut(item=item.name, left=item.stock - item.sold, item_id=item_id)


def reserve(
    lines: Sequence[Any], key: str, *, now: datetime, also: Sequence[Insertion] = ()
) -> None:
    """Hold the quantity of each order line, or raise SoldOut: the caller rolls back then.

    Called last in a transaction: the item is the row that everybody wants, so its lock is
    held for as short as possible. `lines` have id and item_id; `key` tells this change of the
    lines from their others. `also` is written in the same statement as the moves.
    """
    ids = [line.id for line in lines]
    moves = {"hold.lines": ids, "hold.key": f":{key}", "hold.at": now}
    insert_together(Insertion(_holding(), moves), *also)
    items = {line.item_id for line in lines}
    taken = db.session.connection().scalars(_taking(), {"lines": ids, "items": list(items)})
    missing = items - set(taken)
    if missing:
        item = db.session.get_one(DealItem, min(missing), populate_existing=True)
        raise SoldOut(item=item.name, left=(item.stock or 0) - item.sold, item_id=item.id)


def lock_items(ids: Iterable[int]) -> None:
    """Lock items in order of id, the same for everybody, so that two baskets cannot deadlock."""
    wanted = set(ids)
    if len(wanted) > 1 and on_postgresql():
        db.session.execute(_in_order(wanted))


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
    at = sa.literal(now, StockMove.__table__.c.at.type)
    db.session.execute(_moves(kind, pieces, lines, sa.literal(f":{key}"), at))


def _moves(kind: str, pieces: Any, lines: Iterable[Any], key: Any, at: Any) -> sa.Insert:
    columns = {
        "leader_id": OrderLine.leader_id,
        "item_id": OrderLine.item_id,
        "line_id": OrderLine.id,
        "kind": sa.literal(kind),
        "pieces": pieces,
        "idem_key": sa.literal(f"{kind}:") + text_of(OrderLine.id) + key,
        "at": at,
    }
    rows = sa.select(*columns.values()).where(*lines)
    return sa.insert(StockMove.__table__).from_select([*columns], rows)


@cache
def _holding() -> sa.Insert:
    """The INSERT of the moves that hold the quantity of lines."""
    lines = [OrderLine.id.in_(sa.bindparam("hold.lines", expanding=True))]
    at = sa.bindparam("hold.at", type_=StockMove.__table__.c.at.type)
    key = sa.bindparam("hold.key", type_=sa.String)
    return _moves("hold", OrderLine.quantity, lines, key, at)


@cache
def _taking() -> sa.Update:
    """The UPDATE that counts the quantity of `lines` as sold, of those `items` that suffice.

    It locks the items in order by itself, and returns the ids of those it counted.
    """
    item = DealItem.__table__.c
    lines = OrderLine.id.in_(sa.bindparam("lines", expanding=True))
    wanted = _sum_by_item(OrderLine.quantity, lines)
    in_order = _in_order(sa.bindparam("items", expanding=True)).subquery("in_order")
    grown = item.sold + wanted.c.pieces
    return (
        sa.update(DealItem.__table__)
        .where(item.id == in_order.c.id, item.id == wanted.c.item_id)
        .where(sa.or_(item.stock.is_(None), grown <= item.stock))
        .values(sold=grown)
        .returning(item.id)
    )


def _in_order(ids: Any) -> AnySelect:
    """The items, locked in order of id where rows can be locked.

    NO KEY UPDATE, because order lines and stock moves already hold key-share locks on their
    items: of two baskets each would wait for the other's.
    """
    items = sa.select(DealItem.id).where(DealItem.id.in_(ids)).order_by(DealItem.id)
    return items.with_for_update(key_share=True)


def _pieces_of(lines: Sequence[Any]) -> sa.Subquery:
    """Item id and pieces kept by the order lines that fit the conditions `lines`."""
    return _sum_by_item(OrderLine.kept_pieces, *lines)


def _sum_by_item(pieces: Any, *lines: Any) -> sa.Subquery:
    return (
        sa.select(OrderLine.item_id, sum_of(pieces).label("pieces"))
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
