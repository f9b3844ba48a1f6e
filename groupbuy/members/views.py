"""What residents see. The deal page is public: a shared link needs no account."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.text import parse_quantity
from groupbuy.deals import board
from groupbuy.deals.unit_price import unit_price
from groupbuy.members.drawings import drawing_of
from groupbuy.orders.roll_page import page_count, roll_page

bp = Blueprint("members", __name__)


@bp.get("/d/<slug>")
@policy("public")
def deal(slug: str) -> str:
    """A deal as everybody in the group sees it."""
    shown = board.published(slug) or abort(404)
    now = clock.now()
    shelves = board.shelves(shown)
    progress = board.progress(shown)
    pages = page_count(progress.orders)
    page = min(_page_asked(), pages)
    return render_template(
        "members/deal.html",
        deal=shown,
        phase=shown.phase(now),
        now=now,
        shelves=shelves,
        drawings={
            item.id: drawing_of(item, shelf.name) for shelf in shelves for item in shelf.items
        },
        unit_price=unit_price,
        progress=progress,
        roll=roll_page(shown, page),
        page=page,
        pages=pages,
    )


def _page_asked() -> int:
    """The page of the roll in the address; whatever is not one is the first."""
    try:
        return max(1, parse_quantity(request.args.get("page", "1")))
    except ValueError:
        return 1
