"""A message as it leaves the house: to whom and what, read from the database beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _

from groupbuy.accounts.models import Member, User
from groupbuy.catalog.models import Supplier
from groupbuy.core.clock import local, zone
from groupbuy.extensions import db
from groupbuy.notices.links import path_of
from groupbuy.notices.list_letters import Letter, letter_of
from groupbuy.notices.models import Notice, NoticeChoice
from groupbuy.notices.wording import title, topic, words
from groupbuy.orders.models import LIVE_STATES, Order
from groupbuy.pickup.models import Pickup


@dataclass(frozen=True)
class Message:
    """What is said; `about` is the deal's title or "", `link` a full address or "".

    A `letter` goes to a supplier's own letter box and nowhere else: its link is a key.
    """

    kind: str
    title: str
    words: str
    about: str
    link: str
    why: str
    letter: Letter | None = None


@dataclass(frozen=True)
class Reader:
    """Who is told, and how they want it; guests have no address, they and suppliers no wishes."""

    who: str  # "member 7", for logs
    locale: str
    email: str | None = None
    wechat_openid: str | None = None
    quiet_from: int | None = None  # minutes after midnight
    quiet_until: int | None = None
    switched_off: frozenset[tuple[str, str]] = frozenset()  # (topic, channel)

    def wants(self, kind: str, channel: str) -> bool:
        """Whether messages of `kind` may come by `channel`; the list inside is always kept."""
        return channel == "in_app" or (topic(kind), channel) not in self.switched_off

    def quiet_end(self, now: datetime) -> datetime | None:
        """When the quiet hours that `now` lies in are over; None outside of them.

        They may span midnight; two equal times are no quiet hours.
        """
        begin, end = self.quiet_from, self.quiet_until
        if begin is None or end is None:
            return None
        here = local(now)
        minute = here.hour * 60 + here.minute
        # Both counted from the beginning, so that midnight does not matter.
        if (minute - begin) % 1440 >= (end - begin) % 1440:
            return None
        day = here.date() + timedelta(days=int(end <= minute))
        return datetime.combine(day, time(*divmod(end, 60)), zone()).astimezone(UTC)


def reader_of(notice: Notice) -> Reader:
    """Who reads `notice`. Suppliers and guests read the language of the house."""
    who = next(
        f"{name} {number}"
        for name in ("member", "user", "supplier")
        if (number := getattr(notice, f"{name}_id")) is not None
    )
    member = sa.select(Member.user_id).where(Member.id == notice.member_id)
    user_id = notice.user_id or db.session.scalar(member)
    user = db.session.get(User, user_id) if user_id else None
    house: str = current_app.config["BABEL_DEFAULT_LOCALE"]
    if user is None:
        return Reader(who, house, _address_of(notice.supplier_id))
    reachable = user.state == "active"
    choices = sa.select(NoticeChoice.topic, NoticeChoice.channel)
    off = db.session.execute(choices.where(NoticeChoice.user_id == user.id))
    return Reader(
        who,
        user.locale or house,
        user.email if reachable else None,
        user.wechat_openid if reachable else None,
        user.quiet_from,
        user.quiet_until,
        frozenset((row.topic, row.channel) for row in off),
    )


def message_of(notice: Notice, *, now: datetime) -> Message:
    """What `notice` says at `now`, in the language that is active."""
    path = path_of(notice)
    letter = letter_of(notice, now=now)
    return Message(
        notice.kind,
        title(notice),
        words(notice),
        notice.deal.title if notice.deal else "",
        f"{current_app.config['SITE_URL']}{path}" if path else "",
        letter.why if letter else _("You choose on the page “Me” what you are told, and how."),
        letter,
    )


def is_news(notice: Notice, now: datetime) -> bool:
    """Whether it still helps to tell somebody: a message that waited may have been overtaken."""
    if notice.pickup_id is not None and _is_collected(notice):
        return False
    if notice.list_id is not None:
        return not _is_overtaken(notice)
    if notice.kind == "ordered" and (order := notice.order):  # it asks for money
        return order.state in LIVE_STATES and not order.paid_fen
    deal = notice.deal
    if deal is None:
        return True
    if notice.kind == "pickup_ending":
        return deal.pickup_ends_at is None or now < deal.pickup_ends_at
    if notice.kind in ("closing_soon", "deal_opened"):
        return deal.phase(now) == "open" and not _has_ordered(notice)
    return True


def _address_of(supplier_id: int | None) -> str | None:
    return db.session.scalar(sa.select(Supplier.email).where(Supplier.id == supplier_id))


def _is_overtaken(notice: Notice) -> bool:
    """Whether the supplier is owed something newer about the same list."""
    same = (Notice.supplier_id == notice.supplier_id, Notice.list_id == notice.list_id)
    newer = sa.select(Notice.id).where(*same, Notice.id > notice.id)
    return db.session.scalar(newer.limit(1)) is not None


def _is_collected(notice: Notice) -> bool:
    state = sa.select(Pickup.state).where(Pickup.id == notice.pickup_id)
    return db.session.scalar(state) == "collected"


def _has_ordered(notice: Notice) -> bool:
    own = sa.select(Order.id).join(Member, Member.id == Order.member_id)
    live = own.where(Order.deal_id == notice.deal_id, Order.state.in_(LIVE_STATES))
    return db.session.scalar(live.where(Member.user_id == notice.user_id).limit(1)) is not None
