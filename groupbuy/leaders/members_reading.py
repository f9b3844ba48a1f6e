"""The people who order from a leader, each of them one row, however many rows they are known by."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from groupbuy.accounts.membering import person
from groupbuy.accounts.models import Leader, Member
from groupbuy.core.db import sum_of
from groupbuy.core.text import clean, mask_name, mask_phone
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.pickup.models import Pickup

PAGE_SIZE = 50
COUNTED = ("placed", "confirmed", "fulfilled")  # the orders that were meant and paid or vouched for
SORTS = ("last", "orders", "turnover", "no_shows", "name")
_TAIL = re.compile("[0-9]{4,11}")


class Totals(NamedTuple):
    """What somebody ordered so far; `turnover_fen` after everything that went back."""

    orders: int
    turnover_fen: int
    last_at: datetime | None
    no_show_pieces: int
    uncollected: int


@dataclass(frozen=True)
class Person:
    """All rows of one person, the one they sign in with first, and what they ordered."""

    rows: Sequence[Member]
    totals: Totals

    @property
    def lead(self) -> Member:
        """The row that stands for the person in addresses."""
        return self.rows[0]

    @property
    def masked_name(self) -> str:
        return mask_name(self.lead.name)

    @property
    def phone(self) -> str | None:
        return next((row.phone for row in self.rows if row.phone), None)

    @property
    def masked_phone(self) -> str:
        return mask_phone(self.phone) if self.phone else ""

    @property
    def tags(self) -> list[str]:
        return list(dict.fromkeys(tag for row in self.rows for tag in row.tags))

    @property
    def note(self) -> str:
        return next((row.note for row in self.rows if row.note), "")

    @property
    def order_limit_fen(self) -> int | None:
        """What one order of theirs may cost online; None: as their leader has it."""
        said = (row.order_limit_fen for row in self.rows)
        return next((fen for fen in said if fen is not None), None)

    @property
    def blocked_at(self) -> datetime | None:
        """Since when; one row shut out is the person shut out."""
        return min((row.blocked_at for row in self.rows if row.blocked_at), default=None)

    @property
    def blocked_because(self) -> str:
        return next((row.blocked_because for row in self.rows if row.blocked_because), "")


@dataclass(frozen=True)
class Wanted:
    """What a list shows: part of a name, the end of a phone or all of it; a tag; one of ONLY."""

    who: str = ""
    tag: str = ""
    only: str = ""
    sort: str = SORTS[0]


ONLY = ("blocked", "no_shows")


def found(leader: Leader, wanted: Wanted, page: int) -> tuple[list[Person], int]:
    """The people of one page (from 1), and how many there are in all; in three statements."""
    people = _summed(leader, wanted)
    total = db.session.scalars(sa.select(sa.func.count()).select_from(people.subquery())).one()
    some = people.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    return list(_with_rows(leader, db.session.execute(some).all())), total


def everybody(leader: Leader, wanted: Wanted) -> list[Person]:
    """All pages together, in two statements."""
    return list(_with_rows(leader, db.session.execute(_summed(leader, wanted)).all()))


def person_of(rows: Sequence[Member]) -> Person:
    """One person whose rows are known, in one statement."""
    [row] = db.session.execute(_totals([member.id for member in rows])).all()
    return Person(rows, Totals(*row))


def tags_of(leader: Leader) -> list[str]:
    """Every tag the leader has given, by name."""
    own = sa.select(Member.tags).where(
        Member.leader_id == leader.id, sa.cast(Member.tags, sa.Text) != "[]"
    )
    return sorted({tag for tags in db.session.scalars(own) for tag in tags})


def _summed(leader: Leader, wanted: Wanted) -> sa.Select[Any]:
    """key, Totals of every person asked for, in the order asked for."""
    own = sa.select(Member.id, Member.name, Member.blocked_at, person().label("key"))
    known = own.where(Member.leader_id == leader.id).cte("known")
    sums = _sums(sa.select(Member.id).where(Member.leader_id == leader.id))
    columns = _columns(sums)
    people = sa.select(known.c.key, *columns.values()).select_from(known)
    for part in sums:
        people = people.outerjoin(part, part.c.member_id == known.c.id)
    if asked := _asked(leader, wanted):
        matching = sa.select(person()).where(Member.leader_id == leader.id, *asked)
        people = people.where(known.c.key.in_(matching))
    if wanted.only == "blocked":
        people = people.having(sa.func.count(known.c.blocked_at) > 0)
    if wanted.only == "no_shows":
        people = people.having(columns["no_shows"] + columns["uncollected"] > 0)
    by_name = sa.func.min(known.c.name)
    order = {
        "last": (columns["last"].is_(None), columns["last"].desc()),
        "name": (by_name,),
        "orders": (columns["orders"].desc(),),
        "turnover": (columns["turnover"].desc(),),
        "no_shows": ((columns["no_shows"] + columns["uncollected"]).desc(),),
    }
    wish = order.get(wanted.sort, order[SORTS[0]])
    return people.group_by(known.c.key).order_by(*wish, known.c.key)


def _totals(ids: Sequence[int]) -> sa.Select[Any]:
    """Totals of one person with these rows."""
    known = sa.select(Member.id).where(Member.id.in_(ids)).subquery("known")
    sums = _sums(sa.select(known.c.id))
    one = sa.select(*_columns(sums).values()).select_from(known)
    for part in sums:
        one = one.outerjoin(part, part.c.member_id == known.c.id)
    return one


def _sums(ids: sa.Select[Any]) -> list[sa.Subquery]:
    """Per member id: orders, money and last order; pieces nobody came for; bags nobody took."""
    orders = (
        sa.select(
            Order.member_id,
            sa.func.count().label("orders"),
            sa.func.sum(Order.due_fen).label("turnover"),
            sa.func.max(Order.placed_at).label("last"),
        )
        .where(Order.member_id.in_(ids), Order.state.in_(COUNTED))
        .group_by(Order.member_id)
    )
    missed = (
        sa.select(Order.member_id, sa.func.sum(OrderLine.no_show_pieces).label("no_shows"))
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.member_id.in_(ids), OrderLine.no_show_pieces > 0)
        .group_by(Order.member_id)
    )
    left = (
        sa.select(Pickup.member_id, sa.func.count().label("uncollected"))
        .where(Pickup.member_id.in_(ids), Pickup.state == "uncollected")
        .group_by(Pickup.member_id)
    )
    return [orders.subquery(), missed.subquery(), left.subquery()]


def _columns(sums: Sequence[sa.Subquery]) -> dict[str, Any]:
    """The columns of Totals, in its order."""
    orders, missed, left = sums
    return {
        "orders": sum_of(orders.c.orders),
        "turnover": sum_of(orders.c.turnover),
        "last": sa.func.max(orders.c.last),
        "no_shows": sum_of(missed.c.no_shows),
        "uncollected": sum_of(left.c.uncollected),
    }


def _asked(leader: Leader, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    asked: list[sa.ColumnElement[bool]] = []
    who = unicodedata.normalize("NFKC", clean(wanted.who))
    digits = re.sub(r"[\s-]", "", who)
    if _TAIL.fullmatch(digits):
        asked.append(Member.id.in_(_with_phone(leader, digits)))
    elif who:
        asked.append(Member.name.contains(who, autoescape=True))
    if wanted.tag:
        kept = sa.cast(Member.tags, sa.Text)  # as the column's JSON writes it
        asked.append(kept.contains(json.dumps(wanted.tag), autoescape=True))
    return asked


def _with_phone(leader: Leader, digits: str) -> list[int]:
    """Ids of members whose number ends so; numbers are encrypted, so they are looked through."""
    own = sa.select(Member.id, Member.phone).where(Member.leader_id == leader.id)
    rows = db.session.execute(own.where(Member.phone.is_not(None)))
    return [row.id for row in rows if row.phone.endswith(digits)]


def _with_rows(leader: Leader, summed: Sequence[Any]) -> Iterator[Person]:
    key = person().label("key")
    keys = [row.key for row in summed]
    own = sa.select(key, Member).where(Member.leader_id == leader.id)
    some = own.where(key.in_(keys)) if len(keys) <= PAGE_SIZE else own
    rows: dict[str, list[Member]] = defaultdict(list)
    for whose, member in db.session.execute(some.order_by(Member.user_id.is_(None), Member.id)):
        rows[whose].append(member)
    for row in summed:
        yield Person(rows[row.key], Totals(*row[1:]))
