"""How far an evening at the gate is: bags collected, waiting, still to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from groupbuy.accounts.models import Leader
from groupbuy.core.clock import local
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.pickup.models import Pickup

AT_THE_GATE = ("closed", "arrived")  # deals in these states have bags
LATE = timedelta(days=7)  # so long after its end people still come for a bag


@dataclass
class Progress:
    """Numbers of bags; those of which nothing came are in none of them."""

    collected: int = 0
    ready: int = 0
    waiting: int = 0
    uncollected: int = 0

    @property
    def total(self) -> int:
        return self.collected + self.ready + self.waiting + self.uncollected

    @property
    def to_go(self) -> int:
        """Bags that may still be asked for."""
        return self.ready + self.waiting

    def join(self, other: Progress) -> None:
        """Count what another point has, too."""
        self.collected += other.collected
        self.ready += other.ready
        self.waiting += other.waiting
        self.uncollected += other.uncollected

    def add(self, state: str, count: int) -> None:
        """Count bags of a state."""
        if state != "void":
            setattr(self, state, getattr(self, state) + count)


def by_point(*whose: sa.ColumnElement[bool]) -> dict[int, Progress]:
    """Point id -> how far it is there, of the bags that fulfil `whose`; in one statement."""
    counted = (
        sa.select(Pickup.point_id, Pickup.state, sa.func.count())
        .where(*whose)
        .group_by(Pickup.point_id, Pickup.state)
    )
    found: dict[int, Progress] = defaultdict(Progress)
    for point_id, state, count in db.session.execute(counted):
        found[point_id].add(state, count)
    return dict(found)


def tonight(leader: Leader, point_ids: Set[int] | None, *, now: datetime) -> Progress:
    """How far the deals are that are collected today, at `point_ids` (None: everywhere)."""
    today = sa.select(Deal.id).where(Deal.leader_id == leader.id, *collected_on(now))
    whole = Progress()
    for point_id, part in by_point(Pickup.deal_id.in_(today)).items():
        if point_ids is None or point_id in point_ids:
            whole.join(part)
    return whole


def collected_on(instant: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions on Deal: with bags, and collected on the day of `instant`; no day fits, too."""
    midnight = local(instant).replace(hour=0, minute=0, second=0, microsecond=0)
    that_day = sa.and_(
        Deal.pickup_starts_at >= midnight, Deal.pickup_starts_at < midnight + timedelta(days=1)
    )
    return Deal.state.in_(AT_THE_GATE), sa.or_(Deal.pickup_starts_at.is_(None), that_day)


def at_the_gate(leader: Leader, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions on Deal: bags of it may be asked for now."""
    not_over = sa.or_(Deal.pickup_ends_at.is_(None), Deal.pickup_ends_at >= now - LATE)
    return Deal.leader_id == leader.id, Deal.state.in_(AT_THE_GATE), not_over
