"""A leader's pickup points: added, described, put away when no deal needs them any more."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader, PickupPoint
from groupbuy.core import action_log
from groupbuy.core.db import insert_once, rowcount
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.deals.models import Deal, DealPoint
from groupbuy.extensions import db
from groupbuy.pickup.models import Pickup

_RUNNING = ("open", "closing", "closed")
_WAITING = ("waiting", "ready")


class PointInUse(RuleBroken):
    """Neighbours have chosen it, or still can."""

    message = _l("%(deals)s still uses this point. Put it away when all is collected.")


@dataclass(frozen=True)
class PointForm:
    """Where bags wait; texts are clean, `hours` are in the leader's own words."""

    name: str
    address: str = ""
    hours: str = ""


def add_point(leader: Leader, form: PointForm, *, by_id: int, now: datetime) -> None:
    """A new point of `leader`. Raises BadInput (field "name") for a name that they have."""
    row = {"leader_id": leader.id, "is_active": True, **asdict(form)}
    if not rowcount(insert_once(PickupPoint).values(row)):
        raise _taken()
    added = sa.select(PickupPoint).where(PickupPoint.leader_id == leader.id)
    point = db.session.scalars(added.where(PickupPoint.name == form.name)).one()
    _log("point_added", point, by_id, now)


def change_point(point: PickupPoint, form: PointForm, *, by_id: int, now: datetime) -> bool:
    """Describe it anew, for the deals that run, too. Returns whether people find it elsewhere.

    Raises BadInput (field "name").
    """
    others = sa.select(PickupPoint.id).where(
        PickupPoint.leader_id == point.leader_id,
        PickupPoint.name == form.name,
        PickupPoint.id != point.id,
    )
    if db.session.scalar(others) is not None:
        raise _taken()
    moved = (point.name, point.address) != (form.name, form.address)
    point.name, point.address, point.hours = form.name, form.address, form.hours
    db.session.flush()
    _log("point_changed", point, by_id, now, name=form.name)
    return moved


def put_away(point: PickupPoint, *, by_id: int, now: datetime) -> None:
    """No new deal offers it. Raises PointInUse, naming the deals that still need it."""
    db.session.refresh(point, with_for_update=True)
    if titles := deals_using([point.id]).get(point.id):
        raise PointInUse(deals=" · ".join(f"“{title}”" for title in titles))
    point.is_active = False
    _log("point_put_away", point, by_id, now)


def bring_back(point: PickupPoint, *, by_id: int, now: datetime) -> None:
    """New deals may offer it again."""
    point.is_active = True
    _log("point_brought_back", point, by_id, now)


def deals_using(point_ids: list[int]) -> dict[int, list[str]]:
    """Point id -> titles of the deals that run there or have bags waiting there."""
    waiting = sa.exists().where(
        Pickup.deal_id == Deal.id,
        Pickup.point_id == DealPoint.point_id,
        Pickup.state.in_(_WAITING),
    )
    using = (
        sa.select(DealPoint.point_id, Deal.title)
        .join(Deal, Deal.id == DealPoint.deal_id)
        .where(DealPoint.point_id.in_(point_ids), sa.or_(Deal.state.in_(_RUNNING), waiting))
        .order_by(Deal.id)
    )
    titles: dict[int, list[str]] = {}
    for point_id, title in db.session.execute(using):
        titles.setdefault(point_id, []).append(title)
    return titles


def _taken() -> BadInput:
    return BadInput("name", _l("You have a point of this name already."))


def _log(action: str, point: PickupPoint, by_id: int, now: datetime, **detail: Any) -> None:
    action_log.note(
        action,
        f"point:{point.id}",
        actor_id=by_id,
        leader_id=point.leader_id,
        now=now,
        **detail or {"name": point.name},
    )
