"""A deal that is announced, not open yet: until somebody orders, all of it may change."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core.db import moment
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.deals.editing import DealForm, check_length, facts_of, require_contents
from groupbuy.deals.filling import fill
from groupbuy.deals.models import Deal
from groupbuy.deals.window import lock_for_deciding
from groupbuy.extensions import db
from groupbuy.orders.models import Order


class AlreadyOpen(RuleBroken):
    """Neighbours are looking at its prices."""

    message = _l(
        "This deal is not waiting for its opening any more, so prices, goods and rules stay as "
        "they are. Load the page again: words, pickup and stock can still change."
    )


class HasOrders(RuleBroken):
    """Somebody has been promised something."""

    message = _l(
        "Somebody has ordered in this deal already, so prices, goods and rules stay as they are. "
        "Load the page again: words, pickup and stock can still change."
    )


def is_announced(deal: Deal, now: datetime) -> bool:
    """Whether all of `deal` may change although it is published."""
    return deal.phase(now) == "upcoming" and not _ordered(deal)


def edit_announced(deal: Deal, form: DealForm, *, now: datetime) -> None:
    """Make the announced deal what `form` says; without a later `opens_at` it opens at once.

    Raises AlreadyOpen, HasOrders, NotReady when it lacks what a published deal needs, or BadInput.
    """
    facts = facts_of(form)
    lock_for_deciding(deal)
    now = moment(now)
    if deal.phase(now) != "upcoming":
        raise AlreadyOpen
    if _ordered(deal):
        raise HasOrders
    opens_at = max(form.opens_at or now, now)
    if form.closes_at is None or form.closes_at <= opens_at:
        raise BadInput("closes_at", _l("The closing time must be later than now and the opening."))
    check_length(opens_at, form.closes_at)
    for name, value in (facts | {"opens_at": opens_at}).items():
        setattr(deal, name, value)
    fill(deal, form)
    require_contents(deal)


def _ordered(deal: Deal) -> bool:
    some = sa.select(Order.id).where(Order.deal_id == deal.id).limit(1)
    return db.session.scalar(some) is not None
