"""Everything a leader and a member said to each other, in one list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from groupbuy.accounts.models import Member, User
from groupbuy.core import action_log
from groupbuy.core.errors import BadInput
from groupbuy.core.models import ActionLog
from groupbuy.core.text import clean
from groupbuy.extensions import db
from groupbuy.notices import wording
from groupbuy.notices.models import Notice
from groupbuy.support.models import HelpMessage

MOST = 50
LONGEST_TALK = 300
_ACTION = "contact_noted"


class Contact(NamedTuple):
    """One thing that was said; `who` said it, or "" where the site did."""

    at: datetime
    what: str
    words: str
    who: str


def contacts_of(rows: Sequence[Member]) -> list[Contact]:
    """With the person whose `rows` these are: messages, calls for help, talks; the newest first.

    At most MOST.
    """
    every = [*_notices(rows), *_questions(rows), *_talks(rows)]
    return sorted(every, key=lambda contact: contact.at, reverse=True)[:MOST]


def note_talk(member: Member, said: str, *, by_id: int, now: datetime) -> None:
    """Write down that somebody called or spoke to the member. Raises BadInput at "said"."""
    said = clean(said)
    if not said:
        raise BadInput("said", _l("Write what was said."))
    if len(said) > LONGEST_TALK:
        raise BadInput("said", _l("At most %(count)s characters."), count=LONGEST_TALK)
    whose = {"actor_id": by_id, "leader_id": member.leader_id}
    action_log.note(_ACTION, f"member:{member.id}", now=now, said=said, **whose)
    db.session.flush()


def _notices(rows: Sequence[Member]) -> Iterator[Contact]:
    leader_id, users = rows[0].leader_id, _users(rows)
    theirs = sa.or_(
        Notice.member_id.in_([row.id for row in rows]),
        sa.and_(Notice.user_id.in_(users), Notice.leader_id == leader_id),
    )
    found = sa.select(Notice).where(theirs).order_by(Notice.owed_at.desc(), Notice.id.desc())
    about = joinedload(Notice.deal), joinedload(Notice.order)
    for notice in db.session.scalars(found.options(*about).limit(MOST)):
        yield Contact(notice.owed_at, wording.title(notice), wording.words(notice), "")


def _questions(rows: Sequence[Member]) -> Iterator[Contact]:
    asked = HelpMessage.user_id.in_(_users(rows)), HelpMessage.leader_id == rows[0].leader_id
    found = sa.select(HelpMessage).where(*asked).order_by(HelpMessage.id.desc()).limit(MOST)
    for message in db.session.scalars(found):
        yield Contact(message.at, _("Asked for help"), message.text, rows[0].name)


def _talks(rows: Sequence[Member]) -> Iterator[Contact]:
    about = ActionLog.subject.in_([f"member:{row.id}" for row in rows])
    noted = ActionLog.leader_id == rows[0].leader_id, ActionLog.action == _ACTION, about
    found = (
        sa.select(ActionLog, User.name)
        .outerjoin(User, User.id == ActionLog.actor_id)
        .where(*noted)
        .order_by(ActionLog.id.desc())
        .limit(MOST)
    )
    for entry, name in db.session.execute(found):
        yield Contact(entry.at, _("Spoke to them"), str(entry.detail["said"]), name or "")


def _users(rows: Iterable[Member]) -> list[int]:
    return [row.user_id for row in rows if row.user_id is not None]
