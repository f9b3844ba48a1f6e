"""The first page of the console: what needs me now, tonight, and how the week goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flask import Blueprint, render_template
from flask_babel import gettext as _
from flask_login import current_user

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.desk import desk
from groupbuy.leaders import today_rows, week
from groupbuy.support import desk_facts, desk_work
from groupbuy.support.desk_facts import Bags, Taken
from groupbuy.support.desk_work import Desk

bp = Blueprint("lead_today", __name__, url_prefix="/lead")

_SOONEST = 5  # deals in the card of those that close soon


@bp.get("")
@policy("staff")
def show() -> str:
    """What needs whoever asks; a helper sees what their rights allow."""
    now, post = clock.now(), desk()
    name = post.leader.name if post.is_leader else current_user.name
    counted = desk_work.desk_of(post, now)
    numbers = week.week_of(post.leader, now) if post.may("orders") else None
    return render_template(
        "leaders/today.html",
        greeting=_greeting(clock.local(now).hour) % {"name": name},
        post=post,
        rows=today_rows.rows(counted),
        tonight=_tonight(counted),
        soon=_soon(counted),
        week=numbers,
        bars=week.bars(numbers.days) if numbers else [],
        in_words=week.in_words(numbers) if numbers else "",
        now=now,
    )


class Tonight(NamedTuple):
    """What is collected today: the deals, bags by point, all in all."""

    deals: list[Deal]
    points: list[Bags]
    bags: int
    households: int
    cold: int


class Closing(NamedTuple):
    """A deal that closes soon; `have` counts towards its minimum, `missing` in words."""

    deal: Deal
    taken: Taken
    have: int
    missing: str


def _tonight(counted: Desk) -> Tonight | None:
    deals = desk_work.tonights(counted)
    ids = {deal.id for deal in deals}
    points = [bags for bags in counted.bags if bags.deal_id in ids]
    if not points:
        return None
    return Tonight(
        deals,
        points,
        sum(bags.bags for bags in points),
        desk_facts.households_of(ids, counted.post),
        sum(bags.cold for bags in points),
    )


def _soon(counted: Desk) -> Sequence[Closing]:
    if not counted.post.may("orders"):
        return []
    selling = [deal for deal in counted.deals if deal.state == "open"]
    return [_closing(deal, counted) for deal in selling[:_SOONEST]]


def _closing(deal: Deal, counted: Desk) -> Closing:
    taken = counted.of(deal, "placed")
    have = taken.towards(deal.minimum_kind)
    lacking = deal.minimum - have
    missing = today_rows.missing_words(deal, lacking) if lacking > 0 else ""
    return Closing(deal, taken, have, "" if deal.minimum_kind == "none" else missing)


def _greeting(hour: int) -> str:
    if 5 <= hour < 11:
        return _("Good morning, %(name)s")
    if 11 <= hour < 13:
        return _("Good day, %(name)s")
    return _("Good afternoon, %(name)s") if 13 <= hour < 18 else _("Good evening, %(name)s")
