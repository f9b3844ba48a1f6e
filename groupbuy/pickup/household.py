"""What one household collects at one point on one day: several deals, one code, one walk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from groupbuy.accounts.models import Member
from groupbuy.core.clock import local
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderEvent, OrderLine
from groupbuy.pickup import proxies
from groupbuy.pickup.bags import COLLECTIBLE, IN_BAGS
from groupbuy.pickup.handover import owed_fen
from groupbuy.pickup.models import Handover, Pickup, PickupProxy

REMEMBERED = timedelta(days=30)  # how long people look back at what they collected
_COLDEST_FIRST = ("frozen", "fresh", "ambient")


@dataclass
class Bag:
    """A bag with what its household wants to know; `lines` coldest first, what did not come last.

    `handover` is the last one that counts, `by_proxy` says that a pass was shown for it.
    """

    pickup: Pickup
    lines: list[OrderLine] = field(default_factory=list)
    handover: Handover | None = None
    by_proxy: bool = False
    proxy: PickupProxy | None = None

    @property
    def orders(self) -> list[Order]:
        """By roll number."""
        return sorted({line.order for line in self.lines}, key=lambda order: order.roll_no or 0)

    @property
    def owed_fen(self) -> int:
        """What is to be paid at the gate."""
        return owed_fen(self.lines) if self.pickup.state in COLLECTIBLE else 0


@dataclass
class Household:
    """Bags that go together, the oldest first: scanning any of them shows the helper all."""

    bags: list[Bag]

    @property
    def shown(self) -> Bag | None:
        """The bag whose code stands for all: the oldest that can still be collected."""
        return next((bag for bag in self.bags if bag.pickup.state in COLLECTIBLE), None)

    @property
    def is_ready(self) -> bool:
        return any(bag.pickup.state == "ready" for bag in self.bags)

    @property
    def owed_fen(self) -> int:
        return sum(bag.owed_fen for bag in self.bags)

    @property
    def starts_at(self) -> datetime | None:
        return min(filter(None, (b.pickup.deal.pickup_starts_at for b in self.bags)), default=None)

    @property
    def ends_at(self) -> datetime | None:
        return max(filter(None, (b.pickup.deal.pickup_ends_at for b in self.bags)), default=None)


def households(
    whose: sa.ColumnElement[bool], *, now: datetime
) -> tuple[list[Household], list[Household]]:
    """Those with something to collect, nearest first, and those of the last 30 days, latest first.

    `whose` is a condition on Member. Contents are not loaded: see `fill`.
    """
    when = sa.func.coalesce(Deal.pickup_starts_at, Deal.closed_at)
    wanted = sa.or_(Pickup.state.in_(COLLECTIBLE), when >= now - REMEMBERED)
    together: dict[Any, list[Bag]] = {}
    for pickup in db.session.scalars(_with_deals().where(whose, wanted)):
        together.setdefault(_key(pickup), []).append(Bag(pickup))
    found = [Household(bags) for bags in together.values()]
    to_come = [household for household in found if household.shown]
    over = [household for household in found if not household.shown]
    far = datetime.max.replace(tzinfo=UTC)
    to_come.sort(key=lambda h: (not _is_on(h, now), h.starts_at or far, h.bags[0].pickup.id))
    over.sort(key=lambda h: (h.starts_at or _closed_at(h), h.bags[0].pickup.id), reverse=True)
    return to_come, over


def siblings(pickup: Pickup) -> list[Pickup]:
    """The bags, `pickup` among them, that its household collects at its point on its day."""
    member = pickup.member
    alone = member.user_id is None
    same = Member.id == member.id if alone else Member.user_id == member.user_id
    together = (
        _with_deals()
        .where(Pickup.leader_id == pickup.leader_id, Pickup.point_id == pickup.point_id)
        .where(same, *_same_day(pickup.deal))
    )
    return list(db.session.scalars(together))


def fill(shown: Iterable[Household]) -> None:
    """Load what is in the bags of `shown`, and what became of them."""
    bags = {bag.pickup.id: bag for household in shown for bag in household.bags}
    if not bags:
        return
    by_place = {(b.pickup.deal_id, b.pickup.member_id, b.pickup.point_id): b for b in bags.values()}
    for line in _lines(list(by_place)):
        order = line.order
        by_place[order.deal_id, order.member_id, order.point_id].lines.append(line)
    for bag in bags.values():
        bag.lines.sort(
            key=lambda line: (not line.kept_pieces, _COLDEST_FIRST.index(line.item.storage_class))
        )
    for handover in _handovers(list(bags)):
        bags[handover.pickup_id].handover = handover
    by_proxy = _given_to_others([bag for bag in bags.values() if bag.handover])
    passes = proxies.passes_of(bag.pickup for bag in bags.values())
    for bag in bags.values():
        bag.by_proxy = bag.handover is not None and bag.handover.id in by_proxy
        bag.proxy = passes.get(bag.pickup.id)


def _with_deals() -> sa.Select[Any]:
    return (
        sa.select(Pickup)
        .join(Pickup.member)
        .join(Pickup.deal)
        .order_by(Pickup.id)
        .options(
            contains_eager(Pickup.member),
            contains_eager(Pickup.deal).joinedload(Deal.leader),
            joinedload(Pickup.point),
        )
    )


def _key(pickup: Pickup) -> tuple[Any, ...]:
    """What bags that go together have in common."""
    person = ("user", pickup.member.user_id)
    if pickup.member.user_id is None:
        person = ("member", pickup.member_id)
    return pickup.leader_id, pickup.point_id, person, _day(pickup.deal) or pickup.deal_id


def _day(deal: Deal) -> date | None:
    """The day `deal` is collected, as people see it."""
    return local(deal.pickup_starts_at).date() if deal.pickup_starts_at else None


def _same_day(deal: Deal) -> Sequence[sa.ColumnElement[bool]]:
    """Deals collected on the day of `deal`; without a day, only itself."""
    if deal.pickup_starts_at is None:
        return (Deal.id == deal.id,)
    midnight = local(deal.pickup_starts_at).replace(hour=0, minute=0, second=0, microsecond=0)
    # On the wall clock: a day on which clocks are changed has 23 or 25 hours.
    return Deal.pickup_starts_at >= midnight, Deal.pickup_starts_at < midnight + timedelta(days=1)


def _is_on(household: Household, now: datetime) -> bool:
    """Whether somebody stands at the gate with it, as far as is known."""
    starts_at, ends_at = household.starts_at, household.ends_at
    begun = starts_at is None or starts_at <= now
    return household.is_ready and begun and (ends_at is None or now < ends_at)


def _closed_at(household: Household) -> datetime:
    return max(filter(None, (b.pickup.deal.closed_at for b in household.bags)))


def _lines(places: list[tuple[int, int, int]]) -> Iterable[OrderLine]:
    """The lines of the orders in bags at `places`, each a deal id, member id and point id."""
    in_bags = sa.tuple_(Order.deal_id, Order.member_id, Order.point_id).in_(places)
    lines = sa.select(OrderLine).join(OrderLine.order).where(in_bags, Order.state.in_(IN_BAGS))
    lines = lines.options(contains_eager(OrderLine.order), joinedload(OrderLine.item))
    return db.session.scalars(lines.order_by(Order.id, OrderLine.position))


def _handovers(pickup_ids: list[int]) -> Iterable[Handover]:
    """The handovers that count, the last of each bag last."""
    valid = Handover.pickup_id.in_(pickup_ids), Handover.undone_at.is_(None)
    found = sa.select(Handover).where(*valid).options(joinedload(Handover.by))
    return db.session.scalars(found.order_by(Handover.id))


def _given_to_others(bags: list[Bag]) -> set[int]:
    """The ids of the handovers of `bags` for which a pass was shown."""
    order_ids = [order.id for bag in bags for order in bag.orders]
    told = sa.select(OrderEvent.detail).where(
        OrderEvent.order_id.in_(order_ids), OrderEvent.kind == "handed_over"
    )
    details = db.session.scalars(told) if order_ids else ()
    return {detail["handover"] for detail in details if detail and detail.get("proxy")}
