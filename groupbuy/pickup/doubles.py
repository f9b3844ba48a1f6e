"""Scans that a phone kept while it had no network: the first handover wins, a second is a case."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from groupbuy.accounts.models import Leader
from groupbuy.core.db import insert_once, rowcount
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import label
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.pickup.finding import Opened
from groupbuy.pickup.handover import AlreadyHandedOver, NotThatMany, UnknownCode, hand_over
from groupbuy.pickup.household import siblings
from groupbuy.pickup.models import DoubleHandover, Handover, Pickup
from groupbuy.pickup.together import Chosen, given_by


class CaseClosed(RuleBroken):
    """Somebody has looked into it before."""

    message = _l("This was looked into before.")


class Kept(NamedTuple):
    """A scan from a phone's queue; `at` by the phone's own clock.

    `chosen` when the bag was on the screen as the network went: bag id -> line id -> pieces.
    """

    nonce: str
    at: datetime
    chosen: Chosen | None = None


class Replayed(NamedTuple):
    """What a kept scan came to: what it handed over, and what others had handed over before it."""

    given: list[Handover]
    before: list[AlreadyHandedOver | NotThatMany]


def replay(opened: Opened, kept: Kept, *, by_id: int | None, now: datetime) -> Replayed:
    """Hand over what was given without a network: what of the household stands there to be given.

    What had been handed over by then becomes a DoubleHandover, once for a nonce. The same nonce
    again is the same success. Raises the refusal when the bag could not be given at all.
    """
    pickup, proxy = opened
    together = siblings(pickup)
    done = given_by(together, kept.nonce)
    if done:
        return Replayed(list(done), [])
    outcome = Replayed([], [])
    for bag in _meant(pickup, together, kept.chosen):
        try:
            outcome.given.append(
                hand_over(
                    bag,
                    nonce=kept.nonce,
                    by_id=by_id,
                    now=now,
                    pieces=kept.chosen[bag.id] if kept.chosen else None,
                    proxy=proxy if bag is pickup else None,
                )
            )
        except (AlreadyHandedOver, NotThatMany) as refusal:
            outcome.before.append(refusal)
            _note(bag, kept, by_id=by_id, now=now)
    return outcome


def open_cases(leader: Leader, point_ids: Set[int] | None = None) -> Sequence[DoubleHandover]:
    """What nobody has looked into yet, the oldest first, with bag, person, point and deal.

    Of the bags of these points; None: of all.
    """
    mine = DoubleHandover.leader_id == leader.id, DoubleHandover.closed_at.is_(None)
    bag = joinedload(DoubleHandover.pickup)
    found = sa.select(DoubleHandover).where(*mine).order_by(DoubleHandover.id)
    if point_ids is not None:
        here = DoubleHandover.pickup.has(Pickup.point_id.in_(point_ids))
        found = found.where(here)
    return db.session.scalars(
        found.options(
            joinedload(DoubleHandover.by),
            bag.joinedload(Pickup.member),
            bag.joinedload(Pickup.point),
            bag.joinedload(Pickup.deal).load_only(Deal.title, Deal.slug),
            bag.selectinload(Pickup.handovers).joinedload(Handover.by),
        )
    ).all()


def close(case: DoubleHandover, because: str, *, by_id: int | None, now: datetime) -> None:
    """Say what came of `case`. Raises BadInput without words, or CaseClosed."""
    because = label(because, 300)
    if not because:
        raise BadInput("because", _l("Say what came of it."))
    still_open = DoubleHandover.id == case.id, DoubleHandover.closed_at.is_(None)
    said = {"closed_at": now, "closed_by_id": by_id, "closed_because": because}
    if not rowcount(sa.update(DoubleHandover).where(*still_open).values(**said)):
        raise CaseClosed
    db.session.refresh(case)


def _meant(pickup: Pickup, together: list[Pickup], chosen: Chosen | None) -> list[Pickup]:
    """The bags that were given: what the screen said, else all that is ready, else the one."""
    if chosen:
        meant = [bag for bag in together if bag.id in chosen]
        if len(meant) < len(chosen):
            raise UnknownCode
        return meant
    return [bag for bag in together if bag.state == "ready"] or [pickup]


def _note(bag: Pickup, kept: Kept, *, by_id: int | None, now: datetime) -> None:
    row = {
        "leader_id": bag.leader_id,
        "pickup_id": bag.id,
        "nonce": kept.nonce,
        "scanned_at": kept.at,
        "by_id": by_id,
        "reported_at": now,
        "closed_because": "",
    }
    db.session.execute(insert_once(DoubleHandover).values(row))
