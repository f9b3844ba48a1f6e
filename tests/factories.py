"""Rows with sane defaults: `make_deal(stock=1)`. Everything is flushed, nothing committed."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from groupbuy.accounts.models import Leader, Member, PickupPoint, RoleGrant, User
from groupbuy.catalog.models import Product, Sku, Supplier
from groupbuy.core import crypto
from groupbuy.deals.editing import DealForm, ItemForm, create_deal, publish
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.orders.placing import OrderForm, place_order
from groupbuy.orders.vouching import vouch
from groupbuy.purchasing import closing
from tests.conftest import NOON

_numbers = itertools.count(1)


def _add(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row


def make_user(name: str = "王芳", phone: str | None = None) -> User:
    phone = phone or f"139{next(_numbers):08}"
    return _add(
        User(
            name=name,
            phone=phone,
            phone_hash=crypto.lookup_hash(phone),
            state="active",
            locale="zh_Hans_CN",
            created_at=NOON,
        )
    )


def make_leader(name: str = "林姐") -> Leader:
    user = make_user(name)
    leader = _add(
        Leader(
            user_id=user.id,
            slug=f"lin-{next(_numbers)}",
            name=name,
            community="梧桐里",
            intro="",
            state="approved",
            created_at=NOON,
        )
    )
    _add(RoleGrant(user_id=user.id, role="leader", leader_id=leader.id, rights={}, created_at=NOON))
    return leader


def make_point(leader: Leader, name: str = "3 号门岗亭") -> PickupPoint:
    return _add(
        PickupPoint(
            leader_id=leader.id,
            name=f"{name} {next(_numbers)}",
            address="",
            hours="",
            is_active=True,
        )
    )


def make_supplier(leader: Leader, name: str = "崇明农场") -> Supplier:
    number = next(_numbers)
    return _add(
        Supplier(leader_id=leader.id, name=f"{name} {number}", link_version=1, created_at=NOON)
    )


def make_sku(leader: Leader, supplier: Supplier | None = None, **values: Any) -> Sku:
    number = next(_numbers)
    name = values.pop("name", f"土鸡蛋 {number}")
    product = _add(Product(leader_id=leader.id, name=name, description="", created_at=NOON))
    supplier = supplier or make_supplier(leader)
    defaults = {"code": f"SKU{number:04}", "price_fen": 3780, "unit": "盒", "pack_size": 6}
    return _add(
        Sku(
            leader_id=leader.id,
            product_id=product.id,
            supplier_id=supplier.id,
            created_at=NOON,
            **defaults | values,
        )
    )


def make_deal(
    *,
    leader: Leader | None = None,
    skus: list[Sku] | None = None,
    stock: int | None = None,
    limit_per_item: int | None = None,
    points: int = 1,
    opens_at: datetime = NOON,
    **values: Any,
) -> Deal:
    """An open deal of one item (or of `skus`), closing eight hours after `opens_at`."""
    leader = leader or make_leader()
    skus = skus or [make_sku(leader)]
    form = DealForm(
        title=values.pop("title", "周六菜篮子"),
        items=[ItemForm(sku.id, stock=stock, limit_per_person=limit_per_item) for sku in skus],
        point_ids=[make_point(leader).id for _ in range(points)],
        opens_at=opens_at,
        closes_at=values.pop("closes_at", opens_at + timedelta(hours=8)),
        **values,
    )
    deal = create_deal(leader, form, now=opens_at)
    publish(deal, now=opens_at)
    db.session.refresh(deal)
    return deal


def make_member(leader: Leader, name: str = "张伟") -> Member:
    return _add(Member(leader_id=leader.id, name=name, created_at=NOON))


def form_for(deal: Deal, *pieces: int, key: str | None = None, **values: Any) -> OrderForm:
    """A form that wants `pieces` of the deal's items, in their order, at its first point."""
    wanted = {item.id: n for item, n in zip(deal.items, pieces, strict=False) if n}
    point_id = values.pop("point_id", deal.points[0].id)
    return OrderForm(wanted, point_id, key or f"form-{next(_numbers)}", **values)


def make_order(deal: Deal, *pieces: int, member: Member | None = None, **values: Any) -> Order:
    """A pending order at the deal's opening."""
    member = member or make_member(deal.leader)
    now = values.pop("now", deal.opens_at)
    return place_order(member, deal, form_for(deal, *(pieces or (1,)), **values), now=now)


def make_placed(deal: Deal, *pieces: int, **values: Any) -> Order:
    """An order the leader has vouched for."""
    order = make_order(deal, *pieces, **values)
    vouch(order, by_id=deal.leader.user_id, now=deal.opens_at)
    return order


def close(deal: Deal, now: datetime | None = None) -> None:
    """Close `deal` at its time, all three steps."""
    now = now or deal.closes_at
    closing.begin(deal, now=now)
    closing.finish(deal, now=now)


def make_draft(leader: Leader, **values: Any) -> Deal:
    """A draft of one item at one point, without dates unless `values` give them."""
    defaults: dict[str, Any] = {
        "title": "周日早餐",
        "items": [ItemForm(make_sku(leader).id)],
        "point_ids": [make_point(leader).id],
    }
    return create_deal(leader, DealForm(**defaults | values), now=NOON)
