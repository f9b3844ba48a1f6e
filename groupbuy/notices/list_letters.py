"""What a supplier is written about a purchase list: its facts as they are, and a link to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _

from groupbuy.core.clock import local
from groupbuy.core.db import sum_of
from groupbuy.core.money import format_yuan
from groupbuy.extensions import db
from groupbuy.notices.links import supplier_link
from groupbuy.notices.models import Notice
from groupbuy.purchasing.models import PurchaseLine, PurchaseList


@dataclass(frozen=True)
class Letter:
    """`about` names the list; `facts` are lines to read; whoever has the `link` sees the list."""

    about: str
    facts: tuple[str, ...]
    link: str
    why: str


def letter_of(notice: Notice, *, now: datetime) -> Letter | None:
    """The letter to the supplier who is told of a list, with a link signed at `now`; else None."""
    if notice.supplier_id is None or notice.list_id is None:
        return None
    purchase_list = db.session.get_one(PurchaseList, notice.list_id)
    facts = {"number": purchase_list.number, "revision": purchase_list.current_revision}
    why = _(
        "%(leader)s buys from you and sends you this. Whoever has the link sees the list: please "
        "keep it to yourself. It works for %(days)s days.",
        leader=purchase_list.deal.leader.name,
        days=current_app.config["SUPPLIER_LINK_DAYS"],
    )
    return Letter(
        _("%(number)s, revision %(revision)s", **facts),
        (_("List %(number)s, revision %(revision)s", **facts), *_facts(purchase_list)),
        supplier_link(purchase_list, now=now),
        why,
    )


def _facts(purchase_list: PurchaseList) -> Iterator[str]:
    deal = purchase_list.deal
    if purchase_list.withdrawn_at:
        yield _("Orders are taken again until: %(time)s", time=_time(deal.closes_at))
        return
    if purchase_list.current_revision > 1:
        before = purchase_list.current_revision - 1
        yield _("It takes the place of revision %(revision)s.", revision=before)
    yield _("Orders closed: %(time)s", time=_time(deal.closes_at))
    kinds, pieces, amount_fen = _sums(purchase_list)
    if not kinds:
        return
    if deal.pickup_starts_at:
        yield _("Deliver before: %(time)s", time=_time(deal.pickup_starts_at))
    yield _(
        "Kinds: %(kinds)s · pieces: %(pieces)s · amount: %(money)s",
        kinds=kinds,
        pieces=pieces,
        money=format_yuan(amount_fen),
    )
    yield _("Please open the list and say how many of each will come:")


def _sums(purchase_list: PurchaseList) -> tuple[int, int, int]:
    """Kinds, pieces and fen of the revision that counts."""
    added = sa.select(
        sa.func.count(PurchaseLine.id),
        sum_of(PurchaseLine.pieces),
        sum_of(PurchaseLine.amount_fen),
    ).where(PurchaseLine.revision_id == purchase_list.current.id)
    kinds, pieces, amount_fen = db.session.execute(added).one()
    return kinds, pieces, amount_fen


def _time(instant: datetime | None) -> str:
    return f"{local(instant):%Y-%m-%d %H:%M}" if instant else ""
