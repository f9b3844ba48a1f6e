"""Asking providers about attempts, and ending those that nobody should pay any more.

Everything here uses the network: never inside a transaction.
"""

from __future__ import annotations

from datetime import datetime

from groupbuy.extensions import db
from groupbuy.payments.models import Payment
from groupbuy.payments.providers import WAYS
from groupbuy.payments.providers.reports import Paid, Refused, Unreachable


def ask(payment_id: int, *, now: datetime, last_call: bool = False) -> Paid:
    """What the provider knows of an attempt. Raises Unreachable when nothing is known afterwards.

    One that is void, whose time is over, or with `last_call`, is ended there if it is not paid:
    the answer is "closed" then. What a provider has not heard of cannot be ended there before its
    time is over, and stays "unknown".
    """
    payment = db.session.get_one(Payment, payment_id)
    way, number = WAYS[payment.way], payment.out_trade_no
    over = last_call or payment.state == "void"
    ends = payment.expires_at
    over = over or (ends is not None and ends <= now)
    db.session.rollback()
    if not way.is_on():
        raise Unreachable(f"{payment_id}: this way to pay is not set up here any more")
    told: Paid = way.query(number)
    if not over or told.state in ("paid", "closed"):
        return told
    if told.state == "unpaid":
        try:
            way.close(number)
        except Refused:  # paid between the two questions, perhaps
            return way.query(number)
    if told.state == "unknown" and ends is not None and ends > now:
        return told  # some providers hear of an attempt only when somebody opens it
    return told._replace(state="closed")
