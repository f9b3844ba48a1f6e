"""Asking the leader for help, with what one was doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from groupbuy.accounts.models import Leader, User
from groupbuy.core.db import insert_once
from groupbuy.core.text import label
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices import owing
from groupbuy.notices.models import Notice
from groupbuy.orders.models import Order
from groupbuy.support.models import HelpMessage

# What somebody can be in the middle of.
STEPS = (
    "deal",
    "product",
    "cart",
    "checkout",
    "order",
    "change",
    "cancel",
    "pickup",
    "sign_in",
    "me",
)
LONGEST = 1000


@dataclass(frozen=True)
class Question:
    """What is asked and where it came from; `name` and `phone` say how to answer.

    `key` names the form it was typed into. `step` is one of STEPS; `last_error` is the last
    refusal that was shown, or "".
    """

    text: str
    name: str
    phone: str
    key: str
    step: str
    last_error: str = ""
    deal: Deal | None = None
    order: Order | None = None


def ask(leader: Leader, question: Question, user: User | None, *, now: datetime) -> bool:
    """Put `question` before `leader` and owe them word of it; `user` asks, or None for a guest.

    The same form again asks nothing new. Returns whether it was new.
    """
    about: dict[str, Any] = {
        "leader_id": leader.id,
        "deal_id": question.deal.id if question.deal else None,
        "order_id": question.order.id if question.order else None,
    }
    told = about | {"user_id": leader.user_id, "detail": {"step": question.step}}
    row = owing.owed("help", question.key, now=now, **told)
    # The key of the message decides: of two taps at once, the second one waits here and is told.
    new = db.session.scalar(insert_once(Notice).values(row).returning(Notice.id))
    if new is None:
        return False
    db.session.add(
        HelpMessage(
            user_id=user.id if user else None,
            step=question.step,
            last_error=label(question.last_error, 300),
            text=question.text,
            contact=f"{question.name} {question.phone}",
            at=now,
            **about,
        )
    )
    db.session.flush()
    return True
