"""What runs when, and how: each run is written to the ledger, each item has its own transaction.

Work is found by state, never by clock window, and every step is guarded, so a job may run in
any number of processes, at any time, again.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from groupbuy import invariants, timetable
from groupbuy.accounts import codes
from groupbuy.core import clock
from groupbuy.core.db import long_transaction, retrying, rowcount, transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.core.models import JobRun
from groupbuy.deals import restock, telling
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.money_jobs import ask_once, last_call, send_refund
from groupbuy.notices import sending
from groupbuy.notices.channels import NotDelivered
from groupbuy.orders import changing
from groupbuy.orders.models import Order
from groupbuy.payments import attempts, refunding, stuck
from groupbuy.pickup import bags, uncollected
from groupbuy.purchasing import closing
from groupbuy.settlement import crediting, settling
from groupbuy.support import digest

log = logging.getLogger(__name__)


@dataclass
class Tally:
    """What a run did; `late_seconds` is how overdue the oldest item was."""

    done: int = 0
    failed: int = 0
    late_seconds: int = 0
    detail: dict[str, Any] = field(default_factory=dict)


def close_due(now: datetime) -> Tally:
    """Close every deal whose time has come, however long ago."""
    tally = Tally()
    for deal_id in closing.due_deals(now):
        deal = db.session.get_one(Deal, deal_id)
        late = int((now - (deal.closes_at or now)).total_seconds())
        if _attempt(tally, f"deal {deal_id}", lambda: close_deal(deal_id, now=now)):  # noqa: B023
            tally.late_seconds = max(tally.late_seconds, late)
    return tally


def close_deal(deal_id: int, *, now: datetime) -> None:
    """Steps A, B and C of one deal. Raises RuleBroken when another process was there first."""

    def step_a() -> None:
        with transaction():
            closing.begin(db.session.get_one(Deal, deal_id), now=now)

    def step_c() -> None:
        with long_transaction():
            deal = db.session.get_one(Deal, deal_id)
            closing.finish(deal, now=now)
            if deal.state == "closed":
                bags.make_bags(deal, now=now)

    retrying(step_a)
    last_call(closing.unknown_payments(deal_id))
    retrying(step_c)


def expire_unpaid(now: datetime) -> Tally:
    """Let go of orders whose time to pay is over."""

    def expire(order_id: int) -> None:
        with transaction():
            changing.expire_order(db.session.get_one(Order, order_id), now=now)

    return _each(changing.unpaid_past_due(now), "order", expire)


def send_notices(now: datetime) -> Tally:
    """Send the messages owed."""

    def send(notice_id: int) -> None:
        with transaction():
            if not sending.claim(notice_id, now=now):
                return
        outcomes = sending.deliver(notice_id, now=now)
        with transaction():
            well = sending.write_down(notice_id, outcomes, now=now)
        if not well:
            failures = [str(each) for each in outcomes.values() if isinstance(each, NotDelivered)]
            raise NotDelivered("; ".join(failures))

    return _each(sending.owed(now), "notice", send)


def pickup_reminders(now: datetime) -> Tally:
    """Owe a message to those whose bag is about to miss, or has missed, its time."""
    tally = Tally()
    with transaction():
        tally.done += uncollected.remind_before_end(now)
        tally.done += uncollected.remind_after_end(now)
    return tally


def announce_opened(now: datetime) -> Tally:
    """Owe followers the news of deals that have opened."""
    with transaction():
        return Tally(done=telling.tell_opened(now))


def closing_soon(now: datetime) -> Tally:
    """Owe a last call to followers who have not ordered from a deal that closes soon."""
    within = timedelta(minutes=current_app.config["CLOSING_SOON_MINUTES"])
    with transaction():
        return Tally(done=telling.tell_closing_soon(now, within))


def restock_warnings(now: datetime) -> Tally:
    """Owe leaders the news that little is left of an item for which they want to know."""
    with transaction():
        return Tally(done=restock.warn_of_little_left(now))


def leaders_digest(now: datetime) -> Tally:
    """Owe leaders for whom something waits one message a day that says how much."""

    def tell(leader_id: int) -> None:
        with transaction():
            digest.tell(leader_id, now=now)

    return _each(digest.due(now), "leader", tell)


def verify(now: datetime) -> Tally:
    """Check every invariant; a broken one fails the run and is named in the ledger."""
    found = invariants.broken()
    return Tally(failed=len(found), done=len(invariants.INVARIANTS), detail=found)


def ask_payments(now: datetime) -> Tally:
    """Ask the providers about attempts whose fate is not known."""
    return _each(attempts.due(now), "payment", lambda row_id: ask_once(row_id, now=now))


def send_refunds(now: datetime) -> Tally:
    """Send back what is owed, and ask after what was sent."""
    return _each(refunding.due(now), "refund", lambda row_id: send_refund(row_id, now=now))


def credit_commission(now: datetime) -> Tally:
    """Make commission the leaders' own once nobody can complain any more."""
    tally, credited = Tally(), -1
    while credited:
        with long_transaction():
            credited = crediting.credit(now=now)
        tally.done += credited
    return tally


def settle_deals(now: datetime) -> Tally:
    """Write down the sheets of deals about which nothing is open any more."""

    def settle(deal_id: int) -> None:
        with long_transaction():
            settling.settle(db.session.get_one(Deal, deal_id), by_id=None, now=now)

    return _each(settling.due(now), "deal", settle)


def money_alert(now: datetime) -> Tally:
    """Tell the operators once a day that money is stuck."""
    with transaction():
        return Tally(done=stuck.alert(now))


def forget_idle_runs(now: datetime) -> Tally:
    """Drop week-old ledger rows of runs that found nothing to do; the others stay for ever."""
    idle = sa.delete(JobRun).where(JobRun.done == 0, JobRun.failed == 0)
    with transaction():
        return Tally(done=rowcount(idle.where(JobRun.started_at < now - timedelta(days=7))))


def forget_codes(now: datetime) -> Tally:
    """Drop one-time codes of yesterday and before, a bounded number at a time."""
    tally, dropped = Tally(), -1
    while dropped:
        with transaction():
            dropped = codes.forget_old(now=now)
        tally.done += dropped
    return tally


_JOBS: dict[str, Callable[[datetime], Tally]] = {
    "close-due": close_due,
    "expire-unpaid": expire_unpaid,
    "send-notices": send_notices,
    "ask-payments": ask_payments,
    "send-refunds": send_refunds,
    "credit-commission": credit_commission,
    "settle-deals": settle_deals,
    "money-alert": money_alert,
    "pickup-reminders": pickup_reminders,
    "announce-opened": announce_opened,
    "closing-soon": closing_soon,
    "restock-warnings": restock_warnings,
    "leaders-digest": leaders_digest,
    "verify": verify,
    "forget-codes": forget_codes,
    "forget-idle-runs": forget_idle_runs,
}
# name -> (job, when it runs)
TIMETABLE = {name: (_JOBS[name], timing) for name, timing in timetable.TIMES.items()}


def run_requested(now: datetime) -> list[JobRun]:
    """Run what operators asked for and nobody has taken; several who look run each once."""
    runs = []
    # Plain values: what a job does with the session must not matter here.
    for request_id, name in [(each.id, each.name) for each in timetable.waiting()]:
        with transaction():
            mine = timetable.take(request_id, now=now)
        if mine:
            runs.append(run(name, now))
    return runs


def run(name: str, now: datetime) -> JobRun:
    """Run one job and write it to the ledger. A crash inside it is a failed run, not an end."""
    job, _timing = TIMETABLE[name]
    started = clock.now()
    try:
        tally = job(now)
    except Exception as error:
        db.session.rollback()
        log.exception("job %s failed", name)
        tally = Tally(failed=1, detail={"error": f"{type(error).__name__}: {error}"[:500]})
    with transaction():
        entry = JobRun(
            name=name,
            started_at=started,
            finished_at=clock.now(),
            outcome="failed" if tally.failed else "ok",
            done=tally.done,
            failed=tally.failed,
            late_seconds=tally.late_seconds,
            process=f"{socket.gethostname()}:{os.getpid()}"[:200],
            detail=tally.detail,
        )
        db.session.add(entry)
    return entry


def _each(ids: Iterable[int], what: str, act: Callable[[int], None]) -> Tally:
    tally = Tally()
    for row_id in ids:
        _attempt(tally, f"{what} {row_id}", lambda: act(row_id))  # noqa: B023
    return tally


def _attempt(tally: Tally, item: str, act: Callable[[], object]) -> bool:
    """Do one item; a refusal means that somebody else did it, a failure must not stop the rest."""
    try:
        act()
    except RuleBroken as refusal:
        db.session.rollback()
        log.info("%s: %s", item, refusal.sentence)
        return False
    except Exception:
        db.session.rollback()
        log.exception("%s failed; the next run tries again", item)
        tally.failed += 1
        return False
    tally.done += 1
    return True
