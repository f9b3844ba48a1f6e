"""Orders move only here: the state and the event that tells of it, always together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import sqlalchemy as sa

from groupbuy.core.db import AnySelect, connection, forget, rowcount, stepping
from groupbuy.core.errors import WrongState
from groupbuy.core.inserts import Insertion
from groupbuy.orders.models import Order, OrderEvent

_EVENT_COLUMNS = (
    "leader_id",
    "order_id",
    "actor_id",
    "at",
    "kind",
    "from_state",
    "to_state",
    "why",
)
_ABOUT = ("event.leader_id", "event.order_id", "event.actor_id", "event.at")
_TELLING = sa.insert(OrderEvent.__table__)
_KINDS = ("event.first", "event.second")


class Locked(NamedTuple):
    """An order as it was read when it was locked, where loading it as an object costs too much."""

    id: int
    leader_id: int
    state: str


def move(
    order: Order,
    new_state: str,
    kind: str,
    *,
    now: datetime,
    values: Mapping[str, Any] = MappingProxyType({}),
    **told: Any,
) -> None:
    """Move `order`, setting `values`, and record it; `told` may hold actor_id, why and detail.

    Raises WrongState when the order is no longer where the caller saw it.
    """
    old_state = order.state
    order.advance_from(old_state, new_state, **values)
    record(order, kind, from_state=old_state, now=now, **told)


def record(order: Order, kind: str, *, from_state: str | None, now: datetime, **told: Any) -> None:
    """Add to the timeline of `order` what just happened to it."""
    event = {
        "leader_id": order.leader_id,
        "order_id": order.id,
        "actor_id": None,
        "at": now,
        "kind": kind,
        "from_state": from_state,
        "to_state": order.state,
        "why": "",
        "detail": None,
        **told,
    }
    connection().execute(_TELLING, event)


def move_locked(
    orders: Mapping[Locked, str], kind: str, *, now: datetime, actor_id: int | None, detail: Any
) -> None:
    """`move` each order to the state it is mapped to; one that stays where it is: `record`.

    Raises WrongState unless all are still where they were when they were locked.
    """
    for order, new_state in orders.items():
        if new_state != order.state and not _step(order, new_state, now):
            raise WrongState(order.state, new_state)
    common = {"at": now, "actor_id": actor_id, "kind": kind, "why": "", "detail": detail}
    events = [
        {
            "leader_id": order.leader_id,
            "order_id": order.id,
            "from_state": order.state,
            "to_state": new_state,
            **common,
        }
        for order, new_state in orders.items()
    ]
    connection().execute(_TELLING, events)
    forget(Order, [order.id for order in orders])


def _step(order: Locked, new_state: str, now: datetime) -> bool:
    if new_state not in Order.NEXT_STATES[order.state]:
        return False
    values = {"fulfilled_at": now} if new_state == "fulfilled" else {}
    asked = {"row_id": order.id, "to.state": new_state}
    asked |= {f"to.{name}": value for name, value in values.items()}
    moved = connection().execute(stepping(Order, (order.state,), tuple(values)), asked)
    return moved.one_or_none() is not None


def first_events(order: Order, *kinds: str, now: datetime, actor_id: int | None) -> Insertion:
    """How a new `order` came about: ordered, and what moved it on at once.

    `kinds` name one step for each of the states pending, placed.
    """
    about = (order.leader_id, order.id, actor_id, now)
    values = dict(zip(_ABOUT, about, strict=True))
    return Insertion(_insert_events(len(kinds)), values | dict(zip(_KINDS, kinds, strict=False)))


@cache
def _insert_events(count: int) -> sa.Insert:
    """One SELECT for each event, in their order: several VALUES would be compiled every time."""
    columns = OrderEvent.__table__.c
    steps = [(_KINDS[0], None, "pending"), (_KINDS[1], "pending", "placed")]
    selects = [
        sa.select(
            *(
                sa.bindparam(place, type_=columns[name].type)
                for place, name in zip((*_ABOUT, kind), _EVENT_COLUMNS, strict=False)
            ),
            sa.literal(old, columns.from_state.type),
            sa.literal(new, columns.to_state.type),
            sa.literal("", columns.why.type),
        )
        for kind, old, new in steps[:count]
    ]
    return sa.insert(OrderEvent.__table__).from_select(_EVENT_COLUMNS, sa.union_all(*selects))


def move_all(
    orders: AnySelect,
    step: tuple[str, str],
    kind: str,
    *,
    now: datetime,
    why: str = "",
    **values: Any,
) -> int:
    """`move` all orders whose ids `orders` selects through `step` (from, to), in SQL.

    The caller holds the deal's exclusive lock, so nobody else can move them in between.
    """
    old_state, new_state = step
    chosen = (Order.id.in_(orders), Order.state == old_state)
    columns = {
        "leader_id": Order.leader_id,
        "order_id": Order.id,
        "at": sa.literal(now, OrderEvent.__table__.c.at.type),
        "kind": sa.literal(kind),
        "from_state": Order.state,
        "to_state": sa.literal(new_state),
        "why": sa.literal(why),
    }
    rows = sa.select(*columns.values()).where(*chosen).order_by(Order.id)
    told = rowcount(sa.insert(OrderEvent).from_select([*columns], rows))
    moved = Order.advance_all(new_state, *chosen, **values)
    if told != moved:
        raise WrongState(old_state, new_state)
    return moved
