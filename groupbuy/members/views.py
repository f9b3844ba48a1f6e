"""The deal page. It is public: a shared link needs no account."""

from __future__ import annotations

from flask import Blueprint, render_template

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.members.cart_sum import sum_up
from groupbuy.members.deal_front import front_of
from groupbuy.members.paging import page_asked
from groupbuy.members.theirs import theirs_in

bp = Blueprint("members", __name__)


@bp.get("/d/<slug>")
@policy("public")
def deal(slug: str) -> str:
    """A deal as everybody in the group sees it, with what they have put aside and ordered."""
    now = clock.now()
    front = front_of(slug, page_asked(), now=now)
    theirs = theirs_in(front.deal_id)
    return render_template(
        "members/deal.html",
        front=front,
        now=now,
        mine=theirs.orders,
        goods=front.goods(theirs.cart),
        cart=sum_up(front.tiles.values(), theirs.cart),
        roll=front.roll_with([order.roll_no for order in theirs.orders], now),
    )
