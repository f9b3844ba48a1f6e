"""How somebody wants to be told and to read: topics and channels, quiet hours, language, type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

import sqlalchemy as sa
from flask import current_app
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import User
from groupbuy.accounts.people import leader_of
from groupbuy.core.db import insert_once, rowcount
from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from groupbuy.notices.channels import reaches
from groupbuy.notices.kinds import TOPICS
from groupbuy.notices.letters import Reader
from groupbuy.notices.models import NoticeChoice

LANGUAGES = {"zh": "zh_Hans_CN", "en": "en"}  # as addresses say it -> what User.locale holds
_FOR_LEADERS = {"help", "waiting", "stock"}
# How people are reached outside; the list inside always holds everything.
_OUTSIDE = ("wechat_template", "email")
_CLOCK = re.compile("([01]?[0-9]|2[0-3]):([0-5][0-9])")


def topics_for(user: User) -> list[str]:
    """What messages to `user` may be about."""
    leads = leader_of(user) is not None
    return [topic for topic in TOPICS if leads or topic not in _FOR_LEADERS]


def channels_for(user: User) -> list[str]:
    """By which of the channels outside this installation can reach `user`."""
    reader = Reader(f"user {user.id}", user.locale, user.email, user.wechat_openid)
    used = current_app.config["NOTICE_CHANNELS"]
    return [name for name in _OUTSIDE if name in used and reaches(name, reader)]


def switched_off(user: User) -> set[tuple[str, str]]:
    """(topic, channel) of what they do not want to hear."""
    off = sa.select(NoticeChoice.topic, NoticeChoice.channel)
    rows = db.session.execute(off.where(NoticeChoice.user_id == user.id))
    return {(row.topic, row.channel) for row in rows}


def choose(user: User, wanted: Collection[tuple[str, str]]) -> None:
    """Send `wanted` (topic, channel), and nothing else of what `user` can be asked about.

    A channel that cannot reach them now keeps what they once chose for it.
    """
    asked = {(topic, way) for topic in topics_for(user) for way in channels_for(user)}
    for topic, channel in sorted(asked):
        if (topic, channel) in wanted:
            rowcount(
                sa.delete(NoticeChoice).where(
                    NoticeChoice.user_id == user.id,
                    NoticeChoice.topic == topic,
                    NoticeChoice.channel == channel,
                )
            )
        else:
            row = {"user_id": user.id, "topic": topic, "channel": channel}
            db.session.execute(insert_once(NoticeChoice).values(row))


def set_quiet_hours(user: User, begin: int | None, end: int | None) -> None:
    """Keep quiet from `begin` until `end`, minutes after midnight; None twice: never.

    They may span midnight. Raises BadInput when one is missing or both are the same.
    """
    if (begin is None) != (end is None):
        missing = "quiet_from" if begin is None else "quiet_until"
        raise BadInput(missing, _l("Quiet hours need a beginning and an end."))
    if begin is not None and begin == end:
        raise BadInput("quiet_until", _l("They must end at another time than they begin."))
    user.quiet_from, user.quiet_until = begin, end
    db.session.flush()


def parse_clock(text: str) -> int:
    """A time of day as minutes after midnight. Raises ValueError.

    >>> parse_clock("22:30"), parse_clock("7：05")
    (1350, 425)
    """
    found = _CLOCK.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        raise ValueError(text)
    hour, minute = found.groups()
    return int(hour) * 60 + int(minute)


def show_clock(minutes: int | None) -> str:
    """
    >>> show_clock(425), show_clock(None)
    ('07:05', '')
    """
    return "" if minutes is None else f"{minutes // 60:02}:{minutes % 60:02}"


def set_language(user: User, locale: str) -> None:
    """Show and send everything to `user` in this language, in every browser of theirs."""
    user.locale = locale
    db.session.flush()


def set_large_type(user: User, large: bool) -> None:
    """Show large letters, or ordinary ones, in every browser of `user`."""
    user.large_type = large
    db.session.flush()
