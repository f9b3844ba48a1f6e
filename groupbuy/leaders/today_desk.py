"""What the first page of the console is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from groupbuy.accounts.staff import Post
from groupbuy.core.clock import local
from groupbuy.deals.models import Deal
from groupbuy.leaders import today_facts as facts
from groupbuy.leaders.today_facts import Bags, Taken

_NOBODY = Taken()


class Row(NamedTuple):
    """`due_at` sorts, `due` says what happens then; `tone` is bad, warn or info."""

    tone: str
    symbol: str
    title: str
    consequence: str
    due_at: datetime | None
    due: str
    address: str
    act: str


class Desk(NamedTuple):
    """What was counted for the page; `taken` by (deal id, order state)."""

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
