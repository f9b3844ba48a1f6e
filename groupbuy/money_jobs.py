"""Jobs that talk to the providers of payment: asking what came in, and sending back what is owed.

Each item is claimed in one transaction, asked about outside, and written down in another, so it
may die anywhere and be done again by anybody.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from groupbuy.core import clock
from groupbuy.core.db import retrying, transaction
from groupbuy.extensions import db
from groupbuy.orders import paying
from groupbuy.payments import asking, attempts, refunding
from groupbuy.payments.beginning import notify_url
from groupbuy.payments.models import Payment, Refund
from groupbuy.payments.providers.reports import Paid, ProviderError

SILENCES = 3
log = logging.getLogger(__name__)


def ask_about(payment_id: int, *, now: datetime, last_call: bool = False) -> Paid | None:
    """Ask about one attempt and book what is there; with `last_call` nobody may pay it after that.

    Returns what the provider said. None: it did not answer, and is asked again later; the attempt
    stays unknown till then.
    """
    way = db.session.get_one(Payment, payment_id).way
    try:
        told = asking.ask(payment_id, now=now, last_call=last_call)
    except ProviderError as silence:
        db.session.rollback()
        log.warning("payment %s: %s", payment_id, silence)
        return None
    except Exception:  # whatever is wrong there must not keep a deal from closing
        db.session.rollback()
        log.exception("payment %s: asking failed", payment_id)
        return None
    retrying(lambda: _write_down(payment_id, told, way, now))
    return told


def last_call(payment_ids: Sequence[int]) -> None:
    """Ask about each for the last time before a closing decides.

    One after another takes a time-out each when a provider is down: after SILENCES in a row the
    rest of its attempts stay unknown, and are asked about later.
    """
    silent: Counter[str] = Counter()
    for payment_id in payment_ids:
        way = db.session.get_one(Payment, payment_id).way
        if silent[way] < SILENCES:
            told = ask_about(payment_id, now=clock.now(), last_call=True)
            silent[way] = 0 if told else silent[way] + 1


def ask_once(payment_id: int, *, now: datetime) -> None:
    """`ask_about` what is due, unless another process has taken it."""
    with transaction():
        if not attempts.claim(payment_id, now=now):
            return
    ask_about(payment_id, now=now)


def send_refund(refund_id: int, *, now: datetime) -> None:
    """Send one refund, or ask how an earlier try ended, unless another process has taken it."""
    with transaction():
        if not refunding.claim(refund_id, now=now):
            return
    way = db.session.get_one(Refund, refund_id).payment.way
    try:
        told = refunding.send(refund_id, notify_url(way))
    except ProviderError as silence:
        db.session.rollback()
        why = str(silence)
        with transaction():
            refunding.put_off(refund_id, why, now=now)
        raise
    with transaction():
        refunding.write_down(told, now=now)


def _write_down(payment_id: int, told: Paid, way: str, now: datetime) -> None:
    with transaction():
        if told.state == "paid":
            paying.receive(told, way, now=now)
        elif told.state == "closed":
            attempts.end(payment_id, now=now)
