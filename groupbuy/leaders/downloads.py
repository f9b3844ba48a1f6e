"""The orders of a deal as a workbook; who took it with which rows is written down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy import deal_file
from groupbuy.access import policy
from groupbuy.core import action_log, clock
from groupbuy.core.db import transaction
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404, desk
from groupbuy.leaders.order_filters import Filters
from groupbuy.leaders.orders import only_names
from groupbuy.leaders.prints import chosen_ids, conditions_of
from groupbuy.orders.leader_workbook import Asked, Written, build

bp = Blueprint("lead_downloads", __name__, url_prefix="/lead/deals/<slug>")


@bp.post("/orders.xlsx")
@policy("staff:orders")
def orders(slug: str) -> Response:
    """What the filters in the address find; `whole` in the form asks for whole phone numbers.

    A POST because it writes down that it was taken.
    """
    deal, filters, now = deal_or_404(slug), Filters(request.args), clock.now()
    whole = request.form.get("whole") == "1"
    words = [*_words(deal, filters)]
    if chosen_ids(request.args):
        words.append(_("Only chosen orders"))
    conditions = conditions_of(deal, request.args)
    written = build(deal, Asked(conditions, words, whole, costs=desk().is_leader), now=now)
    answer = deal_file.send(written.file, deal, now)
    with transaction():
        _log(deal, written, filters, whole, now)
    return answer


def _log(deal: Deal, written: Written, filters: Filters, whole: bool, now: datetime) -> None:
    action_log.note(
        "orders_exported",
        f"deal:{deal.id}",
        actor_id=current_user.id,
        leader_id=deal.leader_id,
        now=now,
        rows=written.rows,
        orders=written.orders,
        filters=sorted({name for name, _value in filters.pairs()}),
        whole_phones=whole,
    )


def _words(deal: Deal, filters: Filters) -> Iterator[str]:
    """The filters as people read them."""
    points = {point.id: point.name for point in deal.points}
    items = {item.id: item.name for item in deal.items}
    if filters.state:
        yield _("State: %(state)s", state=_(filters.state))
    if filters.point is not None:
        yield _("Pickup point: %(point)s", point=points.get(filters.point, "–"))
    if filters.item is not None:
        yield _("With product: %(item)s", item=items.get(filters.item, "–"))
    if filters.who:
        yield _("Searched for: %(who)s", who=filters.who)
    if filters.since:
        yield _("Ordered since: %(day)s", day=filters.since.isoformat())
    if filters.until:
        yield _("Ordered until: %(day)s", day=filters.until.isoformat())
    for name in sorted(filters.only):
        yield _("Only: %(kind)s", kind=only_names()[name])
