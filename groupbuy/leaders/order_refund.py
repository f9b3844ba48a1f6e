"""Giving money back of one order: a form, what it would mean, then done."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy import giving_form
from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404
from groupbuy.leaders.order_rows import order_or_404
from groupbuy.orders.models import Order
from groupbuy.pickup.proposing import limit_fen

bp = Blueprint("refund", __name__, url_prefix="/<number>/refund")


@bp.get("")
@policy("leader")
def show(slug: str, number: str) -> Response:
    """The lines, and with pieces or amounts in the address what they come to."""
    deal = deal_or_404(slug)
    return _page(deal, order_or_404(deal, number))


@bp.post("")
@policy("leader")
def carry_out(slug: str, number: str) -> Response:
    """Do what was previewed; above the limit it is proposed."""
    deal = deal_or_404(slug)
    order = order_or_404(deal, number)
    try:
        with transaction():
            by = {"by_id": current_user.id, "now": clock.now()}
            answer = giving_form.carry_out(order, limit_fen(False), **by)
    except RuleBroken as refusal:
        return _page(deal, order, refusal.sentence, refusal.status)
    flash(giving_form.said(answer), "success")
    return redirect(url_for("lead_orders.one.show", slug=slug, number=number), 303)


def _page(deal: Deal, order: Order, problem: str = "", status: int = 200) -> Response:
    page = render_template(
        "leaders/order_refund.html",
        deal=deal,
        now=clock.now(),
        sheet=giving_form.sheet(order, limit_fen(False), problem),
        form_at=url_for(".show", slug=deal.slug, number=order.number),
        back=url_for("lead_orders.one.show", slug=deal.slug, number=order.number),
    )
    return make_response(page, status)
