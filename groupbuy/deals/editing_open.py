"""What may still change while neighbours order: words, pickup, ways to pay, stock; never prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core.db import rowcount
from groupbuy.core.errors import BadInput, WrongState
from groupbuy.deals.editing import check_pickup, check_ways
from groupbuy.deals.models import Deal, DealItem
from groupbuy.deals.telling import tell_members
from groupbuy.extensions import db


@dataclass(frozen=True)
class OpenDealForm:
    """`stocks` maps the ids of items whose stock changes to pieces, None for as many as wanted.

    `ways` to pay count for attempts that begin from now on; None: all that the site has.
    """

    intro: str
    pickup_starts_at: datetime | None = None
    pickup_ends_at: datetime | None = None
    stocks: Mapping[int, int | None] = field(default_factory=dict)
    ways: Sequence[str] | None = None


class StockTaken(BadInput):
    """Less than has been ordered already; `item_id` says of what."""

    def __init__(self, item: DealItem) -> None:
        message = _l("%(sold)s are ordered already, so there cannot be fewer.")
        super().__init__("stock", message, sold=item.sold)
        self.item_id = item.id


def edit_open(deal: Deal, form: OpenDealForm, *, now: datetime) -> None:
    """Change an open deal beside its buyers, who are told when its pickup moves.

    Raises WrongState, StockTaken or BadInput.
    """
    check_pickup(form.pickup_starts_at, form.pickup_ends_at)
    ways = check_ways(form.ways)
    db.session.refresh(deal, with_for_update={"key_share": True})
    before = _pickup(deal)
    changed = sa.update(Deal).where(Deal.id == deal.id, Deal.state == "open")
    changed = changed.values(
        intro=form.intro,
        pickup_starts_at=form.pickup_starts_at,
        pickup_ends_at=form.pickup_ends_at,
        ways=ways,
    )
    done = rowcount(changed)
    db.session.refresh(deal)
    if not done:
        raise WrongState(deal.state, "open")
    if _pickup(deal) != before:
        tell_members(deal, "pickup_moved", now=now)
    for item_id, stock in sorted(form.stocks.items()):
        _set_stock(deal, item_id, stock)
    db.session.expire(deal, ["items"])


def _pickup(deal: Deal) -> list[datetime | None]:
    """From when until when, in whole minutes, as people type it."""
    window = deal.pickup_starts_at, deal.pickup_ends_at
    return [instant and instant.replace(second=0, microsecond=0) for instant in window]


def _set_stock(deal: Deal, item_id: int, stock: int | None) -> None:
    """Guarded like a sale: of a buyer and the leader who takes the last piece away, one wins."""
    if stock is not None and stock < 0:
        raise BadInput("stock", _l("Price, stock and limit cannot be negative."))
    mine = (DealItem.id == item_id, DealItem.deal_id == deal.id)
    changed = sa.update(DealItem).where(*mine).values(stock=stock)
    if stock is not None:
        changed = changed.where(DealItem.sold <= stock)
    if rowcount(changed.execution_options(synchronize_session=False)):
        return
    found = sa.select(DealItem).where(*mine).execution_options(populate_existing=True)
    item = db.session.scalars(found).one_or_none()
    if item is None:
        raise BadInput("stock", _l("An item is not part of this deal. Please load the page again."))
    raise StockTaken(item)
