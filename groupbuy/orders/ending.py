"""Ending many orders of a deal in one step: expired at the closing, or the deal came to nothing."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader
from groupbuy.core.db import moment, text_of
from groupbuy.core.errors import BadInput
from groupbuy.core.text import label
from groupbuy.deals import stock
from groupbuy.deals.models import Deal
from groupbuy.deals.window import lock_for_deciding
from groupbuy.extensions import db
from groupbuy.notices.owing import owe_each
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.moving import move_all
from groupbuy.payments import attempts
from groupbuy.payments.settling import settle_all


def cancel_deal(deal: Deal, *, because: str, now: datetime) -> int:
    """Call off a deal that has not closed: every order is cancelled, all money goes back.

    Returns how many orders that were. Raises BadInput without a reason, or WrongState.
    """
    because = label(because, 300)
    if not because:
        raise BadInput("because", _l("Say why, so that the neighbours can be told."))
    lock_for_deciding(deal)
    now = moment(now)
    deal.advance("cancelled", ended_because=because, closed_at=now)
    steps = (("pending", "cancelled"), ("placed", "cancelled"))
    return sum(end_orders(deal, step, "deal_cancelled", why=because, now=now) for step in steps)


def cancel_open_deals(leader: Leader, *, because: str, now: datetime) -> dict[int, int]:
    """Call off every deal of `leader` that still takes orders, or will; deal id -> its orders.

    Raises BadInput without a reason.
    """
    open_ones = sa.select(Deal).where(Deal.leader_id == leader.id, Deal.state == "open")
    deals = db.session.scalars(open_ones.order_by(Deal.id)).all()
    return {deal.id: cancel_deal(deal, because=because, now=now) for deal in deals}


def end_orders(deal: Deal, step: tuple[str, str], kind: str, *, why: str, now: datetime) -> int:
    """Move every order of `deal` through `step`, free its goods, give its money back, owe a notice.

    `kind` names the event, the notice and the refunds. The caller holds the deal's exclusive
    lock. In SQL throughout: a deal may have ten thousand orders.
    """
    ended = sa.select(Order.id).where(Order.deal_id == deal.id, Order.state == step[0])
    stock.release_orders(ended, kind, now=now)
    attempts.void_begun(ended)
    _run(
        sa.update(OrderLine)
        .where(OrderLine.order_id.in_(ended))
        .values(cancelled_pieces=OrderLine.quantity - OrderLine.short_pieces)
    )
    _run(sa.update(Order).where(Order.id.in_(ended)).values(due_fen=0))
    settle_all(ended, why=why or kind, key=kind, now=now)
    told = sa.select(
        Order.leader_id,
        Order.member_id,
        Order.deal_id,
        Order.id.label("order_id"),
        text_of(Order.id).label("key"),
    ).where(Order.deal_id == deal.id, Order.state == step[0])
    owe_each(kind, told, now=now)
    return move_all(ended, step, kind, now=now, why=why)


def _run(statement: sa.Update) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))
