"""接龙: the numbered list of a deal. Numbers have no gaps and are never taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from groupbuy.core.db import on_postgresql
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.orders.moving import move


def lock(deal: Deal) -> None:
    """Take the roll of `deal` before locking its items, as every order that enters it does."""
    if on_postgresql():
        counter = sa.select(Deal.id).where(Deal.id == deal.id)
        db.session.execute(counter.with_for_update(key_share=True))


def next_number(deal_id: int) -> int:
    """The deal's next number.

    The counter's row stays locked until commit, so a rolled-back number is given again.
    """
    last = (
        sa.update(Deal)
        .where(Deal.id == deal_id)
        .values(last_roll_no=Deal.last_roll_no + 1)
        .returning(Deal.last_roll_no)
        .execution_options(synchronize_session=False)
    )
    return db.session.scalars(last).one()


def enter(order: Order, kind: str, *, now: datetime, **told: Any) -> None:
    """Make a pending order `placed` under the deal's next number; `told` as for `move`.

    Raises WrongState.
    """
    number = next_number(order.deal_id)
    move(order, "placed", kind, now=now, values={"roll_no": number}, **told)
