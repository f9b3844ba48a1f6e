"""The pictures of one deal, in the order in which its leader laid them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from groupbuy.catalog.models import Picture
from groupbuy.catalog.pictures import Stored, attach
from groupbuy.core.text import label
from groupbuy.deals.models import Deal
from groupbuy.extensions import db


def arrange(deal: Deal, wanted: Sequence[tuple[Stored, str]], *, now: datetime) -> None:
    """Let `deal` show exactly `wanted`, in this order, each with the words that describe it.

    Pictures it has keep their rows, others are attached, the rest is dropped; what somebody
    else's deal shows is left out. Raises BadInput for too many. The caller commits.
    """
    known = {picture.token: picture for picture in deal.pictures}
    tokens = [stored.token for stored, _alt in wanted]
    foreign = set(db.session.scalars(sa.select(Picture.token).where(Picture.token.in_(tokens))))
    foreign -= set(known)
    for token, picture in known.items():
        if token not in tokens:
            db.session.delete(picture)
    db.session.flush()
    for position, (stored, alt) in enumerate(wanted, 1):
        if stored.token in foreign:
            continue
        picture = known.get(stored.token) or attach(deal, stored, alt=alt, now=now)
        known[stored.token] = picture
        picture.position, picture.alt = position, label(alt)
    db.session.flush()
    db.session.expire(deal, ["pictures"])
