"""What waits at a leader's desk: counted for the first page of the console and for the message
of the morning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from groupbuy.accounts.staff import Post
from groupbuy.core.clock import local
from groupbuy.deals.models import Deal
from groupbuy.support import desk_facts as facts
from groupbuy.support.desk_facts import Bags, Taken

_NOBODY = Taken()


class Desk(NamedTuple):
    """What was counted for whoever sits there; `taken` by (deal id, order state)."""

    post: Post
    deals: Sequence[Deal]
    taken: Mapping[tuple[int, str], Taken]
    bags: list[Bags]
    now: datetime

    def of(self, deal: Deal, state: str) -> Taken:
        """The orders of `deal` in this state."""
        return self.taken.get((deal.id, state), _NOBODY)


def desk_of(post: Post, now: datetime) -> Desk:
    """Count what this person may see."""
    deals = facts.live_deals(post, now)
    selling = [deal.id for deal in deals if deal.state in ("open", "closing")]
    carrying = [deal.id for deal in deals if deal.state in ("closed", "arrived")]
    return Desk(
        post,
        deals,
        facts.orders_of(selling) if post.may("orders") and selling else {},
        facts.bags_of(carrying, post) if post.may("pickup") and carrying else [],
        now,
    )


def to_vouch(desk: Desk) -> dict[int, Taken]:
    """Deal id -> orders that wait for their cash and expire without it."""
    waiting = {deal.id: desk.of(deal, "pending") for deal in desk.deals if _needs_cash(deal)}
    return {deal_id: taken for deal_id, taken in waiting.items() if taken.orders}


def tonights(desk: Desk) -> list[Deal]:
    """The deals whose pickup is today and not over yet."""
    today = local(desk.now).date()
    return [
        deal
        for deal in desk.deals
        if deal.state in ("closed", "arrived")
        and deal.pickup_starts_at
        and local(deal.pickup_starts_at).date() <= today
        and (deal.pickup_ends_at or deal.pickup_starts_at) >= desk.now
    ]


def over(desk: Desk) -> dict[int, Deal]:
    """Deals whose pickup has ended: whatever stands there needs an ending."""
    return {
        deal.id: deal
        for deal in desk.deals
        if deal.state in ("closed", "arrived")
        and deal.pickup_ends_at
        and deal.pickup_ends_at < desk.now
    }


class Waiting(NamedTuple):
    """How much of everything waits; the names are those in the notice's detail."""

    to_vouch: int = 0
    unanswered: int = 0
    arriving: int = 0
    to_hand_over: int = 0
    uncollected: int = 0
    doubles: int = 0
    questions: int = 0


def waiting_of(desk: Desk) -> Waiting:
    """Only numbers: orders, purchase lists, deliveries of today, bags, cases, people."""
    today = local(desk.now).date()
    closed = {deal.id: deal for deal in desk.deals if deal.state == "closed"}
    lists = facts.lists_of(closed) if closed else []
    starts = [closed[found.deal_id].pickup_starts_at for found in lists]
    tonight, gone = {deal.id for deal in tonights(desk)}, over(desk)
    return Waiting(
        sum(taken.orders for taken in to_vouch(desk).values()),
        sum(not found.answered and not found.counted for found in lists),
        sum(start is not None and local(start).date() == today for start in starts),
        sum(bags.ready for bags in desk.bags if bags.deal_id in tonight),
        sum(bags.ready for bags in desk.bags if bags.deal_id in gone),
        sum(case.cases for case in facts.doubles_of(desk.post)),
        facts.questions_of(desk.post)[0],
    )


def _needs_cash(deal: Deal) -> bool:
    return deal.closes_at is not None and not deal.pay_at_pickup
