"""Deals after their closing: orders confirmed, lists sealed, bags made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from groupbuy import invariants
from groupbuy.accounts.models import Leader
from groupbuy.catalog.models import Sku
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.pickup import arrival, bags, shortage
from groupbuy.pickup.models import Arrival, Pickup
from groupbuy.purchasing.models import PurchaseList
from tests import factories
from tests.conftest import NOON

CLOSED = NOON + timedelta(hours=8)
ARRIVED = NOON + timedelta(days=1)


def closed_deal(
    *orders: Sequence[int],
    wishes: Sequence[str] = (),
    skus: Sequence[Sku] = (),
    leader: Leader | None = None,
    **values: Any,
) -> Deal:
    """A closed deal; each of `orders` holds the pieces of its items, `wishes` its `if_short`."""
    leader = leader or factories.make_leader()
    if not skus:
        supplier = factories.make_supplier(leader)
        width = max(len(order) for order in orders)
        skus = [
            factories.make_sku(leader, supplier, name=name, price_fen=1000)
            for name in ("土鸡蛋", "草莓", "小青菜", "大米")[:width]
        ]
    deal = factories.make_deal(leader=leader, skus=list(skus), **values)
    place = factories.make_order if deal.pay_at_pickup else factories.make_placed
    for number, pieces in enumerate(orders):
        wish = wishes[number] if number < len(wishes) else "less"
        place(deal, *pieces, if_short={item.id: wish for item in deal.items})
    close(deal)
    return deal


def close(deal: Deal) -> None:
    factories.close(deal)
    bags.make_bags(deal, now=CLOSED)
    db.session.expire_all()


def orders_of(deal: Deal) -> list[Order]:
    """The orders of `deal` by roll number, read afresh."""
    db.session.expire_all()
    found = sa.select(Order).where(Order.deal_id == deal.id).order_by(Order.roll_no)
    return list(db.session.scalars(found))


def lines_of(deal: Deal) -> list[OrderLine]:
    db.session.expire_all()
    found = sa.select(OrderLine).where(OrderLine.deal_id == deal.id).order_by(OrderLine.id)
    return list(db.session.scalars(found))


def bags_of(deal: Deal) -> list[Pickup]:
    db.session.expire_all()
    found = sa.select(Pickup).where(Pickup.deal_id == deal.id).order_by(Pickup.id)
    return list(db.session.scalars(found))


def lists_of(deal: Deal) -> list[PurchaseList]:
    found = sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
    return list(db.session.scalars(found.order_by(PurchaseList.id)))


def count_all(purchase_list: PurchaseList, *usable: int, now: datetime = ARRIVED) -> Arrival:
    """Count in `usable` pieces of each line, in order; in full where nothing is said."""
    counts = {line.id: (line.pieces, 0) for line in purchase_list.current.lines}
    for line, pieces in zip(purchase_list.current.lines, usable, strict=False):
        counts[line.id] = (pieces, 0)
    return arrival.count_in(purchase_list, counts, by_id=None, now=now)


def arrive(deal: Deal, *usable: int, share_by: str = "payment") -> list[shortage.Cut]:
    """Everything of `deal` came, but of its first list only `usable` pieces of each line."""
    cuts = []
    for number, purchase_list in enumerate(lists_of(deal)):
        counted = count_all(purchase_list, *(usable if number == 0 else ()))
        cuts += shortage.carry_out(counted, share_by, by_id=None, now=ARRIVED)
    return cuts


def ready_bag(*pieces: int, **values: Any) -> Pickup:
    """One household's bag, arrived in full."""
    deal = closed_deal(pieces or (2,), **values)
    arrive(deal)
    [bag] = bags_of(deal)
    return bag


def assert_all_is_true() -> None:
    db.session.flush()
    assert invariants.broken() == {}
