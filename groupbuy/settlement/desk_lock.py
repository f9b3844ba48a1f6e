"""One at a time decides about the money of a leader."""

from __future__ import annotations

import sqlalchemy as sa

from groupbuy.accounts.models import Leader
from groupbuy.extensions import db


def lock(leader_id: int) -> None:
    """Hold the leader's row until commit, so that what was counted stays true till then."""
    row = sa.select(Leader.id).where(Leader.id == leader_id)
    db.session.execute(row.with_for_update(key_share=True)).one()
