"""Sending refunds to their providers: claim one, send it outside any transaction, write it down.

A refund has one number for ever. Whoever does not know how a try ended asks with that number, or
sends it again: for the provider it is the same refund, so nothing goes back twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from groupbuy.core.db import rowcount
from groupbuy.extensions import db
from groupbuy.notices.owing import owe
from groupbuy.orders.models import Order
from groupbuy.payments import cases, ledger
from groupbuy.payments.models import Refund
from groupbuy.payments.providers import WAYS
from groupbuy.payments.providers.reports import Refunded, RefundOrder, Refused, Unreachable

TRY_AGAIN = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 120, 240, 480, 720))
LEASE = timedelta(minutes=2)  # longer than all time-outs of one try together


def due(now: datetime, most: int = 500) -> list[int]:
    """Ids of the refunds to send or to ask about, the longest waiting first."""
    waiting = sa.select(Refund.id).where(Refund.next_try_at <= now, Refund.state != "succeeded")
    return list(db.session.scalars(waiting.order_by(Refund.next_try_at, Refund.id).limit(most)))


def claim(refund_id: int, *, now: datetime) -> bool:
    """Take a refund for this process and count the try; of several processes one gets it."""
    mine = (Refund.id == refund_id, Refund.next_try_at <= now)
    taken = sa.update(Refund).where(*mine, Refund.state != "succeeded")
    values = {
        "state": "submitted",
        "tries": Refund.tries + 1,
        "submitted_at": sa.func.coalesce(Refund.submitted_at, now),
        "next_try_at": now + LEASE,
    }
    return rowcount(taken.values(values)) == 1


def send(refund_id: int, notify_url: str) -> Refunded:
    """Give the money back, or find out that it went back already; uses the network.

    Raises Unreachable when nothing is known afterwards: the same number is tried again.
    """
    refund = db.session.get_one(Refund, refund_id)
    payment = refund.payment
    way, again = WAYS[payment.way], refund.tries > 1
    order = RefundOrder(
        payment.out_trade_no,
        refund.out_refund_no,
        refund.amount_fen,
        payment.amount_fen,
        refund.why,
        notify_url,
    )
    db.session.rollback()
    if not way.is_on():
        raise Unreachable("this way to pay is not set up here any more")
    try:
        known = _known(way, order) if again else None
        told: Refunded = known or way.refund(order)
    except Refused as refusal:
        return Refunded(order.out_refund_no, "failed", error=str(refusal))
    return told


def write_down(told: Refunded, *, now: datetime) -> bool:
    """Record what a provider says of a refund, by answer or notification; True when it is new.

    A success is for ever; one after the money was given by hand becomes a case. So does another
    sum than was asked for: nothing is booked, and staff say what to do.
    """
    refund = db.session.scalars(
        sa.select(Refund)
        .where(Refund.out_refund_no == told.out_refund_no)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if refund is None:
        return cases.open_case("unknown_refund", told.out_refund_no, now=now)
    if told.state == "succeeded":
        return _succeed(refund, told, now)
    if refund.state == "succeeded":
        return False
    if told.state == "failed":
        return _fail(refund, told, now)
    refund.next_try_at = now + _wait(refund.tries)
    return True


def put_off(refund_id: int, error: str, *, now: datetime) -> None:
    """Nothing is known of a try: ask again later, with the same number."""
    refund = db.session.get_one(Refund, refund_id)
    if refund.state == "submitted":
        refund.next_try_at, refund.last_error = now + _wait(refund.tries), error[:300]


def retry(refund: Refund, *, now: datetime) -> None:
    """Staff want a failed refund tried again, with the same number. Raises WrongState."""
    refund.advance("submitted", next_try_at=now, tries=max(1, refund.tries))


def finish_by_hand(refund: Refund, *, by_id: int, now: datetime) -> None:
    """Staff gave the money back another way, from the bank. Raises WrongState when it went back."""
    refund.advance(
        "succeeded", by_hand=True, finished_at=now, finished_by_id=by_id, next_try_at=None
    )
    ledger.refund_succeeded(refund)
    _tell_member(refund, now)


def is_stuck(refund: Refund) -> bool:
    """Whether a person has to look after it."""
    return refund.state == "failed" and refund.next_try_at is None


def _known(way: ModuleType, order: RefundOrder) -> Refunded | None:
    """A refund that is there already; None: it is not, or the provider does not want to say.

    A question refused is no refund refused: told again by the same number, it is the same.
    """
    try:
        known: Refunded = way.query_refund(order)
    except Refused:
        return None
    return known if known.state in ("succeeded", "processing") else None


def _succeed(refund: Refund, told: Refunded, now: datetime) -> bool:
    if refund.state == "succeeded":
        detail = {"fen": told.refund_fen}
        return refund.by_hand and _open_case("refunded_too", refund, now, detail)
    if told.refund_fen != refund.amount_fen:
        if refund.state != "failed":
            refund.advance("failed")
        refund.next_try_at = None
        detail = {"fen": told.refund_fen, "asked": refund.amount_fen}
        return _open_case("wrong_refund", refund, now, detail)
    refund.advance("succeeded", finished_at=now, next_try_at=None, last_error="")
    ledger.refund_succeeded(refund)
    _tell_member(refund, now)
    return True


def _tell_member(refund: Refund, now: datetime) -> None:
    order = db.session.get_one(Order, refund.order_id)
    about = {
        "leader_id": order.leader_id,
        "member_id": order.member_id,
        "deal_id": order.deal_id,
        "order_id": order.id,
    }
    owe("refunded", str(refund.id), now=now, detail={"due_fen": refund.amount_fen}, **about)


def _fail(refund: Refund, told: Refunded, now: datetime) -> bool:
    if refund.state == "failed":  # said again
        return False
    given_up = refund.tries >= len(TRY_AGAIN)
    following = None if given_up else now + _wait(refund.tries)
    refund.advance("failed", last_error=told.error[:300], next_try_at=following)
    if given_up:
        _open_case("refund_failed", refund, now, {"error": told.error[:300]})
    return True


def _open_case(kind: str, refund: Refund, now: datetime, detail: dict[str, Any]) -> bool:
    about = {"leader_id": refund.leader_id, "refund_id": refund.id}
    return cases.open_case(kind, refund.out_refund_no, now=now, detail=detail, **about)


def _wait(tries: int) -> timedelta:
    return TRY_AGAIN[min(max(tries, 1), len(TRY_AGAIN)) - 1]
