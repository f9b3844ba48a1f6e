"""Deals with goods of every kind, their purchase lists, and the sheets made of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.purchasing import lists, workbook
from groupbuy.purchasing.models import (
    PurchaseLine,
    PurchaseList,
    PurchaseRevision,
    PurchaseSplit,
)
from tests.conftest import NOON
from tests.factories import (
    close,
    make_deal,
    make_leader,
    make_placed,
    make_sku,
    make_supplier,
)
from tests.office import opened, rows

# name, our code, the supplier's code, pieces in a case, fen
GOODS = [
    ("云南蓝莓 125g", "0001", "1E5", 12, 750),
    ("=鸡毛菜", "0002", "", 20, 320),
    ("土鸡蛋 🥚 שלום", "0003", "000123", 1, 2400),
]


def goods_deal(**values: Any) -> Deal:
    leader = make_leader("林姐")
    leader.contact_phone = "13812347788"
    supplier = make_supplier(leader, "绿源鲜配")
    skus = [
        make_sku(
            leader,
            supplier,
            name=name,
            code=code,
            supplier_code=theirs,
            pack_size=size,
            price_fen=fen,
        )
        for name, code, theirs, size, fen in GOODS
    ]
    return make_deal(leader=leader, skus=skus, points=values.pop("points", 2), **values)


def order_of(deal: Deal, *pieces: int, point: int = 0, **values: Any) -> Order:
    return make_placed(deal, *pieces, point_id=deal.points[point].id, **values)


def closed_list(deal: Deal) -> PurchaseList:
    close(deal)
    db.session.expire_all()
    return db.session.scalars(sa.select(PurchaseList)).one()


def usual_list() -> PurchaseList:
    """48 + 4 blueberries, 45 greens and 3 boxes of eggs from three orders at two points."""
    deal = goods_deal(
        pickup_starts_at=NOON + timedelta(days=1), pickup_ends_at=NOON + timedelta(days=1, hours=3)
    )
    order_of(deal, 40, 45, 0)
    order_of(deal, 8, 0, 2, point=1)
    order_of(deal, 4, 0, 1, point=1)
    return closed_list(deal)


def sheets_of(revision: PurchaseRevision) -> list[Any]:
    built = workbook.build(revision.purchase_list, revision, now=NOON + timedelta(hours=9))
    return list(opened(built).worksheets)


def text_of(sheet: Any) -> str:
    return "\n".join(str(value) for row in rows(sheet) for value in row if value is not None)


def table_of(sheet: Any, heading: str) -> list[list[Any]]:
    """The rows under the first one with `heading`, up to the first that is empty."""
    everything = rows(sheet)
    first = next(i for i, row in enumerate(everything) if heading in row) + 1
    ended = (i for i, row in enumerate(everything) if i >= first and not any(row))
    return everything[first : next(ended, None)]


def revise(purchase_list: PurchaseList, wanted: dict[DealItem, dict[int, int]]) -> PurchaseRevision:
    """A second revision of `wanted` pieces (item -> point id -> pieces), each at 1.00 yuan."""
    revision = PurchaseRevision(leader_id=purchase_list.leader_id, revision=2, issued_at=NOON)
    purchase_list.revisions.append(revision)
    for position, (item, points) in enumerate(wanted.items(), 1):
        pieces = sum(points.values())
        line = PurchaseLine(
            **{name: getattr(item, name) for name in ("leader_id", "code", "supplier_code")},
            **{name: getattr(item, name) for name in ("name", "spec", "unit", "pack_size")},
            item_id=item.id,
            position=position,
            packs=pieces // item.pack_size,
            loose_pieces=pieces % item.pack_size,
            pieces=pieces,
            unit_price_fen=None,
            amount_fen=pieces * 100,
        )
        line.splits = [
            PurchaseSplit(leader_id=item.leader_id, point_id=point_id, pieces=n)
            for point_id, n in points.items()
        ]
        revision.lines.append(line)
    db.session.flush()
    revision.sha256 = lists.content_sha256(revision)
    db.session.flush()
    return revision


@contextmanager
def statements() -> Iterator[list[str]]:
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        said.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", hear)
