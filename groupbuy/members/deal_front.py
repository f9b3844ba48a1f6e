"""What of a deal's page is the same for everybody: read and drawn once, kept for a moment.

Nothing here may know who is asking. What belongs to a person, `theirs` reads and the view puts in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from flask import abort, request
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup

from groupbuy.core.keeping import kept
from groupbuy.core.settings import setting
from groupbuy.deals import board
from groupbuy.deals.models import Deal
from groupbuy.deals.record import record_to_show
from groupbuy.deals.stall import Stall, stall
from groupbuy.members.drawings import ON_THE_SHELF, drawing_of
from groupbuy.members.language import language_asked
from groupbuy.members.parts import draw
from groupbuy.members.share_card import share_card
from groupbuy.members.sign_in import in_wechat
from groupbuy.members.tiles import Tile, tiles
from groupbuy.orders.cart import Held
from groupbuy.orders.roll_page import RollEntry, page_count, roll_page

_SELLING = ("upcoming", "open")
_PARTS = ("symbols", "open_graph", "deal_cover", "lead", "when", "rules")


class Front(NamedTuple):
    """`parts` are drawn from the templates of their names; `shelves` are (name, tiles by item id).

    `turns_at` is when the phase changes by itself. `roll` and `entries` are by roll number.
    """

    deal_id: int
    slug: str
    title: str
    phase: str
    opens_at: datetime | None
    closes_at: datetime | None
    parts: dict[str, Markup]
    tiles: dict[int, Tile]
    shelves: list[tuple[str, dict[int, Markup]]]
    roll: dict[int, RollEntry]
    entries: dict[int, Markup]

    @property
    def selling(self) -> bool:
        """Whether there is something to order, or soon will be."""
        return self.phase in _SELLING

    @property
    def turns_at(self) -> datetime | None:
        """When the phase becomes another one by itself."""
        return {"upcoming": self.opens_at, "open": self.closes_at}.get(self.phase)

    def goods(self, cart: Mapping[int, Held]) -> list[tuple[str, Markup]]:
        """(Name of the shelf, its tiles), with the pieces of whoever has this cart."""
        own = {
            item_id: self.tiles[item_id]._replace(held=held).drawn()
            for item_id, held in cart.items()
            if item_id in self.tiles
        }
        return [(name, _put_in(own, drawn)) for name, drawn in self.shelves]

    def roll_with(self, numbers: Collection[int | None], now: datetime) -> Markup:
        """The entries of the roll; these numbers are the reader's."""
        own = {
            number: draw("roll_entry", entry=self.roll[number], now=now, own=True)
            for number in numbers
            if number in self.roll
        }
        return _put_in(own, self.entries)


def front_of(slug: str, page: int, *, now: datetime) -> Front:
    """The front of the deal behind a shared link, at that page of its roll; else a 404."""
    seen_as = (str(get_locale()), request.script_root, language_asked(), in_wechat())
    key: tuple[Any, ...] = ("front", slug, page, seen_as)
    front = kept(key, lambda: _front(slug, page, now))
    while front.turns_at and front.turns_at <= now:  # it was drawn before its phase changed
        key = (*key, front.phase)
        front = kept(key, lambda: _front(slug, page, now))
    return front


def _front(slug: str, page: int, now: datetime) -> Front:
    deal = board.published(slug) or abort(404)
    phase, progress, goods = deal.phase(now), board.progress(deal), stall(deal)
    pages = page_count(progress.orders)
    page = min(page, pages)
    roll = {entry.roll_no: entry for entry in roll_page(deal, page)}
    known = {"progress": progress, "roll": roll, "page": page, "pages": pages, "now": now}
    laid_out = tiles(deal, phase, goods)
    return Front(
        deal_id=deal.id,
        slug=deal.slug,
        title=f"{deal.title} · {deal.leader.community}",
        phase=phase,
        opens_at=deal.opens_at,
        closes_at=deal.closes_at,
        parts=_parts(deal, phase, goods, known),
        tiles=laid_out,
        shelves=_shelves(goods, laid_out) if phase in _SELLING else [],
        roll=roll,
        entries={no: draw("roll_entry", entry=entry, now=now) for no, entry in roll.items()},
    )


def _parts(deal: Deal, phase: str, goods: Stall, known: dict[str, Any]) -> dict[str, Markup]:
    selling, ended = phase in _SELLING, phase in ("failed", "cancelled")
    names = [*_PARTS, "strip" if selling else "sold"]
    names += [] if ended else ["roll_head", "roll_foot"]
    names += [] if phase == "open" else ["dock"]
    face = next(iter(deal.pictures), None) or next(iter(goods.pictures.values()), None)
    known |= {
        "deal": deal,
        "phase": phase,
        "selling": selling,
        "ended": ended,
        "shelves": goods.shelves,
        "pictures": goods.pictures,
        "drawings": {
            item.id: drawing_of(item, shelf.name) for shelf in goods.shelves for item in shelf.items
        },
        "on_the_shelf": ON_THE_SHELF,
        "record": record_to_show(deal.leader, now=known["now"]),
        "card": share_card(deal, goods.items, face, now=known["now"]),
        "site_name": setting("SITE_NAME"),
        "asked_language": language_asked(),
    }
    return {name: draw(name, **known) for name in names}


def _shelves(goods: Stall, laid_out: dict[int, Tile]) -> list[tuple[str, dict[int, Markup]]]:
    nameless = _("Other goods") if len(goods.shelves) > 1 else _("Goods")
    return [
        (shelf.name or nameless, {item.id: laid_out[item.id].drawn() for item in shelf.items})
        for shelf in goods.shelves
    ]


def _put_in(own: Mapping[int, Markup], drawn: Mapping[int, Markup]) -> Markup:
    """All of `drawn` in a row, with what is in `own` instead of theirs."""
    return Markup("".join(own.get(number, part) for number, part in drawn.items()))
