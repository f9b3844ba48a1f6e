"""How a supplier hears of a list: by e-mail, or in a chat, which only the leader knows of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from groupbuy.catalog.models import Supplier
from groupbuy.core.db import moment
from groupbuy.core.errors import RuleBroken
from groupbuy.deals.window import lock_for_deciding
from groupbuy.extensions import db
from groupbuy.notices import mail
from groupbuy.notices.models import Delivery, Notice
from groupbuy.notices.owing import owe
from groupbuy.purchasing import answers
from groupbuy.purchasing.links import note
from groupbuy.purchasing.models import PurchaseList

BETWEEN = timedelta(minutes=1)  # two mails about the same list


class NoMail(RuleBroken):
    """The supplier has no address, or no mail leaves this site."""

    message = _l("%(supplier)s has no e-mail address here. Send the link in a chat.")


class SentJustNow(RuleBroken):
    """Somebody pressed the button twice, or the deal has just closed."""

    message = _l("A mail about this list is just on its way. Please wait a minute.")


class NotThatRevision(RuleBroken):
    """What was sent is not what counts."""

    message = _l(
        "Revision %(current)s of this list counts now, not revision %(old)s. Please send its link."
    )


class Told(NamedTuple):
    """What the supplier knows of the revision that counts, or of its withdrawal.

    `word`: answered, by_hand (the leader sent it in a chat), mailed, going (a mail is owed),
    trying (it failed and is tried again), failed, or untold. `at`: since when. `why` it failed.
    """

    word: str
    at: datetime | None = None
    why: str = ""


def can_mail(supplier: Supplier) -> bool:
    """Whether a mail would reach `supplier`: they have an address, and this site sends mail."""
    used = "email" in current_app.config["NOTICE_CHANNELS"]
    return used and mail.configured() and bool(supplier.email)


def told(said: Mapping[PurchaseList, answers.State]) -> dict[int, Told]:
    """List id -> whether its supplier knows, in one statement; `said` is where answers stand."""
    mails = {row.list_id: row for row in db.session.execute(_newest([*said]))}
    return {one.id: _told(one, state, mails.get(one.id)) for one, state in said.items()}


def send_again(purchase_list: PurchaseList, *, by_id: int, now: datetime) -> None:
    """Owe the supplier another mail with a new link. Raises NoMail or SentJustNow.

    At most one a minute; it is written down as asked for by `by_id`. The caller commits.
    """
    now = _hold(purchase_list, now)
    if not can_mail(purchase_list.supplier):
        raise NoMail(supplier=purchase_list.supplier.name)
    last = sa.select(sa.func.max(Notice.owed_at)).where(*_about([purchase_list]))
    before = db.session.scalar(last)
    if before is not None and now - before < BETWEEN:
        raise SentJustNow
    kind = "list_issued" if purchase_list.current.lines else "nothing_ordered"
    owe(
        "list_withdrawn" if purchase_list.withdrawn_at else kind,
        f"{purchase_list.id}:{purchase_list.current_revision}:again:{now:%Y%m%dT%H%M%S.%f}",
        now=now,
        leader_id=purchase_list.leader_id,
        supplier_id=purchase_list.supplier_id,
        deal_id=purchase_list.deal_id,
        list_id=purchase_list.id,
    )
    note("list_sent_again", purchase_list, by_id, now)


def note_told(purchase_list: PurchaseList, revision: int, *, by_id: int, now: datetime) -> None:
    """Write down that the leader sent `revision` in a chat. Raises NotThatRevision.

    The caller commits.
    """
    now = _hold(purchase_list, now)
    if revision != purchase_list.current_revision:
        raise NotThatRevision(current=purchase_list.current_revision, old=revision)
    purchase_list.told_at, purchase_list.told_revision = now, revision
    db.session.flush()
    note("list_told", purchase_list, by_id, now)


def _hold(purchase_list: PurchaseList, now: datetime) -> datetime:
    """No new revision, and no other press of a button, meanwhile."""
    lock_for_deciding(purchase_list.deal)
    db.session.refresh(purchase_list)
    db.session.expire(purchase_list, ["revisions"])
    return moment(now)


def _told(purchase_list: PurchaseList, said: answers.State, letter: Any) -> Told:
    if said.is_answer:
        return Told("answered", said.at)
    mailed_at, by_hand_at = letter.sent_at if letter else None, _by_hand_at(purchase_list)
    if by_hand_at and not (mailed_at and mailed_at > by_hand_at):
        return Told("by_hand", by_hand_at)
    if mailed_at:
        return Told("mailed", mailed_at)
    if letter is None or not can_mail(purchase_list.supplier):
        return Told("untold")
    if letter.attempts or letter.state == "failed":
        word = "trying" if letter.state == "owed" else "failed"
        return Told(word, letter.owed_at, _why(letter.last_error or ""))
    return Told("going" if letter.state == "owed" else "untold")


def _by_hand_at(purchase_list: PurchaseList) -> datetime | None:
    """When the leader told them what counts now: the last revision, or that it is withdrawn."""
    at, gone_at = purchase_list.told_at, purchase_list.withdrawn_at
    known = at and purchase_list.told_revision == purchase_list.current_revision
    return at if known and not (gone_at and at and at < gone_at) else None


def _why(error: str) -> str:
    if "refused" in error:
        return _("The address was refused. Correct it at the supplier, then send again.")
    return _("The mail server did not take it. Send the link in a chat meanwhile.")


def _about(purchase_lists: list[PurchaseList]) -> tuple[Any, ...]:
    """Conditions for what suppliers are told of these lists; only their ids have an index."""
    return (
        Notice.supplier_id.in_({one.supplier_id for one in purchase_lists}),
        Notice.list_id.in_({one.id for one in purchase_lists}),
    )


def _newest(purchase_lists: list[PurchaseList]) -> sa.Select[*tuple[Any, ...]]:
    """Per list the last message about it, and how its mail went."""
    last = sa.select(sa.func.max(Notice.id)).where(*_about(purchase_lists)).group_by(Notice.list_id)
    by_mail = sa.and_(Delivery.notice_id == Notice.id, Delivery.channel == "email")
    columns = (Notice.list_id, Notice.state, Notice.owed_at)
    went = (Delivery.attempts, Delivery.sent_at, Delivery.last_error)
    rows = sa.select(*columns, *went).outerjoin(Delivery, by_mail)
    return rows.where(Notice.id.in_(last))
