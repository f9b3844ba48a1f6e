"""The tiles of a deal's goods. Everybody sees the same ones, so each is drawn once and kept."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from flask import request
from flask_babel import get_locale
from markupsafe import Markup

from groupbuy.catalog.models import Picture
from groupbuy.deals.models import Deal, DealItem
from groupbuy.deals.stall import Stall
from groupbuy.deals.unit_price import unit_price
from groupbuy.members.drawings import Drawing, drawing_of
from groupbuy.members.parts import draw
from groupbuy.orders.cart import Held

FEW = 10  # from here on people are told how many are left
_MOST_KEPT = 4096  # some kilobytes each
_BETWEEN_TAGS, _SPACE = re.compile(r">\s+<"), re.compile(r"\s+")


class Photo(NamedTuple):
    """What a page needs of a Picture."""

    token: str
    width: int
    height: int
    alt: str


class Tile(NamedTuple):
    """All that decides what a tile looks like; `left` is None when there is plenty."""

    slug: str
    phase: str
    id: int
    name: str
    spec: str
    unit: str
    price_fen: int
    left: int | None
    storage_class: str
    limit_per_person: int | None
    drawing: Drawing
    photo: Photo | None
    held: Held | None = None

    def drawn(self) -> Markup:
        """In the language of whoever asks."""
        return _drawn(str(get_locale()), request.script_root, self)


def tiles(deal: Deal, phase: str, goods: Stall) -> dict[int, Tile]:
    """Item id -> its tile for somebody with an empty cart, shelf by shelf."""
    return {
        item.id: _tile((deal.slug, phase), item, shelf.name, goods.pictures.get(item.id))
        for shelf in goods.shelves
        for item in shelf.items
    }


def _tile(deal: tuple[str, str], item: DealItem, category: str, picture: Picture | None) -> Tile:
    left = None if item.stock is None else min(item.stock - item.sold, FEW + 1)
    return Tile(
        *deal,
        item.id,
        item.name,
        item.spec,
        item.unit,
        item.price_fen,
        left,
        item.storage_class,
        item.limit_per_person,
        drawing_of(item, category),
        picture and Photo(picture.token, picture.width, picture.height, picture.alt),
    )


@lru_cache(maxsize=_MOST_KEPT)
def _drawn(_language: str, _root: str, tile: Tile) -> Markup:
    per = unit_price(tile.price_fen, tile.spec)
    drawn = draw("tile", item=tile, left=tile.left, per=per)
    # Of a template of ours, which escapes; a page of a hundred would be a third indentation.
    return Markup(_SPACE.sub(" ", _BETWEEN_TAGS.sub("><", drawn.strip())))
