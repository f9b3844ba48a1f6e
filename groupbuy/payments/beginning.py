"""Telling a provider of an attempt that has begun. Uses the network: never inside a transaction."""

from __future__ import annotations

from flask import current_app

from groupbuy.extensions import db
from groupbuy.payments.models import Payment
from groupbuy.payments.providers import WAYS
from groupbuy.payments.providers.reports import Attempt, Begun


def tell_provider(
    payment_id: int, *, title: str, back: str, client_ip: str = "", openid: str = ""
) -> Begun:
    """How to get to pay an attempt that `paying.begin` made; `back` is the path to come back to.

    Raises Unreachable when nothing is known afterwards, Refused when the provider says no.
    """
    payment = db.session.get_one(Payment, payment_id)
    assert payment.expires_at is not None  # paying.begin set it
    attempt = Attempt(
        out_trade_no=payment.out_trade_no,
        amount_fen=payment.amount_fen,
        title=title,
        method=payment.method,
        expires_at=payment.expires_at,
        return_url=f"{current_app.config['SITE_URL']}{back}",
        notify_url=notify_url(payment.way),
        client_ip=client_ip,
        openid=openid,
    )
    provider = WAYS[payment.way]
    db.session.rollback()
    begun: Begun = provider.begin(attempt)
    return begun


def notify_url(way: str) -> str:
    """Where the provider of `way` tells us what happened."""
    return f"{current_app.config['SITE_URL']}/pay/{way}/notify"
