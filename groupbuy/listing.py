"""Long lists, the newest first, cut by key: page n costs what page 1 does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import request, url_for

from groupbuy.core import text
from groupbuy.extensions import db

MOST = 50


class Slice(NamedTuple):
    """Some rows, and the addresses of older ones and of the newest; "" where there are none."""

    rows: Sequence[Any]
    older: str
    newest: str


def newest_first(found: sa.Select[Any], key: Any) -> Slice:
    """The rows of `found` before the one that the address names; `key` is the model's id."""
    before = text.id_or_none(request.args.get("before", ""))
    if before is not None:
        found = found.where(key < before)
    rows = db.session.scalars(found.order_by(key.desc()).limit(MOST + 1)).all()
    older = _here(before=rows[MOST - 1].id) if len(rows) > MOST else ""
    return Slice(rows[:MOST], older, _here() if before is not None else "")


def asked(name: str) -> str:
    """What is looked for, cleaned; "" when nothing is."""
    return text.label(request.args.get(name, ""), 100)


def asked_one_of(name: str, known: Sequence[str]) -> str:
    """One of `known`, or "" for anything else."""
    value = request.args.get(name, "")
    return value if value in known else ""


def asked_id(name: str) -> int | None:
    """The id of a row that the list is held to."""
    return text.id_or_none(request.args.get(name, ""))


def _here(**more: Any) -> str:
    """This page with what it was asked; some names in an address would mean things to url_for."""
    kept = {name: value for name, value in request.args.items() if name != "before" and value}
    address, asked_for = url_for(str(request.endpoint), **(request.view_args or {})), kept | more
    return f"{address}?{urlencode(asked_for)}" if asked_for else address
