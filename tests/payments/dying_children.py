"""Processes that talk to a gateway, for tests that kill them there."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any

import requests
from flask import current_app

from groupbuy import jobs
from groupbuy.accounts.models import Member
from groupbuy.core.db import rowcount
from groupbuy.core.tokens import public_id
from groupbuy.extensions import db
from groupbuy.payments import attempts, refunding
from groupbuy.payments.models import Payment, Refund
from groupbuy.payments.providers import alipay, alipay_gateway
from groupbuy.payments.providers.reports import Attempt, Begun, Refunded, RefundOrder
from tests.members.known import browser


def talk_to(gateway: dict[str, Any], patience: float) -> None:
    """Let this process use the gateway with these settings, and wait so many seconds for it."""
    current_app.config.update(gateway | {"WECHAT_TIMEOUT": patience})
    alipay_gateway.TIME_OUTS = (patience, patience)


def run_job(gateway: dict[str, Any], patience: float, name: str, now: datetime) -> None:
    """A job, as the scheduler runs it."""
    talk_to(gateway, patience)
    jobs.run(name, now)


def press_pay(
    gateway: dict[str, Any], patience: float, way: str, number: str, member_id: int
) -> None:
    """A resident presses the button on the page of order `number`.

    Alipay hears of an attempt from the resident's browser, so that opens the page at once: before
    anything could be written down.
    """
    talk_to(gateway, patience)
    alipay.begin = functools.partial(_begin_and_open, alipay.begin, patience)
    member = db.session.get_one(Member, member_id)
    there = browser(current_app, None, member)
    db.session.remove()
    assert there.post(f"/o/{number}/pay", data={"way": way}).status_code in (200, 303)


def _begin_and_open(begin: Callable[[Attempt], Begun], patience: float, attempt: Attempt) -> Begun:
    begun = begin(attempt)
    try:
        requests.get(begun.url, timeout=patience)
    except requests.RequestException:
        return begun  # an empty window
    return begun


# What a careless project would have done instead, for the controls.


def send_under_new_numbers(gateway: dict[str, Any], patience: float, now: datetime) -> None:
    """Send refunds, each try with a number of its own."""
    refunding.RefundOrder = new_number_each_time  # type: ignore[misc,assignment]
    run_job(gateway, patience, "send-refunds", now)


def new_number_each_time(trade: str, number: str, *more: Any) -> RefundOrder:
    return RefundOrder(trade, f"{number}-{public_id(4)}", *more)


def send_after_writing_down(gateway: dict[str, Any], patience: float, now: datetime) -> None:
    """Send refunds that were written down as done a moment before."""
    refunding.claim = functools.partial(_claim_as_done, refunding.claim)
    run_job(gateway, patience, "send-refunds", now)


def ask_for_the_last_time(gateway: dict[str, Any], patience: float, now: datetime) -> None:
    """Ask about payments, and forget each as soon as it is asked about."""
    attempts.claim = functools.partial(_claim_for_ever, attempts.claim)
    run_job(gateway, patience, "ask-payments", now)


def _claim_as_done(claim: Callable[..., bool], refund_id: int, *, now: datetime) -> bool:
    mine = claim(refund_id, now=now)
    refund = db.session.get_one(Refund, refund_id)
    db.session.refresh(refund)
    refunding.write_down(Refunded(refund.out_refund_no, "succeeded", refund.amount_fen), now=now)
    return mine


def _claim_for_ever(claim: Callable[..., bool], payment_id: int, *, now: datetime) -> bool:
    mine = claim(payment_id, now=now)
    rowcount(db.update(Payment).where(Payment.id == payment_id).values(next_ask_at=None))
    return mine
