"""Every refund and where it is; what failed is tried again or given by hand."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from groupbuy import listing, money_words
from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.operators import rows
from groupbuy.orders.models import Order
from groupbuy.payments import following
from groupbuy.payments.models import Refund

bp = Blueprint("op_refunds", __name__, url_prefix="/operator/refunds")


@bp.get("")
@policy("operator")
def index() -> str:
    """The newest first, by state and leader."""
    state = listing.asked_one_of("state", following.SHOWN)
    leader_id = listing.asked_id("leader")
    wanted = sa.select(Refund).options(joinedload(Refund.payment))
    if state:
        wanted = wanted.where(following.shown(state))
    if leader_id is not None:
        wanted = wanted.where(Refund.leader_id == leader_id)
    found = listing.newest_first(wanted, Refund.id)
    ids = [refund.order_id for refund in found.rows]
    orders = db.session.scalars(sa.select(Order).where(Order.id.in_(ids)))
    return render_template(
        "operators/refunds.html",
        found=found,
        orders={order.id: order for order in orders},
        state=state,
        words=money_words.refund_words(),
        state_of=following.state_of,
        way_words=money_words.way_words,
        arrival_words=money_words.arrival_words,
        trouble_words=money_words.trouble_words,
        leader_id=leader_id,
        leaders=rows.leader_choices(),
        now=clock.now(),
    )


@bp.post("/<refund_id>/retry")
@policy("operator")
def retry(refund_id: str) -> Response:
    """Try a failed refund again, with the same number."""
    refund = rows.any_or_404(Refund, refund_id)
    with transaction():
        following.retry(refund, by_id=current_user.id, now=clock.now())
    flash(_("It is tried again within a few seconds."), "success")
    return redirect(url_for(".index", state="sent"), 303)


@bp.post("/<refund_id>/by-hand")
@policy("operator")
def by_hand(refund_id: str) -> Response:
    """The money went back another way, which is written down."""
    refund = rows.any_or_404(Refund, refund_id)
    with transaction():
        because = request.form.get("because", "")
        following.by_hand(refund, because, by_id=current_user.id, now=clock.now())
    flash(_("Noted: the money went back by hand."), "success")
    return redirect(url_for(".index", state="by_hand"), 303)
