"""The refunds of a leader's orders and where they are; what failed is tried again."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from groupbuy import listing, money_words
from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.desk import leader, own_or_404
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.payments import following
from groupbuy.payments.models import Refund

bp = Blueprint("lead_refunds", __name__, url_prefix="/lead/refunds")


@bp.get("")
@policy("leader")
def index() -> str:
    """The newest first, by state."""
    state = listing.asked_one_of("state", following.SHOWN)
    wanted = sa.select(Refund).where(Refund.leader_id == leader().id)
    if state:
        wanted = wanted.where(following.shown(state))
    found = listing.newest_first(wanted.options(joinedload(Refund.payment)), Refund.id)
    ids = [refund.order_id for refund in found.rows]
    orders = sa.select(Order).where(Order.id.in_(ids)).options(joinedload(Order.deal))
    return render_template(
        "leaders/refunds.html",
        found=found,
        orders={order.id: order for order in db.session.scalars(orders)},
        state=state,
        words=money_words.refund_words(),
        state_of=following.state_of,
        way_words=money_words.way_words,
        arrival_words=money_words.arrival_words,
        trouble_words=money_words.trouble_words,
        now=clock.now(),
    )


@bp.post("/<refund_id>/retry")
@policy("leader")
def retry(refund_id: str) -> Response:
    """Try a failed refund again, with the same number."""
    refund = own_or_404(Refund, refund_id)
    with transaction():
        following.retry(refund, by_id=current_user.id, now=clock.now())
    flash(_("It is tried again within a few seconds."), "success")
    return redirect(url_for(".index", state="sent"), 303)
