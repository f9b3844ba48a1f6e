"""What staff do to one order: notes, a contact put right, cancelling it, making it for somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Member
from groupbuy.core import action_log, crypto
from groupbuy.core.db import insert_once
from groupbuy.core.errors import BadInput
from groupbuy.core.text import clean, label
from groupbuy.extensions import db
from groupbuy.notices.owing import owe
from groupbuy.orders.changing import cancel_order
from groupbuy.orders.models import Order
from groupbuy.orders.moving import record
from groupbuy.orders.placing import about

LONGEST_NOTE = 500
MOST_FOUND = 20


def write_notes(
    order: Order, staff_note: str, note_to_member: str, *, by_id: int, now: datetime
) -> None:
    """Set the note that only staff read, and the one the member reads on the order's page.

    Raises BadInput when one is too long.
    """
    for field, text in (("staff_note", staff_note), ("note_to_member", note_to_member)):
        if len(clean(text)) > LONGEST_NOTE:
            raise BadInput(field, _l("The note must be at most 500 characters."))
    db.session.refresh(order, with_for_update={"key_share": True})
    order.staff_note = clean(staff_note)
    if order.note_to_member != clean(note_to_member):
        order.note_to_member = clean(note_to_member)
        _log(order, "order_note_to_member", by_id, now, note=order.note_to_member)
    db.session.flush()


def correct_contact(order: Order, contact: Mapping[str, str], *, by_id: int, now: datetime) -> bool:
    """Put right who to call and where they live; False when nothing changed.

    `contact` is {"name", "phone", "building", "unit", "room"}, checked. A form the member has
    open on the old one is refused afterwards. The logs tell which fields changed, not from what.
    """
    db.session.refresh(order, with_for_update={"key_share": True})
    before = order.contact or {}
    fields = sorted(name for name, text in contact.items() if text != before.get(name, ""))
    if not fields:
        return False
    order.contact = dict(contact)
    order.version += 1
    record(
        order,
        "contact_corrected",
        from_state=order.state,
        now=now,
        actor_id=by_id,
        detail={"fields": fields},
    )
    _log(order, "order_contact_corrected", by_id, now, fields=fields)
    db.session.flush()
    return True


def log_reveal(order: Order, *, by_id: int, now: datetime) -> None:
    """Write down that somebody looked at the whole phone number of `order`."""
    _log(order, "order_phone_revealed", by_id, now)


def cancel_for(order: Order, *, because: str, by_id: int, now: datetime) -> int:
    """Cancel `order` while the window is open, and tell the member why; returns the fen back.

    Raises BadInput without a reason, DealClosed or WrongState.
    """
    because = label(because, 300)
    if not because:
        raise BadInput("because", _l("Say why, so that the neighbour can be told."))
    back_fen = cancel_order(order, now=now, actor_id=by_id, why=because)
    detail = {"because": because}
    owe("order_cancelled", str(order.id), now=now, detail=detail, **about(order))
    _log(order, "order_cancelled", by_id, now, because=because, back_fen=back_fen)
    return back_fen


def members_like(leader_id: int, who: str) -> Sequence[Member]:
    """Members of the leader with `who` in their name or at the end of their phone, at most 20."""
    who = clean(who)
    if not who:
        return []
    own = sa.select(Member).where(Member.leader_id == leader_id).order_by(Member.name, Member.id)
    if who.isdecimal() and len(who) >= 4:
        phones = sa.select(Member.id, Member.phone).where(Member.leader_id == leader_id)
        known = db.session.execute(phones.where(Member.phone.is_not(None)))
        ids = [row.id for row in known if row.phone.endswith(who)]
        return db.session.scalars(own.where(Member.id.in_(ids)).limit(MOST_FOUND)).all()
    named = own.where(Member.name.contains(who, autoescape=True))
    return db.session.scalars(named.limit(MOST_FOUND)).all()


def member_with(leader_id: int, name: str, phone: str, *, now: datetime) -> Member:
    """The member of the leader with this phone number, added if there is none.

    Of several rows the one of somebody who signs in goes first, then the oldest.
    """
    phone_hash = crypto.lookup_hash(phone)
    same = sa.select(Member).where(Member.leader_id == leader_id, Member.phone_hash == phone_hash)
    first = same.order_by(Member.user_id.is_(None), Member.id).limit(1)
    if known := db.session.scalars(first).first():
        return known
    row = {
        "leader_id": leader_id,
        "source_ref": f"staff:{phone_hash}",
        "name": name,
        "phone": phone,
        "phone_hash": phone_hash,
        "created_at": now,
    }
    db.session.execute(insert_once(Member).values(row))
    return db.session.scalars(first).one()


def log_order_for(order: Order, *, by_id: int, now: datetime) -> None:
    """Write down that staff ordered for a member."""
    _log(order, "order_placed_for_member", by_id, now, number=order.number)


def _log(order: Order, action: str, by_id: int, now: datetime, **detail: object) -> None:
    action_log.note(
        action,
        f"order:{order.id}",
        actor_id=by_id,
        leader_id=order.leader_id,
        now=now,
        **detail,
    )
