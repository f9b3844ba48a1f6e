"""What stands on a deal's poster: finished words and addresses of ours, for poster.js to draw."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from groupbuy.core.money import format_yuan
from groupbuy.core.settings import setting
from groupbuy.deals.announcing import measured
from groupbuy.deals.models import Deal, DealItem
from groupbuy.deals.stall import Stall
from groupbuy.members.drawings import ON_THE_SHELF, drawing_of
from groupbuy.members.pictures import picture_url
from groupbuy.words import full_time, time_span

_MOST_ITEMS = 6
_MOST_PLACES = 3


def poster(deal: Deal, goods: Stall, *, now: datetime) -> dict[str, Any]:
    """What poster.js reads; prices without their sign, `times` as pairs of a name and its lines."""
    kinds = [(item, shelf.name) for shelf in goods.shelves for item in shelf.items]
    kinds.sort(key=lambda pair: _is_sold_out(pair[0]))  # stays in the leader's order
    cover = deal.pictures[0] if deal.pictures else None
    leader = deal.leader
    more = _("… and more, %(count)s kinds in all", count=len(kinds))
    return {
        "title": deal.title,
        "leader": _("%(leader)s · %(community)s", leader=leader.name, community=leader.community),
        "cover": picture_url(cover, 960) if cover else None,
        "shelf": ON_THE_SHELF,
        "items": [_item(item, category, goods) for item, category in kinds[:_MOST_ITEMS]],
        "more": more if len(kinds) > _MOST_ITEMS else "",
        "times": list(_times(deal, now)),
        "qr": url_for("sharing.qr_png", slug=deal.slug),
        "scan": _("Press and hold to order"),
        "site": setting("SITE_NAME"),
    }


def _times(deal: Deal, now: datetime) -> Iterator[tuple[str, list[str]]]:
    """(name, lines) of what a neighbour must know."""
    assert deal.closes_at  # of every published deal
    yield _("Closing"), [full_time(deal.closes_at, now)]
    starts = deal.pickup_starts_at
    pickup = time_span(starts, deal.pickup_ends_at) if starts else _("when the goods are here")
    yield _("Pickup"), [pickup]
    places = [point.name for point in deal.points]
    if len(places) > _MOST_PLACES:
        others = len(places) - _MOST_PLACES + 1
        places[_MOST_PLACES - 1 :] = [_("and %(count)s more", count=others)]
    if places:
        yield _("Place"), places


def _item(item: DealItem, category: str, goods: Stall) -> dict[str, Any]:
    photo = goods.pictures.get(item.id)
    return {
        "name": item.name,
        "spec": " · ".join(filter(None, (item.spec, measured(item)))),
        "price": format_yuan(item.price_fen).removeprefix("¥"),
        "unit": f"/{item.unit}",
        "drawing": drawing_of(item, category)._asdict(),
        "photo": picture_url(photo, 240) if photo else None,
    }


def _is_sold_out(item: DealItem) -> bool:
    return item.stock is not None and item.sold >= item.stock
