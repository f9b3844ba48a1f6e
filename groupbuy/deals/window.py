"""Who may act on a deal at the same time, and whether its window is open."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core import clock
from groupbuy.core.db import on_postgresql
from groupbuy.core.errors import RuleBroken
from groupbuy.core.locks import lock_exclusive, lock_shared
from groupbuy.deals.models import Deal
from groupbuy.extensions import db

_LOCKS = 1  # namespace of the advisory locks on deals


class NotOpenYet(RuleBroken):
    """The window has not begun."""

    message = _l("This deal has not opened yet.")


class DealClosed(RuleBroken):
    """The window is over, or the deal was ended."""

    message = _l("This deal has closed: nothing can be ordered or changed any more.")


def lock_for_buying(deal: Deal, now: datetime) -> datetime:
    """Let buyers in together but never beside a closing; returns the instant that counts.

    Raises NotOpenYet or DealClosed. State and clock are read after the lock is held, so an order
    that waited behind the closing sees it; at exactly `closes_at` it is too late.
    """
    known: str = sa.inspect(deal).dict.get("state", "open")  # as it was when it was read, if it was
    if known not in ("draft", "open"):  # a closing of thousands is long to wait for a no
        raise DealClosed
    lock_shared(_LOCKS, deal.id)
    now = max(now, _read_afresh(deal))
    phase = deal.phase(now)
    if phase in ("draft", "upcoming"):
        raise NotOpenYet
    if phase != "open":
        raise DealClosed
    return now


def lock_for_paying(deal: Deal) -> None:
    """Let money in beside buyers: until the closing has decided, state counts and not the clock.

    Raises DealClosed once the deal is decided.
    """
    lock_shared(_LOCKS, deal.id)
    _read_afresh(deal)
    if deal.state not in ("open", "closing"):
        raise DealClosed


def lock_for_deciding(deal: Deal) -> None:
    """Wait for the buyers inside, keep others out until commit, and read `deal` afresh."""
    lock_exclusive(_LOCKS, deal.id)
    _read_afresh(deal)


def _read_afresh(deal: Deal) -> datetime:
    """Read `deal` as it is now, and the clock of the database, in one statement."""
    row = db.session.execute(_reading(on_postgresql()), {"id": deal.id}).one()
    return row[1] if on_postgresql() else clock.now()


@cache
def _reading(with_clock: bool) -> sa.Select[Any]:
    columns = (Deal, sa.func.clock_timestamp()) if with_clock else (Deal,)
    afresh = sa.select(*columns).where(Deal.id == sa.bindparam("id"))
    return afresh.execution_options(populate_existing=True)
