"""The deal page. It is public: a shared link needs no account."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, render_template

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.deals import board
from groupbuy.deals.models import Deal
from groupbuy.deals.record import record_to_show
from groupbuy.deals.stall import stall
from groupbuy.members.basket import guest_cart
from groupbuy.members.cart_sum import sum_up
from groupbuy.members.drawings import drawing_of
from groupbuy.members.order_reading import own_in
from groupbuy.members.paging import page_asked
from groupbuy.members.person import me
from groupbuy.members.share_card import share_card
from groupbuy.members.tiles import tiles
from groupbuy.orders.cart import Held
from groupbuy.orders.roll_page import page_count, roll_page

bp = Blueprint("members", __name__)


@bp.get("/d/<slug>")
@policy("public")
def deal(slug: str) -> str:
    """A deal as everybody in the group sees it."""
    shown = board.published(slug) or abort(404)
    now = clock.now()
    progress = board.progress(shown)
    pages = page_count(progress.orders)
    page = min(page_asked(), pages)
    return render_template(
        "members/deal.html",
        deal=shown,
        phase=shown.phase(now),
        now=now,
        record=record_to_show(shown.leader, now=now),
        progress=progress,
        roll=roll_page(shown, page),
        page=page,
        pages=pages,
        mine=own_in(shown),
        **_goods(shown, now),
    )


def _goods(shown: Deal, now: datetime) -> dict[str, Any]:
    """What the shelves show: items, a picture or drawing of each, and what the cart holds."""
    user = me().user
    goods = stall(shown, user.id if user else None)
    held = {item_id: Held(*counted) for item_id, counted in goods.held.items()} or guest_cart(shown)
    face = next(iter(shown.pictures), None) or next(iter(goods.pictures.values()), None)
    return {
        "shelves": goods.shelves,
        "drawings": {
            item.id: drawing_of(item, shelf.name) for shelf in goods.shelves for item in shelf.items
        },
        "pictures": goods.pictures,
        "card": share_card(shown, goods.items, face, now=now),
        "tiles": tiles(shown, shown.phase(now), goods, held),
        "cart": sum_up(goods.items, held),
    }
