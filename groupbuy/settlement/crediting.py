"""When nobody can complain any more, the commission on hold becomes the leader's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app

from groupbuy.core.db import Id, UtcDateTime, rowcount, sum_of, text_of
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.payments import ledger
from groupbuy.payments.ledger import Leg

AT_ONCE = 500


def hold() -> timedelta:
    """How long after the handover commission is held back."""
    return timedelta(hours=current_app.config["AFTER_SALE_HOURS"])


def credit(*, now: datetime, most: int = AT_ONCE) -> int:
    """Credit the commission of up to `most` orders whose hold is over; returns how many.

    What is taken back of them later is taken from the leader's own (payments.earning).
    """
    due = (
        Order.state == "fulfilled",
        Order.credited_at.is_(None),
        Order.fulfilled_at <= now - hold(),
    )
    # Locked by id, as everywhere; an order that somebody is at is left for the next run.
    waiting = sa.select(Order.id).where(*due).order_by(Order.id).limit(most)
    ids = list(db.session.scalars(waiting.with_for_update(skip_locked=True, key_share=True)))
    if not ids:
        return 0
    facts = _facts(ids, now)
    c = facts.c
    ledger.write(
        facts,
        Leg("commission_held", c.leader_id, c.fen),
        Leg("commission", c.leader_id, -c.fen),
    )
    marking = sa.update(Order).where(Order.id.in_(ids), *due).values(credited_at=now)
    return rowcount(marking.execution_options(synchronize_session="fetch"))


def _facts(ids: Sequence[int], now: datetime) -> sa.Subquery:
    """A row for each order that has commission, as `ledger.write` wants them."""
    fen = sum_of(OrderLine.commission_fen)
    return (
        sa.select(
            (sa.literal("credited:") + text_of(Order.id)).label("idem_key"),
            sa.literal("commission_credited").label("kind"),
            sa.literal(now, UtcDateTime).label("at"),
            Order.leader_id,
            Order.deal_id,
            Order.id.label("order_id"),
            sa.cast(sa.null(), Id).label("actor_id"),
            fen.label("fen"),
        )
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.id.in_(ids))
        .group_by(Order.id, Order.leader_id, Order.deal_id)
        .having(fen != 0)
    ).subquery()
