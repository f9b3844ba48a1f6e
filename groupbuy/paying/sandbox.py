"""The sandbox's page: whoever has the address says how paying shall end, and no money moves.

It writes the sandbox's books, then tells the site as a provider would: signed, at the same
address, to the same application.
"""

from __future__ import annotations

import contextvars
import logging
import re
from collections.abc import Callable
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.test import Client
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.extensions import db
from groupbuy.orders import changing, paying
from groupbuy.orders.models import Order
from groupbuy.payments.beginning import notify_url, tell_provider
from groupbuy.payments.models import Payment
from groupbuy.payments.providers import sandbox
from groupbuy.payments.providers.models import SandboxTrade
from groupbuy.payments.providers.reports import Paid

bp = Blueprint("sandbox", __name__)
log = logging.getLogger(__name__)
_NUMBER = re.compile(r"[0-9A-Za-z]{1,32}")


@bp.get("/sandbox/pay/<number>")
@policy("link")
def show(number: str) -> str:
    """What is to be paid, and the ways in which it can end."""
    trade = _trade_or_404(number)
    return render_template("paying/sandbox.html", trade=trade, back=_back(trade))


@bp.post("/sandbox/pay/<number>")
@policy("link")
def act(number: str) -> Response:
    """Let it end as the button says, and go back to the shop."""
    trade = _trade_or_404(number)
    do = _ACTS.get(request.form.get("act", "")) or abort(400)
    back, state = _back(trade), trade.state
    if state == "paid" or (state == "closed" and do is not _late):
        flash(_("This attempt has ended: it cannot be paid any more."), "error")
        return redirect(url_for("sandbox.show", number=number), 303)
    db.session.rollback()
    do(number)
    return redirect(back, 303)


def _pay(number: str) -> None:
    _tell(sandbox.pay(number))


def _fail(number: str) -> None:
    sandbox.fail(number)


def _twice(number: str) -> None:
    """As somebody does who pays on two screens: this attempt, and the order's next one."""
    following = _another_attempt(number)
    paid = [sandbox.pay(each) for each in (number, following) if each]
    for told in paid:
        _tell(told)


def _late(number: str) -> None:
    """As somebody does who left the page open: the order is given up, then they pay."""
    sandbox.close(number)
    order = _order_of(number)
    if order and order.state == "pending":
        try:
            with transaction():
                changing.cancel_order(order, now=clock.now(), actor_id=None)
        except RuleBroken:
            db.session.rollback()  # closed meanwhile: late all the same
    _tell(sandbox.pay(number))


def _silently(number: str) -> None:
    """Paid, and nobody is told: only asking finds it."""
    sandbox.pay(number)


_ACTS: dict[str, Callable[[str], None]] = {
    "pay": _pay,
    "fail": _fail,
    "twice": _twice,
    "late": _late,
    "silent": _silently,
}


def _another_attempt(number: str) -> str | None:
    """The number of a further attempt; None when the order takes no money any more."""
    order = _order_of(number)
    if order is None:
        return None
    now = clock.now()
    try:
        with transaction():
            paying.begin(order, "sandbox", "page", now=now)
            payment = paying.begin_anew(order, "page", now=now)
            payment_id, following = payment.id, payment.out_trade_no
    except RuleBroken:
        return None
    tell_provider(payment_id, title=_("Demo payment"), back=f"/o/{order.number}/pay")
    return following


def _tell(told: Paid) -> None:
    """Send the notification to this very application, as if it came over the network."""
    headers, body = sandbox.notification(told)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    address = urlsplit(notify_url("sandbox"))
    host = f"{address.scheme}://{address.netloc}"
    db.session.rollback()
    # In an empty context: a request of its own, with a session and a connection of its own.
    answer = contextvars.Context().run(
        Client(app).post, address.path, base_url=host, data=body, headers=headers
    )
    if answer.status_code >= 300:
        log.warning("sandbox: the notification was answered with %s", answer.status_code)


def _trade_or_404(number: str) -> SandboxTrade:
    known = sandbox.is_on() and _NUMBER.fullmatch(number)
    return (sandbox.find(number) if known else None) or abort(404)


def _order_of(number: str) -> Order | None:
    wanted = sa.select(Order).join(Payment, Payment.order_id == Order.id)
    return db.session.scalars(wanted.where(Payment.out_trade_no == number)).one_or_none()


def _back(trade: SandboxTrade) -> str:
    """The page of the shop that began it, on whatever host this one is open."""
    return urlsplit(trade.return_url).path
