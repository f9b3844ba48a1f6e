"""Messages that did not leave the house: found, tried again, given up."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core import action_log
from groupbuy.core.errors import RuleBroken
from groupbuy.extensions import db
from groupbuy.notices.models import Delivery, Notice

OVERDUE = timedelta(minutes=10)  # the job that sends looks every few seconds


class NotWaiting(RuleBroken):
    """It was sent meanwhile, or is on its way."""

    message = _l("This message has been sent meanwhile.")


def failed() -> sa.Select[Notice]:
    """Messages on which every attempt is used up."""
    return sa.select(Notice).where(Notice.state == "failed")


def overdue(now: datetime) -> sa.Select[Notice]:
    """Messages that should have been sent a while ago; quiet hours make none overdue."""
    late = Notice.next_try_at < now - OVERDUE
    return sa.select(Notice).where(Notice.state == "owed", late)


def retry(notice: Notice, *, by_id: int, now: datetime) -> None:
    """Try all its channels afresh, at the next look. Raises NotWaiting."""
    _hold(notice)
    if notice.state == "sent":
        raise NotWaiting
    if notice.state == "failed":
        notice.advance("owed", next_try_at=now)
    else:
        notice.next_try_at = now
    again = sa.update(Delivery).where(Delivery.notice_id == notice.id, Delivery.sent_at.is_(None))
    db.session.execute(again.values(attempts=0).execution_options(synchronize_session=False))
    _log("notice_retried", notice, by_id, now)


def give_up(notice: Notice, because: str, *, by_id: int, now: datetime) -> None:
    """Send it no more. Raises WrongState."""
    _hold(notice)
    notice.advance("failed")
    _log("notice_given_up", notice, by_id, now, because=because)


def _hold(notice: Notice) -> None:
    db.session.refresh(notice, with_for_update=True)


def _log(action: str, notice: Notice, by_id: int, now: datetime, **detail: str) -> None:
    action_log.note(
        action,
        f"notice:{notice.id}",
        actor_id=by_id,
        leader_id=notice.leader_id,
        now=now,
        kind=notice.kind,
        **detail,
    )
