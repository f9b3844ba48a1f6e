"""Deals with one supplier, closed, and their lists."""

from __future__ import annotations

import sqlalchemy as sa

from groupbuy.accounts.models import Leader
from groupbuy.catalog.models import Supplier
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.purchasing.models import PurchaseLine, PurchaseList
from tests import factories


def deal_of(leader: Leader, supplier: Supplier, *skus: dict[str, object], **values) -> Deal:
    made = [factories.make_sku(leader, supplier, **sku) for sku in skus]
    return factories.make_deal(leader=leader, skus=made, **values)


def one_supplier(*skus: dict[str, object], **values) -> Deal:
    leader = factories.make_leader()
    return deal_of(leader, factories.make_supplier(leader), *skus, **values)


def closed(deal: Deal) -> list[PurchaseList]:
    factories.close(deal)
    db.session.expire_all()
    found = sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
    return list(db.session.scalars(found.order_by(PurchaseList.id)))


def lines_of(deal: Deal) -> list[PurchaseLine]:
    [purchase_list] = closed(deal)
    return purchase_list.current.lines
