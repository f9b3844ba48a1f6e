"""Sending what is owed: claim one, send it outside any transaction, then write down how it went.

A crash between sending and writing down may repeat a message; it never loses one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app
from flask_babel import force_locale

from groupbuy.accounts.models import Member, User
from groupbuy.core.db import rowcount
from groupbuy.extensions import db
from groupbuy.notices.channels import CHANNELS, NotDelivered
from groupbuy.notices.models import Delivery, Notice
from groupbuy.notices.wording import words

ATTEMPTS = 5
CLAIM = timedelta(minutes=2)  # longer than any channel's time-out


def owed(now: datetime, most: int = 500) -> list[int]:
    """Ids of messages to send now, the longest waiting first."""
    due = sa.select(Notice.id).where(Notice.state == "owed", Notice.next_try_at <= now)
    return list(db.session.scalars(due.order_by(Notice.next_try_at, Notice.id).limit(most)))


def claim(notice_id: int, *, now: datetime) -> bool:
    """Take a message for this process for a while; of several processes one gets it."""
    taken = (
        sa.update(Notice)
        .where(Notice.id == notice_id, Notice.state == "owed", Notice.next_try_at <= now)
        .values(next_try_at=now + CLAIM)
    )
    return rowcount(taken) == 1


def deliver(notice_id: int) -> dict[str, str]:
    """Send by every channel that has not had the message yet; channel -> error, or empty.

    Uses the network: never inside a transaction.
    """
    notice = db.session.get_one(Notice, notice_id)
    done = {delivery.channel for delivery in notice.deliveries if delivery.sent_at}
    with force_locale(_language(notice)):
        text = words(notice)
    db.session.expunge_all()
    db.session.rollback()
    wanted = [name for name in current_app.config["NOTICE_CHANNELS"] if name not in done]
    return {name: _try(name, notice, text) for name in wanted}


def write_down(notice_id: int, outcomes: dict[str, str], *, now: datetime) -> bool:
    """Record how `deliver` went; a failed message is tried again later, `ATTEMPTS` times in all.

    Returns whether everything was sent.
    """
    notice = db.session.get_one(Notice, notice_id)
    known = {delivery.channel: delivery for delivery in notice.deliveries}
    for name, error in outcomes.items():
        delivery = known.get(name) or Delivery(
            notice_id=notice_id, channel=name, leader_id=notice.leader_id, attempts=0
        )
        delivery.attempts += 1
        delivery.sent_at = None if error else now
        delivery.last_error = error
        known[name] = delivery
    db.session.add_all(known.values())
    db.session.flush()
    # Only of the channels in use: one that was switched off would keep the message for ever.
    open_tries = [known[name].attempts for name, error in outcomes.items() if error]
    if not open_tries:
        notice.advance("sent")
    elif max(open_tries) >= ATTEMPTS:
        notice.advance("failed")
    else:
        notice.next_try_at = now + timedelta(minutes=2 ** max(open_tries))
    return not open_tries


def _try(name: str, notice: Notice, text: str) -> str:
    try:
        CHANNELS[name].send(notice, text)
    except NotDelivered as failure:
        return (str(failure) or "failed")[:300]
    return ""


def _language(notice: Notice) -> str:
    """What the reader chose; suppliers and guests read the language of the house."""
    member = sa.select(Member.user_id).where(Member.id == notice.member_id)
    user_id = notice.user_id or db.session.scalar(member)
    chosen = db.session.scalar(sa.select(User.locale).where(User.id == user_id))
    house: str = current_app.config["BABEL_DEFAULT_LOCALE"]
    return chosen or house
