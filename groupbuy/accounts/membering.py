"""What a leader notes about a member: tags, a note for staff, and whether they may order.

Somebody who ordered as a guest before signing in has several rows with one leader; whatever is
noted is noted on all of them, and read from all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import aliased

from groupbuy.accounts.models import Member
from groupbuy.core import action_log
from groupbuy.core.db import text_of
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import clean, clean_name
from groupbuy.extensions import db

MOST_TAGS = 12
LONGEST_TAG = 20
LONGEST_NOTE = 500
LONGEST_REASON = 300
_COMMAS = "，、;；\n"


class AlreadyBlocked(RuleBroken):
    """Somebody else shut the member out a moment ago."""

    message = _l("They cannot order already.")


class NotBlocked(RuleBroken):
    """There is nothing to undo."""

    message = _l("They can order already.")


def person() -> sa.ColumnElement[str]:
    """The same text for all rows of Member that are one person's at one leader.

    A row belongs to whoever claimed it; unclaimed, to whoever signs in with its number; else to
    the number. A number alone proves nothing, so this is for reading and for shutting out only.
    """
    other = aliased(Member)
    # Found by the number: with an equation of leaders, SQLite reads all of a leader's members.
    same_leader = other.leader_id - Member.leader_id == 0
    owner = (
        sa.select(sa.func.min(other.user_id))
        .where(other.phone_hash == Member.phone_hash, same_leader)
        .correlate(Member)
        .scalar_subquery()
    )
    user_id = sa.func.coalesce(Member.user_id, owner)
    return sa.func.coalesce(
        sa.literal("user:") + text_of(user_id),
        sa.literal("phone:") + Member.phone_hash,
        sa.literal("row:") + text_of(Member.id),
    )


def rows_of(member: Member) -> Sequence[Member]:
    """All rows of the person behind `member`, the one they sign in with first, then the oldest."""
    key = sa.select(person()).where(Member.id == member.id)
    whose = db.session.scalars(key).one()
    same = sa.select(Member).where(Member.leader_id == member.leader_id, person() == whose)
    return db.session.scalars(same.order_by(Member.user_id.is_(None), Member.id)).all()


def parse_tags(typed: str) -> list[str]:
    """Tags with commas between, each once, in the order typed. Raises BadInput at "tags".

    >>> parse_tags("老客户， 3号楼,老客户")
    ['老客户', '3号楼']
    """
    for comma in _COMMAS:
        typed = typed.replace(comma, ",")
    try:
        tags = [clean_name(part, LONGEST_TAG) for part in typed.split(",") if part.strip()]
    except ValueError:
        sentence = _l("A tag has at most %(most)s readable characters.")
        raise BadInput("tags", sentence, most=LONGEST_TAG) from None
    tags = list(dict.fromkeys(tags))
    if len(tags) > MOST_TAGS:
        raise BadInput("tags", _l("At most %(most)s tags."), most=MOST_TAGS)
    return tags


def set_tags(member: Member, typed: str) -> None:
    """Give the person exactly the tags in `typed`. Raises BadInput at "tags"."""
    tags = parse_tags(typed)
    for row in locked_rows(member):
        row.tags = list(tags)
    db.session.flush()


def set_note(member: Member, typed: str) -> None:
    """Replace the note that staff see. Raises BadInput at "note"."""
    note = clean(typed)
    if len(note) > LONGEST_NOTE:
        raise BadInput("note", _l("At most %(count)s characters."), count=LONGEST_NOTE)
    for row in locked_rows(member):
        row.note = note
    db.session.flush()


def block(member: Member, because: str, *, by_id: int | None, now: datetime) -> None:
    """From now on the person cannot order from this leader; what they ordered stays.

    Raises BadInput at "because", or AlreadyBlocked. It is written to the action log.
    """
    try:
        because = clean_name(because, LONGEST_REASON)
    except ValueError:
        sentence = _l("Say why, in at most %(count)s characters. Only staff read it.")
        raise BadInput("because", sentence, count=LONGEST_REASON) from None
    rows = locked_rows(member)
    if all(row.blocked_at for row in rows):
        raise AlreadyBlocked
    for row in rows:
        row.blocked_at, row.blocked_because = row.blocked_at or now, because
    _log("member_blocked", member, by_id, now, because=because, rows=len(rows))


def unblock(member: Member, *, by_id: int | None, now: datetime) -> None:
    """The person may order again. Raises NotBlocked. It is written to the action log."""
    rows = locked_rows(member)
    if not any(row.blocked_at for row in rows):
        raise NotBlocked
    for row in rows:
        row.blocked_at, row.blocked_because = None, ""
    _log("member_unblocked", member, by_id, now, rows=len(rows))


def log_reveal(member: Member, *, by_id: int | None, now: datetime) -> None:
    """Write down that somebody asked for the whole phone number."""
    _log("member_phone_revealed", member, by_id, now)


def locked_rows(member: Member) -> list[Member]:
    """The person's rows, nobody else changing them until commit."""
    ids = [row.id for row in rows_of(member)]
    held = sa.select(Member).where(Member.id.in_(ids)).order_by(Member.id).with_for_update()
    return list(db.session.scalars(held.execution_options(populate_existing=True)))


def _log(action: str, member: Member, by_id: int | None, now: datetime, **detail: object) -> None:
    whose = {"actor_id": by_id, "leader_id": member.leader_id}
    action_log.note(action, f"member:{member.id}", now=now, **whose, **detail)  # type: ignore[arg-type]
    db.session.flush()
