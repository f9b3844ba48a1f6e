"""An entry of the log in words: what it is about, and the facts that were noted with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from groupbuy.core import clock
from groupbuy.core.models import ActionLog
from groupbuy.core.money import format_percent, format_yuan
from groupbuy.money_words import way_words
from groupbuy.notices import kinds
from groupbuy.operators.naming import detail_names, job_names, subject_names
from groupbuy.payments.providers import WAYS
from groupbuy.words import full_time

_CODED = ("kind", "role", "share_by", "way", "ways")


def subject(entry: ActionLog) -> str:
    """“Order 12”; what has no name stays as it was noted."""
    kind, _colon, key = entry.subject.partition(":")
    if kind == "job":
        key = job_names().get(key, key)
    return f"{subject_names().get(kind, kind)} {key}"


def details(entry: ActionLog, now: datetime) -> list[tuple[str, str]]:
    """(label, value) of what was noted and is not empty; money and times as people write them."""
    labels = detail_names()
    return [
        (labels.get(name, name), _said(name, value, now))
        for name, value in entry.detail.items()
        if value not in ("", None, [], {})
    ]


def _said(name: str, value: Any, now: datetime) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_said(name, each, now) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_said(name, each, now)}" for key, each in value.items())
    if isinstance(value, int) and (name == "fen" or name.endswith("_fen")):
        return format_yuan(value)
    if isinstance(value, int) and name.endswith("_bp"):
        return format_percent(value)
    if name.endswith("_at"):
        return _time(str(value), now)
    return _codes().get(str(value), str(value)) if name in _CODED else str(value)


def _time(noted: str, now: datetime) -> str:
    try:
        return full_time(clock.parse_instant(noted), now)
    except ValueError:
        return noted


def _codes() -> dict[str, str]:
    """What a code stands for."""
    return {kind: words.title() for kind, words in kinds.KINDS.items()} | {
        "operator": _("Operator"),
        "support": _("Support"),
        "helper": _("Helper"),
        "supplier": _("Supplier"),
        "leader": _("Leader"),
        "payment": _("in the order of payment"),
        "prorata": _("in equal parts"),
        "up": _("up"),
        "down": _("down"),
        **{way: way_words(way) for way in WAYS},
    }
