"""Passes: somebody else collects a bag, once, with a code of their own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import aliased

from groupbuy.core.db import rowcount
from groupbuy.core.errors import RuleBroken
from groupbuy.extensions import db
from groupbuy.pickup import bags
from groupbuy.pickup.models import Handover, Pickup, PickupProxy


class PassEnded(RuleBroken):
    """The pass was used, taken back, or replaced by a newer one."""

    message = _l("This pass has ended. Ask whoever sent it to you for a new one.")
    status = 410


class NothingToPassOn(RuleBroken):
    """The bag is gone, or there never was anything in it."""

    message = _l("This bag is no longer there to be collected, so nobody can be sent for it.")


def make_pass(pickup: Pickup, *, now: datetime) -> PickupProxy:
    """Let somebody else collect `pickup`; a pass made before ends. Raises NothingToPassOn."""
    bags.lock_contents(pickup)
    if pickup.state not in bags.COLLECTIBLE:
        raise NothingToPassOn
    bags.end_passes(pickup, now=now)
    proxy = PickupProxy(
        leader_id=pickup.leader_id,
        deal_id=pickup.deal_id,
        pickup_id=pickup.id,
        made_at=now,
        **next(bags.fresh_secrets(pickup.deal_id)),
    )
    db.session.add(proxy)
    db.session.flush()
    return proxy


def passes_of(pickups: Iterable[Pickup]) -> dict[int, PickupProxy]:
    """Pickup id -> its pass, for those of `pickups` that somebody was asked to collect."""
    asked = [pickup.id for pickup in pickups if pickup.state in bags.COLLECTIBLE]
    live = PickupProxy.pickup_id.in_(asked), PickupProxy.ended_at.is_(None)
    found = db.session.scalars(sa.select(PickupProxy).where(*live)) if asked else ()
    return {proxy.pickup_id: proxy for proxy in found}


def use(proxy: PickupProxy, *, now: datetime) -> None:
    """The bag is given to whoever showed `proxy`. Raises PassEnded."""
    live = PickupProxy.id == proxy.id, PickupProxy.ended_at.is_(None)
    if not rowcount(sa.update(PickupProxy).where(*live).values(ended_at=now)):
        raise PassEnded


def reopen(handover: Handover) -> None:
    """`handover` was a slip: the pass that it ended is good again, unless there is a newer one."""
    newer = aliased(PickupProxy)
    another = sa.exists().where(newer.pickup_id == handover.pickup_id, newer.ended_at.is_(None))
    ended_by_it = (
        PickupProxy.pickup_id == handover.pickup_id,
        PickupProxy.ended_at == handover.at,
        ~another,
    )
    again = sa.update(PickupProxy).where(*ended_by_it).values(ended_at=None)
    db.session.execute(again.execution_options(synchronize_session="fetch"))
