"""How a leader presents themselves, and what the form of a new deal begins with."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.applying import LeaderForm
from groupbuy.accounts.models import Leader
from groupbuy.core import action_log
from groupbuy.core.errors import BadInput
from groupbuy.extensions import db

_ADDRESS = re.compile("[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])")


def change_leader(
    leader: Leader, form: LeaderForm, slug: str, *, by_id: int, now: datetime
) -> None:
    """Name, community, contacts and the end of their home's address.

    Raises BadInput (field "slug") for an address that cannot be read out or is somebody's.
    """
    values = {**form.values(), "slug": slug}
    changed = sorted(name for name, value in values.items() if getattr(leader, name) != value)
    if not changed:
        return
    if slug != leader.slug:
        _check_address(leader, slug)
    for name in changed:
        setattr(leader, name, values[name])
    db.session.flush()
    _log("leader_changed", leader, by_id, now, fields=changed)


def set_deal_defaults(
    leader: Leader, defaults: dict[str, Any], *, by_id: int, now: datetime
) -> None:
    """What the form of a new deal begins with; plain JSON values, see Leader.deal_defaults."""
    if leader.deal_defaults != defaults:
        leader.deal_defaults = defaults
        _log("deal_defaults_changed", leader, by_id, now, **defaults)


def _check_address(leader: Leader, slug: str) -> None:
    if not _ADDRESS.fullmatch(slug):
        wrong = _l("3 to 40 of a–z, 0–9 and -, beginning and ending with a letter or digit.")
        raise BadInput("slug", wrong)
    other = sa.select(Leader.id).where(Leader.slug == slug, Leader.id != leader.id)
    if db.session.scalar(other) is not None:
        raise BadInput("slug", _l("Another group has this address."))


def _log(action: str, leader: Leader, by_id: int, now: datetime, **detail: Any) -> None:
    action_log.note(
        action,
        f"leader:{leader.id}",
        actor_id=by_id,
        leader_id=leader.id,
        now=now,
        **detail,
    )
