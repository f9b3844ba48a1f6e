"""Calls for help that somebody has answered, on the phone or in person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from groupbuy.core import action_log
from groupbuy.core.db import rowcount
from groupbuy.extensions import db
from groupbuy.support.models import HelpMessage


def mark_answered(message: HelpMessage, *, by_id: int, now: datetime) -> bool:
    """Say that `message` needs nobody any more; False if somebody had said so before."""
    said = {"answered_at": now, "answered_by_id": by_id}
    if not _set(message, HelpMessage.answered_at.is_(None), said):
        return False
    _log("help_answered", message, by_id, now)
    return True


def mark_unanswered(message: HelpMessage, *, by_id: int, now: datetime) -> bool:
    """Put `message` back among those that wait; False if it waits already."""
    said = {"answered_at": None, "answered_by_id": None}
    if not _set(message, HelpMessage.answered_at.is_not(None), said):
        return False
    _log("help_taken_up_again", message, by_id, now)
    return True


def _set(message: HelpMessage, still: sa.ColumnElement[bool], said: dict[str, Any]) -> bool:
    """Of two who say it at once, one does."""
    same = sa.update(HelpMessage).where(HelpMessage.id == message.id, still)
    changed = rowcount(same.values(**said)) == 1
    db.session.refresh(message)
    return changed


def _log(action: str, message: HelpMessage, by_id: int, now: datetime) -> None:
    subject = f"help:{message.id}"
    action_log.note(action, subject, actor_id=by_id, leader_id=message.leader_id, now=now)
