"""Writing down what people with rights did; the database refuses to change or delete a line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from groupbuy.core.models import ActionLog
from groupbuy.extensions import db


def note(
    action: str,
    subject: str,
    *,
    actor_id: int | None,
    leader_id: int | None = None,
    now: datetime,
    **detail: Any,
) -> None:
    """Log that `actor_id` did `action` to `subject` ("user:7", "order:12"). The caller commits.

    `detail` holds plain JSON values, never a whole phone number or a secret.
    """
    entry = ActionLog(
        at=now,
        actor_id=actor_id,
        leader_id=leader_id,
        action=action,
        subject=subject,
        detail=detail,
    )
    db.session.add(entry)
