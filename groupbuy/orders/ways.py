"""In which ways an order may be paid, and up to what sum online."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flask import current_app
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader, Member
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.money import format_yuan
from groupbuy.deals.models import Deal
from groupbuy.payments.providers import ways_on

HOLD = timedelta(minutes=15)  # how long goods are held for somebody who pays online


class CashOnlyAbove(RuleBroken):
    """The order costs more than may be paid online at once."""

    message = _l("Orders of more than %(limit)s cannot be paid online. Please ask the leader.")


def taken(ways: Sequence[str] | None) -> list[str]:
    """The ways this site has, of those a deal takes; None: it takes all."""
    return [way for way in ways_on() if ways is None or way in ways]


def ways_for(deal: Deal) -> list[str]:
    """The ways in which an order of `deal` can be paid: what the site has and the leader takes."""
    return taken(deal.ways)


def online_limit_fen(leader: Leader, member: Member | None) -> int:
    """The most that an order may cost to be paid online: the member's, the leader's, the site's."""
    limits = (member and member.order_limit_fen, leader.order_limit_fen)
    found = next((limit for limit in limits if limit is not None), None)
    return int(current_app.config["ORDER_LIMIT_FEN"] if found is None else found)


def check_way(way: str, deal: Deal, member: Member, due_fen: int) -> None:
    """Raises BadInput for a way `deal` does not take, CashOnlyAbove for too large a sum."""
    if way not in ways_for(deal):
        raise BadInput("way", _l("Choose how you pay."))
    if way != "cash" and due_fen > (limit := online_limit_fen(deal.leader, member)):
        raise CashOnlyAbove(limit=format_yuan(limit))
