"""What everybody may see of a deal, and how far it has come."""

from __future__ import annotations

import re
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from groupbuy.catalog.models import Picture, Product, Sku
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine

COUNTED_STATES = ("placed", "confirmed", "fulfilled")  # orders that somebody vouched for
_SLUG = re.compile("[0-9A-Za-z_-]{1,40}")
_ID = re.compile("[0-9]{1,18}")
PUBLISHED = (Deal.state != "draft", Deal.closes_at.is_not(None))


class Progress(NamedTuple):
    """What neighbours have ordered so far: counts, pieces and fen."""

    orders: int
    persons: int
    pieces: int
    amount_fen: int

    def towards(self, minimum_kind: str) -> int:
        """The one that a deal's minimum of this kind counts; 0 for "none"."""
        counts = {"persons": self.persons, "pieces": self.pieces, "amount": self.amount_fen}
        return counts.get(minimum_kind, 0)


def is_slug(text: str) -> bool:
    """Whether a link could end so."""
    return bool(_SLUG.fullmatch(text))


def published(slug: str) -> Deal | None:
    """The deal behind a shared link with its leader and points, unless it is still a draft.

    The shape is checked first: what no link can hold never reaches the database.
    """
    if not is_slug(slug):
        return None
    return (
        db.session.scalars(
            sa.select(Deal)
            .where(Deal.slug == slug, *PUBLISHED)
            .options(joinedload(Deal.leader), joinedload(Deal.points), joinedload(Deal.pictures))
        )
        .unique()
        .one_or_none()
    )


def published_item(slug: str, item_id: str) -> DealItem | None:
    """An item of the deal behind a shared link, with its product and pictures; both as typed."""
    if not is_slug(slug) or not _ID.fullmatch(item_id):
        return None
    product = joinedload(DealItem.sku).joinedload(Sku.product)
    return db.session.scalars(
        sa.select(DealItem)
        .join(DealItem.deal)
        .where(DealItem.id == int(item_id), Deal.slug == slug, *PUBLISHED)
        .options(
            contains_eager(DealItem.deal).joinedload(Deal.leader),
            product.joinedload(Product.category),
            product.selectinload(Product.pictures),
        )
    ).one_or_none()


def published_picture(token: str) -> Picture | None:
    """The picture if it is of a deal behind a shared link, or of goods that such a deal offers.

    The deals are found by their leader: a product is only ever in those.
    """
    own = sa.select(Deal.id).where(Deal.id == Picture.deal_id, *PUBLISHED)
    offered = (
        sa.select(DealItem.id)
        .join(Deal, Deal.id == DealItem.deal_id)
        .join(Sku, Sku.id == DealItem.sku_id)
        .where(
            Sku.product_id == Picture.product_id,
            Deal.leader_id == Picture.leader_id,
            *PUBLISHED,
        )
    )
    return db.session.scalars(
        sa.select(Picture).where(Picture.token == token, sa.or_(own.exists(), offered.exists()))
    ).one_or_none()


def progress(deal: Deal) -> Progress:
    """Counted in the database from the orders that are vouched for."""
    counted = (Order.deal_id == deal.id, Order.state.in_(COUNTED_STATES))
    pieces = (
        sa.select(sa.func.coalesce(sa.func.sum(OrderLine.kept_pieces), 0))
        .join(Order, Order.id == OrderLine.order_id)
        .where(*counted)
        .scalar_subquery()
    )
    row = db.session.execute(
        sa.select(
            sa.func.count(),
            sa.func.count(Order.member_id.distinct()),
            pieces,
            sa.func.coalesce(sa.func.sum(Order.due_fen), 0),
        ).where(*counted)
    ).one()
    return Progress(*(int(count) for count in row))
