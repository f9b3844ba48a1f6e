"""Saying how much one order may cost to be paid online; see ways.online_limit_fen for who is heard.

The operator says it of a leader and of any member. A leader says it of members, up to what holds
for the group: money paid online is the operator's to answer for.
"""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _l

from groupbuy.accounts.membering import locked_rows
from groupbuy.accounts.models import Leader, Member
from groupbuy.core import action_log
from groupbuy.core.errors import BadInput
from groupbuy.core.money import format_yuan, parse_yuan
from groupbuy.extensions import db
from groupbuy.orders.ways import online_limit_fen


def parse_limit(typed: str) -> int | None:
    """Fen, or None for no limit of its own. Raises BadInput at "limit".

    >>> parse_limit("200"), parse_limit(" ")
    (20000, None)
    """
    try:
        return parse_yuan(typed) if typed.strip() else None
    except ValueError:
        raise BadInput("limit", _l("An amount looks like 12 or 12.50.")) from None


def set_for_leader(leader: Leader, fen: int | None, *, by_id: int, now: datetime) -> None:
    """What orders of `leader` may cost; None: as the site has it."""
    before, leader.order_limit_fen = leader.order_limit_fen, fen
    if before != fen:
        _log(f"leader:{leader.id}", leader.id, before, fen, by_id, now)


def set_for_member(member: Member, fen: int | None, *, by_id: int, now: datetime) -> None:
    """What orders of the person behind `member` may cost; None: as their leader has it."""
    rows = locked_rows(member)
    before = next((row.order_limit_fen for row in rows if row.order_limit_fen is not None), None)
    for row in rows:
        row.order_limit_fen = fen
    if before != fen:
        _log(f"member:{member.id}", member.leader_id, before, fen, by_id, now)


def set_by_leader(
    leader: Leader, member: Member, fen: int | None, *, by_id: int, now: datetime
) -> None:
    """The same, of a member of `leader`. Raises BadInput at "limit" above what the group has.

    What the operator granted beyond that may stay.
    """
    most = online_limit_fen(leader, None)
    if fen is not None and fen > max(most, member.order_limit_fen or 0):
        message = _l("At most %(limit)s: so much holds for your group.")
        raise BadInput("limit", message, limit=format_yuan(most))
    set_for_member(member, fen, by_id=by_id, now=now)


def _log(
    subject: str, leader_id: int, before: int | None, fen: int | None, by_id: int, now: datetime
) -> None:
    db.session.flush()
    who = {"actor_id": by_id, "leader_id": leader_id}
    action_log.note("order_limit", subject, now=now, **who, from_fen=before, to_fen=fen)
