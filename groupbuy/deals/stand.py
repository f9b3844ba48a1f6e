"""What an order form needs of a deal, kept for a second: in a rush everybody asks for the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm.util import identity_key

from groupbuy.accounts.models import Leader, PickupPoint
from groupbuy.core.inserts import attached
from groupbuy.core.keeping import kept
from groupbuy.deals.board import PUBLISHED, is_slug
from groupbuy.deals.models import Deal, DealItem, DealPoint, DealQuestion
from groupbuy.extensions import db


class Stand(NamedTuple):
    """A published deal a moment ago, as plain values that belong to no session.

    `points` have id and name; `questions` id, kind, label, choices and required; `items`, by id,
    name, stock and sold; `ways` how to pay, None in every way. Nothing here is promised: placing
    an order reads all of it again.
    """

    id: int
    leader_id: int
    leader_name: str
    slug: str
    ways: Sequence[str] | None
    points: Sequence[Any]
    questions: Sequence[Any]
    items: Mapping[int, Any]

    def sold_out(self, wanted: Mapping[int, int]) -> list[str]:
        """The names of what is wanted, if nothing is left of any of it; else none."""
        known = [self.items[item_id] for item_id in wanted if item_id in self.items]
        if len(known) < len(wanted) or any(i.stock is None or i.sold < i.stock for i in known):
            return []
        return [item.name for item in known]


def stand(slug: str) -> Stand | None:
    """The stand of the deal behind a shared link, unless that is a draft or nothing."""
    return kept(("stand", slug), lambda: _read(slug)) if is_slug(slug) else None


def unread(deal_id: int) -> Deal:
    """The deal of a stand, to be locked: that reads it."""
    known: Deal | None = db.session.identity_map.get(identity_key(Deal, deal_id))
    deal: Deal = known or attached(Deal, id=deal_id)
    return deal


def _read(slug: str) -> Stand | None:
    rows = db.session.execute
    deal = rows(
        sa.select(Deal.id, Deal.leader_id, Leader.name, Deal.slug, Deal.ways)
        .join(Deal.leader)
        .where(Deal.slug == slug, *PUBLISHED)
    ).one_or_none()
    if deal is None:
        return None
    points = sa.select(PickupPoint.id, PickupPoint.name).join(
        DealPoint, DealPoint.point_id == PickupPoint.id
    )
    asked = DealQuestion.__table__.c
    questions = sa.select(asked.id, asked.kind, asked.label, asked.choices, asked.required)
    items = sa.select(DealItem.id, DealItem.name, DealItem.stock, DealItem.sold)
    return Stand(
        *deal,
        rows(points.where(DealPoint.deal_id == deal.id).order_by(PickupPoint.id)).all(),
        rows(questions.where(asked.deal_id == deal.id).order_by(asked.position)).all(),
        {item.id: item for item in rows(items.where(DealItem.deal_id == deal.id))},
    )
