"""What an operator set on a page goes before the environment's value."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import current_app

from groupbuy.core import action_log
from groupbuy.core.db import insert_once
from groupbuy.core.keeping import kept
from groupbuy.core.models import SiteSetting
from groupbuy.extensions import db

# What can be set on a page, and its value where neither page nor environment says anything.
SETTABLE: dict[str, Any] = {
    "SITE_NAME": "",
    "OPERATOR_NAME": "",
    "OPERATOR_CONTACT": "",
    "APPLICATIONS_OPEN": True,
    "REFUND_LIMIT_FEN": 20000,  # what a leader gives back at once without a second person
    "OPERATOR_REFUND_LIMIT_FEN": 200000,  # the same for an operator
}
SITE_SETTINGS = "site settings"  # what they are kept as


def setting(name: str) -> Any:
    """One of SETTABLE: as an operator set it, else as the environment says. Kept for a moment."""
    chosen = kept(SITE_SETTINGS, _chosen)
    return chosen[name] if name in chosen else _given(name)


def settings_now() -> dict[str, Any]:
    """All of SETTABLE as they are in the database at this moment: for the page that sets them."""
    return {name: _given(name) for name in SETTABLE} | _chosen()


def change_setting(name: str, value: Any, *, by_id: int, now: datetime) -> bool:
    """Set one of SETTABLE; returns whether that changed anything, which is then logged."""
    if name not in SETTABLE:
        raise KeyError(name)
    if settings_now()[name] == value:
        return False
    row = {"name": name, "value": value, "changed_at": now, "changed_by_id": by_id}
    db.session.execute(insert_once(SiteSetting).values(row))
    db.session.execute(sa.update(SiteSetting).where(SiteSetting.name == name).values(row))
    action_log.note("setting_changed", f"setting:{name}", actor_id=by_id, now=now, value=value)
    return True


def _given(name: str) -> Any:
    return current_app.config.get(name, SETTABLE[name])


def _chosen() -> dict[str, Any]:
    rows = db.session.execute(sa.select(SiteSetting.name, SiteSetting.value))
    return {row.name: row.value for row in rows if row.name in SETTABLE}
