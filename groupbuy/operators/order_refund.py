"""An operator gives money back of one order: a form, what it would mean, then done."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy import giving_form
from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.operators.orders import order_or_404
from groupbuy.orders.models import Order
from groupbuy.pickup.proposing import limit_fen

bp = Blueprint("op_order_refund", __name__, url_prefix="/operator/orders/<number>/refund")


@bp.get("")
@policy("operator")
def show(number: str) -> Response:
    """The lines, and with pieces or amounts in the address what they come to."""
    return _page(order_or_404(number))


@bp.post("")
@policy("operator")
def carry_out(number: str) -> Response:
    """Do what was previewed; above the limit it is proposed."""
    order = order_or_404(number)
    try:
        with transaction():
            by = {"by_id": current_user.id, "now": clock.now()}
            answer = giving_form.carry_out(order, limit_fen(True), **by)
    except RuleBroken as refusal:
        return _page(order, refusal.sentence, refusal.status)
    flash(giving_form.said(answer), "success")
    return redirect(url_for("op_orders.show", number=number), 303)


def _page(order: Order, problem: str = "", status: int = 200) -> Response:
    page = render_template(
        "operators/order_refund.html",
        now=clock.now(),
        sheet=giving_form.sheet(order, limit_fen(True), problem),
        form_at=url_for(".show", number=order.number),
        back=url_for("op_orders.show", number=order.number),
    )
    return make_response(page, status)
