"""What the editor begins with, and the leader's own goods it may offer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from groupbuy.accounts.models import Leader, PickupPoint
from groupbuy.catalog.models import Category, Product, Sku, Supplier
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.leaders.editor_album import ref_of
from groupbuy.leaders.editor_fields import yuan_text

MOST_FOUND = 30
_PLAIN = (
    *("title", "intro", "opens_at", "closes_at", "pickup_starts_at", "pickup_ends_at"),
    *("minimum_kind", "limit_per_person", "hold_minutes", "pay_at_pickup", "share_by", "ways"),
)
_DEFAULTS = (
    *("minimum_kind", "limit_per_person", "hold_minutes", "pay_at_pickup", "share_by", "ways"),
)


def beginning(leader: Leader) -> dict[str, Any]:
    """A new deal as the leader's settings have it; the only point there is, is chosen."""
    said = leader.deal_defaults or {}
    points = active_points(leader)
    chosen = [str(point_id) for point_id in said.get("point_ids", ())]
    if not chosen and len(points) == 1:
        chosen = [str(points[0].id)]
    begun = {name: said[name] for name in _DEFAULTS if said.get(name) is not None}
    minimum = said.get("minimum") or 0
    return begun | {
        "points": chosen,
        "minimum": _minimum(begun.get("minimum_kind", "none"), minimum),
    }


def data_of(deal: Deal) -> dict[str, Any]:
    """A draft as its form shows it."""
    return {name: getattr(deal, name) for name in _PLAIN} | {
        "minimum": _minimum(deal.minimum_kind, deal.minimum),
        "points": [str(point.id) for point in deal.points],
        "items": [
            {
                "sku": str(item.sku_id),
                "price": item.price_fen,
                "stock": item.stock,
                "limit": item.limit_per_person,
                "pack_size": item.pack_size,
            }
            for item in deal.items
        ],
        "questions": [
            {
                "label": question.label,
                "kind": question.kind,
                "choices": "，".join(question.choices),
                "required": question.required,
            }
            for question in deal.questions
        ],
        "pictures": [
            {"ref": ref_of(deal.leader, picture), "alt": picture.alt} for picture in deal.pictures
        ],
    }


def _minimum(kind: str, minimum: int) -> str:
    if kind == "none" or not minimum:
        return ""
    return yuan_text(minimum) if kind == "amount" else str(minimum)


def active_points(leader: Leader) -> Sequence[PickupPoint]:
    """Where the leader's neighbours can collect."""
    own = sa.select(PickupPoint).where(PickupPoint.leader_id == leader.id, PickupPoint.is_active)
    return db.session.scalars(own.order_by(PickupPoint.id)).all()


def suppliers(leader: Leader) -> Sequence[Supplier]:
    """Whom the leader buys from."""
    own = sa.select(Supplier).where(Supplier.leader_id == leader.id, Supplier.is_active)
    return db.session.scalars(own.order_by(Supplier.name, Supplier.id)).all()


def categories() -> Sequence[Category]:
    """The shelves of all leaders, in the operator's order."""
    return db.session.scalars(sa.select(Category).order_by(Category.position, Category.id)).all()


def own_skus(leader: Leader, ids: Collection[int]) -> Mapping[int, Sku]:
    """Those of `ids` that are the leader's, by id, with product and supplier."""
    own = sa.select(Sku).where(Sku.leader_id == leader.id, Sku.id.in_(ids))
    loaded = own.options(joinedload(Sku.product), joinedload(Sku.supplier))
    return {sku.id: sku for sku in db.session.scalars(loaded)} if ids else {}


def find_skus(leader: Leader, words: str, but: Collection[int]) -> Sequence[Sku]:
    """Products of the leader whose name, size or code hold `words`, the newest first."""
    found = (
        sa.select(Sku)
        .join(Sku.product)
        .where(Sku.leader_id == leader.id, Sku.is_active, Product.is_active, Sku.id.not_in(but))
        .order_by(Sku.id.desc())
        .limit(MOST_FOUND)
        .options(contains_eager(Sku.product), joinedload(Sku.supplier))
    )
    for word in words.split()[:5]:
        places = (Product.name, Sku.spec, Sku.code)
        found = found.where(sa.or_(*(place.icontains(word, autoescape=True) for place in places)))
    return db.session.scalars(found).all()
