"""Sending what is owed: claim one, send it outside any transaction, then write down how it went.

A crash between sending and writing down may repeat a message; it never loses one. The list
inside is told at once; every other channel waits for the end of the reader's quiet hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import sqlalchemy as sa
from flask import current_app
from flask_babel import force_locale

from groupbuy.core.db import moment, rowcount
from groupbuy.extensions import db
from groupbuy.notices.channels import CHANNELS, NeverDelivered, NotDelivered, reaches
from groupbuy.notices.letters import Message, Reader, is_news, message_of, reader_of
from groupbuy.notices.models import Delivery, Notice

ATTEMPTS = 5
CLAIM = timedelta(minutes=5)  # longer than all time-outs of all channels together


@dataclass(frozen=True)
class Held:
    """A channel that was not tried, because the reader wants quiet until then."""

    until: datetime


# How it went with one channel: sent, failed, or waiting.
Outcome: TypeAlias = Literal[""] | NotDelivered | Held


def owed(now: datetime, most: int = 500) -> list[int]:
    """Ids of messages to send now, the longest waiting first."""
    due = sa.select(Notice.id).where(Notice.state == "owed", Notice.next_try_at <= now)
    return list(db.session.scalars(due.order_by(Notice.next_try_at, Notice.id).limit(most)))


def claim(notice_id: int, *, now: datetime) -> bool:
    """Take a message for this process for a while; of several processes one gets it."""
    taken = (
        sa.update(Notice)
        .where(Notice.id == notice_id, Notice.state == "owed", Notice.next_try_at <= now)
        # From the present: `now` is when a run of many messages began.
        .values(next_try_at=moment(now) + CLAIM)
    )
    return rowcount(taken) == 1


def deliver(notice_id: int, *, now: datetime) -> dict[str, Outcome]:
    """Send by every channel that should have the message and has not: channel -> how it went.

    Uses the network: never inside a transaction.
    """
    notice = db.session.get_one(Notice, notice_id)
    reader = reader_of(notice)
    with force_locale(reader.locale):
        message = message_of(notice, now=now)
    wanted = _wanted(notice, reader, now)
    db.session.expunge_all()
    db.session.rollback()
    end = reader.quiet_end(now)
    return {
        name: Held(end) if end and name != "in_app" else _try(name, reader, message)
        for name in wanted
    }


def write_down(notice_id: int, outcomes: Mapping[str, Outcome], *, now: datetime) -> bool:
    """Record how `deliver` went; a channel that failed is tried again, `ATTEMPTS` times in all.

    Returns False when a channel failed; not when it will never reach this reader, which is
    nobody's fault, nor when it has to wait.
    """
    notice = db.session.get_one(Notice, notice_id)
    known = {delivery.channel: delivery for delivery in notice.deliveries}
    later = []
    for name, outcome in outcomes.items():
        if isinstance(outcome, Held):
            later.append(outcome.until)
            continue
        known[name] = _record(notice, name, known.get(name), outcome, now)
        if outcome and known[name].attempts < ATTEMPTS:
            later.append(now + timedelta(minutes=2 ** known[name].attempts))
    db.session.add_all(known.values())
    db.session.flush()
    if later:
        notice.next_try_at = min(later)
    else:
        given_up = any(_is_over(each) and not each.sent_at for each in known.values())
        notice.advance("failed" if given_up else "sent")
    return not any(
        isinstance(outcome, NotDelivered) and not isinstance(outcome, NeverDelivered)
        for outcome in outcomes.values()
    )


def _wanted(notice: Notice, reader: Reader, now: datetime) -> list[str]:
    """Of the channels in use: whom they reach and who wants them, unless it is over with them."""
    over = {delivery.channel for delivery in notice.deliveries if _is_over(delivery)}
    news = is_news(notice, now)
    return [
        name
        for name in current_app.config["NOTICE_CHANNELS"]
        if name not in over
        and (news or name == "in_app")
        and reader.wants(notice.kind, name)
        and reaches(name, reader)
    ]


def _is_over(delivery: Delivery) -> bool:
    return delivery.sent_at is not None or delivery.attempts >= ATTEMPTS


def _record(
    notice: Notice, name: str, known: Delivery | None, outcome: Outcome, now: datetime
) -> Delivery:
    delivery = known or Delivery(
        notice_id=notice.id, channel=name, leader_id=notice.leader_id, attempts=0
    )
    delivery.attempts = ATTEMPTS if isinstance(outcome, NeverDelivered) else delivery.attempts + 1
    delivery.sent_at = None if outcome else now
    delivery.last_error = (str(outcome) or "failed")[:300] if outcome else ""
    return delivery


def _try(name: str, reader: Reader, message: Message) -> Literal[""] | NotDelivered:
    try:
        CHANNELS[name].send(reader, message)
    except NotDelivered as failure:
        return failure
    return ""
