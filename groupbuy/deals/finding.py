"""Finding deals of leaders, and among everything that can be ordered the goods somebody wants."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload

from groupbuy.accounts.models import Leader
from groupbuy.catalog.models import Category, Picture, Product, Sku
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db

RECENT = timedelta(days=30)
PAGE_SIZE = 20

T = TypeVar("T")


class Page(NamedTuple, Generic[T]):
    """Some of many: `number` is from 1 to `pages`, `total` counts them all."""

    rows: Sequence[T]
    number: int
    pages: int
    total: int


@dataclass(frozen=True)
class Offer:
    """An item that can be ordered now, with its category and brand ("" where there is none)."""

    item: DealItem
    category: str
    brand: str
    picture: Picture | None = None

    @property
    def deal(self) -> Deal:
        return self.item.deal

    @property
    def left(self) -> int | None:
        """Pieces that can still be ordered; None: as many as are wanted."""
        return None if self.item.stock is None else self.item.stock - self.item.sold


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; all of it must fit. Empty text and None let everything through."""

    text: str = ""
    category: str = ""
    brand: str = ""
    from_fen: int | None = None
    to_fen: int | None = None

    def __bool__(self) -> bool:
        return self != Wanted()


def current_deals(leaders: Sequence[Leader], *, now: datetime) -> tuple[list[Deal], list[Deal]]:
    """The deals that take orders, closing soonest first, and the upcoming, opening soonest first.

    Each with its leader.
    """
    deals = db.session.scalars(
        sa.select(Deal)
        .where(Deal.leader_id.in_([leader.id for leader in leaders]))
        .where(Deal.state == "open", Deal.closes_at > now)
        .order_by(Deal.closes_at, Deal.id)
        .options(joinedload(Deal.leader))
    ).all()
    upcoming = [deal for deal in deals if deal.phase(now) == "upcoming"]
    upcoming.sort(key=lambda deal: (deal.opens_at or now, deal.id))
    return [deal for deal in deals if deal.phase(now) == "open"], upcoming


def recent_deals(leader: Leader, page: int, *, now: datetime) -> Page[Deal]:
    """Deals whose window ended in the last RECENT days, the latest first; not those called off."""
    ended = (
        Deal.leader_id == leader.id,
        Deal.state.in_(("open", "closing", "closed", "arrived", "failed")),
        Deal.closes_at <= now,
        Deal.closes_at > now - RECENT,
    )
    total = db.session.scalars(sa.select(sa.func.count()).select_from(Deal).where(*ended)).one()
    pages = max(1, -(-total // PAGE_SIZE))
    number = min(page, pages)
    deals = db.session.scalars(
        sa.select(Deal)
        .where(*ended)
        .order_by(Deal.closes_at.desc(), Deal.id.desc())
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    ).all()
    return Page(deals, number, pages, total)


def offers_of(deals: Sequence[Deal]) -> list[Offer]:
    """Everything in `deals`, deal after deal in the leader's order: one statement."""
    places = {deal.id: place for place, deal in enumerate(deals)}
    if not places:
        return []
    other = aliased(Picture)
    first = sa.select(sa.func.min(other.position)).where(other.product_id == Product.id)
    is_first = sa.and_(
        Picture.product_id == Product.id, Picture.position == first.scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(DealItem, Category.name, Product.attributes, Picture)
        .join(Sku, Sku.id == DealItem.sku_id)
        .join(Product, Product.id == Sku.product_id)
        .outerjoin(Category, Category.id == Product.category_id)
        .outerjoin(Picture, is_first)
        .where(DealItem.deal_id.in_(places))
        .order_by(DealItem.position)
    ).all()
    offers = [
        Offer(item, category or "", attributes.get("brand", ""), picture)
        for item, category, attributes, picture in rows
    ]
    return sorted(offers, key=lambda offer: places[offer.item.deal_id])


def matching(offers: Iterable[Offer], wanted: Wanted) -> list[Offer]:
    """Those of `offers` that fit, in their order; by their deals' titles only if none does itself.

    Decided here and not in SQL: the databases fold neither case nor width alike, what one leader
    sells at a time is a few hundred rows, and no character needs escaping.
    """
    sorted_out = [offer for offer in offers if _fits(offer, wanted)]
    words = fold(wanted.text).split()
    if not words:
        return sorted_out
    themselves = [offer for offer in sorted_out if _says(_own_words(offer), words)]
    return themselves or [offer for offer in sorted_out if _says(offer.deal.title, words)]


def page_of(offers: Sequence[Offer], page: int) -> Page[Offer]:
    """One page of `offers`; a page beyond the last is the last."""
    pages = max(1, -(-len(offers) // PAGE_SIZE))
    number = min(page, pages)
    first = (number - 1) * PAGE_SIZE
    return Page(offers[first : first + PAGE_SIZE], number, pages, len(offers))


def fold(text: str) -> str:
    """`text` as it is compared: full-width and half-width, capital and small are one.

    >>> fold("ＡＢＣ 牛奶") == fold("abc　牛奶")
    True
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _fits(offer: Offer, wanted: Wanted) -> bool:
    """Whether price, category and brand are as wanted."""
    price = offer.item.price_fen
    return (
        (wanted.from_fen is None or price >= wanted.from_fen)
        and (wanted.to_fen is None or price <= wanted.to_fen)
        and (not wanted.category or fold(offer.category) == fold(wanted.category))
        and (not wanted.brand or fold(offer.brand) == fold(wanted.brand))
    )


def _own_words(offer: Offer) -> str:
    return "\n".join((offer.item.name, offer.item.spec, offer.brand, offer.category))


def _says(text: str, words: Sequence[str]) -> bool:
    folded = fold(text)
    return all(word in folded for word in words)
