"""Paying an order online: choose a way, go there, come back, and see what the provider said.

Looking at the page asks the database alone; the person may have the provider asked by a button.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import (
    Blueprint,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from groupbuy import money_jobs, wechat
from groupbuy.access import policy
from groupbuy.core import clock, qr
from groupbuy.core.db import retrying, transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.extensions import db, limiter
from groupbuy.members.pay_reading import paying_of
from groupbuy.members.pay_ways import Offer, fitting_for, offer_of
from groupbuy.members.person import me, own_order_or_404
from groupbuy.members.where_to import safe_next
from groupbuy.money_words import arrival_words, way_words
from groupbuy.orders import paying
from groupbuy.orders.models import Order
from groupbuy.payments import attempts
from groupbuy.payments.beginning import tell_provider
from groupbuy.payments.models import Payment
from groupbuy.payments.providers.reports import Begun, Refused, Unreachable

bp = Blueprint("pay", __name__)


@bp.get("/o/<number>/pay")
@policy("own")
def show(number: str) -> Response:
    """What is to be paid, until when, and how; or how paying ended.

    The page asks for itself while it waits: nothing new is 204, or it would undo a choice.
    """
    order = own_order_or_404(number)
    asks_itself = "HX-Request" in request.headers
    if asks_itself and paying_of(order, clock.now()).stage == "waiting":
        return Response(status=204)
    return _page(order)


@bp.post("/o/<number>/pay")
@policy("own")
@limiter.limit("30 per minute")
def begin(number: str) -> Response:
    """Begin, or go on with, an attempt in the chosen way."""
    order = own_order_or_404(number)
    offer = offer_of(order.deal.ways, request.form.get("way"))
    if offer is None:
        return _page(order, _("Choose how you pay."), 422)
    if offer.method == "jsapi" and not _openid():
        return _page(order, _("Let WeChat say who you are first, then pay."), 409)
    title = order.deal.title
    try:
        payment_id = retrying(lambda: _begin(order, offer, clock.now()))
    except RuleBroken as refusal:
        session["last_error"] = refusal.sentence[:300]
        return _page(order, refusal.sentence, refusal.status)
    if offer.way == "cash":
        flash(_("Give the money to the leader; the order counts once they have it."), "success")
        return redirect(url_for("orders.show", number=number), 303)
    return _tell(number, payment_id, title)


@bp.post("/o/<number>/pay/ask")
@policy("own")
@limiter.limit("20 per minute")
def ask(number: str) -> Response:
    """Ask the provider, now, about the attempt that was begun last."""
    order = own_order_or_404(number)
    payment = paying_of(order, clock.now()).payment
    if payment and payment.state != "confirmed" and not payment.ended_at:
        told = money_jobs.ask_about(payment.id, now=clock.now())
        if told is None:
            flash(_("The provider does not answer. We go on asking; nothing is lost."), "error")
        elif told.state != "paid":
            flash(
                _("The provider has no payment of yours yet. If you paid, wait a minute."), "error"
            )
    return redirect(url_for("pay.show", number=number), 303)


def _begin(order: Order, offer: Offer, now: datetime) -> int:
    with transaction():
        return paying.begin(order, offer.way, offer.method, now=now).id


def _tell(number: str, payment_id: int, title: str) -> Response:
    """Tell the provider, outside any transaction, and go where it says."""
    here = url_for("pay.show", number=number)
    device = {"client_ip": request.remote_addr or "", "openid": _openid()}
    try:
        begun = tell_provider(payment_id, title=title, back=here, **device)
    except Unreachable:
        db.session.rollback()
        flash(_("The provider does not answer. Try again, or choose another way."), "error")
        return redirect(here, 303)
    except Refused:
        _give_up(payment_id)
        flash(_("The provider refused this payment. Try again, or choose another way."), "error")
        return redirect(here, 303)
    with transaction():
        attempts.note_begun(payment_id, begun._asdict())
    return _go_to(begun, here)


def _give_up(payment_id: int) -> None:
    """What the provider refuses is tried again with another number."""
    db.session.rollback()
    with transaction():
        payment = db.session.get_one(Payment, payment_id)
        attempts.void_begun(db.select(Order.id).where(Order.id == payment.order_id))


def _go_to(begun: Begun, here: str) -> Response:
    """A form may not lead to another host (see HEADERS), so a page leads there."""
    if begun.kind != "redirect":
        return redirect(here, 303)
    if safe_next(begun.url) == begun.url:
        return redirect(begun.url, 303)
    return make_response(render_template("members/pay_leave.html", url=begun.url, back=here))


def _openid() -> str:
    user = me().user
    return (user.wechat_openid if user else None) or ""


def _page(order: Order, problem: str = "", status: int = 200) -> Response:
    now = clock.now()
    standing = paying_of(order, now)
    known = fitting_for(order)
    begun: dict[str, Any] = (standing.payment and standing.payment.begun_with) or {}
    code = Markup(qr.svg(begun["url"])) if begun.get("kind") == "qr" else ""
    page = render_template(
        "members/pay.html",
        order=order,
        deal=order.deal,
        paying=standing,
        offers=known.offers,
        begun=begun,
        code=code,
        problem=problem,
        limit_fen=known.limit_fen,
        needs_wechat=any(o.method == "jsapi" for o in known.offers) and not _openid(),
        wechat_configured=wechat.configured(),
        way_words=way_words,
        arrival_words=arrival_words,
        now=now,
    )
    return make_response(page, status)
