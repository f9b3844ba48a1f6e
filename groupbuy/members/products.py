"""One product of a deal: what it looks like, what is said of it, and what if it is not right."""

from __future__ import annotations

from flask import Blueprint, abort, render_template

from groupbuy.access import policy
from groupbuy.catalog import attributes
from groupbuy.core import clock
from groupbuy.deals import board
from groupbuy.deals.unit_price import unit_price
from groupbuy.members.drawings import drawing_of

bp = Blueprint("products", __name__)


@bp.get("/d/<slug>/i/<item_id>")
@policy("public")
def show(slug: str, item_id: str) -> str:
    """An item of a published deal. Another deal's item is as missing as one that never was."""
    item = board.published_item(slug, item_id) or abort(404)
    now = clock.now()
    sold = item.sku.product
    return render_template(
        "members/product.html",
        item=item,
        deal=item.deal,
        phase=item.deal.phase(now),
        now=now,
        product=sold,
        details=attributes.shown(sold, item),
        drawing=drawing_of(item, sold.category.name if sold.category else ""),
        per=unit_price(item.price_fen, item.spec),
    )
