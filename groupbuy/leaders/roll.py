"""The roll (接龙) of a deal, as the neighbours see it, and as text for the group."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.text import parse_quantity
from groupbuy.deals import announcing, board
from groupbuy.desk import deal_or_404
from groupbuy.leaders.orders import Pages
from groupbuy.orders import roll_page

bp = Blueprint("lead_roll", __name__, url_prefix="/lead/deals/<slug>/roll")


@bp.get("")
@policy("staff:orders")
def show(slug: str) -> str:
    """A page of it, the newest number first; the text has the same lines in their order."""
    deal = deal_or_404(slug)
    total = board.progress(deal).orders
    count = roll_page.page_count(total)
    page = min(_asked(), count)
    entries = roll_page.roll_page(deal, page)
    if count > 1:
        heading = _("Roll, %(shown)s of %(total)s", shown=len(entries), total=total)
    else:
        heading = _("Roll, %(total)s so far", total=total)
    return render_template(
        "leaders/roll.html",
        deal=deal,
        now=clock.now(),
        entries=entries,
        pages=Pages(page, count, total, url_for("lead_roll.show", slug=slug), ""),
        text=announcing.roll_text(deal, entries[::-1], heading),
    )


def _asked() -> int:
    try:
        return max(1, parse_quantity(request.args.get("page", "1")))
    except ValueError:
        return 1
