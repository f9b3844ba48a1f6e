"""The orders of a deal: found by filters, shown fifty at a time."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.text import parse_quantity
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404
from groupbuy.leaders import batch, order, order_new, order_refund, saved_views
from groupbuy.leaders.order_filters import Filters
from groupbuy.leaders.order_rows import row_of
from groupbuy.orders import searching
from groupbuy.orders.for_many import MOST

bp = Blueprint("lead_orders", __name__, url_prefix="/lead/deals/<slug>/orders")
for part in (batch.bp, order.bp, order_new.bp, order_refund.bp, saved_views.bp):
    bp.register_blueprint(part)


class View(NamedTuple):
    """A chip over the list: where it leads, how many orders match (None: not counted)."""

    query: str
    name: str
    matches: int | None
    saved_id: int | None = None


class Pages(NamedTuple):
    """For the pager."""

    page: int
    pages: int
    total: int
    base: str
    query: str

    def address(self, page: int) -> str:
        """The same list, another page."""
        return f"{self.base}?{self.query}&page={page}".replace("?&", "?")


@bp.get("")
@policy("staff:orders")
def index(slug: str) -> str:
    """What the filters in the address find."""
    deal = deal_or_404(slug)
    filters = Filters(request.args)
    conditions = searching.matching(deal, filters.wanted)
    totals = searching.totals(conditions)
    pages = _pages(deal, filters, totals.orders)
    found = searching.page_of(filters.wanted, conditions, pages.page)
    return render_template(
        "leaders/orders.html",
        deal=deal,
        now=clock.now(),
        filters=filters,
        views=_views(deal, filters),
        rows=[row_of(one) for one in found],
        totals=totals,
        pages=pages,
        most=MOST,
    )


def only_names() -> dict[str, str]:
    """What the names of searching.ONLY are called."""
    return {
        "unvouched": _("Cash not vouched"),
        "waiting": _("To collect"),
        "short": _("Short"),
        "cold": _("Cold chain"),
        "uncollected": _("Not collected"),
    }


def _views(deal: Deal, filters: Filters) -> list[View]:
    """Every order, what has its own chip and finds something, and the views that were saved."""
    counts = searching.counts(deal)
    views = [View("", _("All orders"), counts["all"])]
    for name, words in only_names().items():
        query = f"only={name}"
        if counts[name] or filters.query == query:
            views.append(View(query, words, counts[name]))
    return views + [View(v.query, v.name, None, v.id) for v in saved_views.mine()]


def _pages(deal: Deal, filters: Filters, total: int) -> Pages:
    try:
        asked = max(1, parse_quantity(request.args.get("page", "1")))
    except ValueError:
        asked = 1
    pages = max(1, -(-total // searching.PAGE_SIZE))
    base = url_for("lead_orders.index", slug=deal.slug)
    return Pages(min(asked, pages), pages, total, base, filters.query)
