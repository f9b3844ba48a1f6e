"""Plain text for the group chat: what a deal sells until when, and who has joined so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from flask_babel import gettext as _

from groupbuy.core.money import format_yuan
from groupbuy.deals.models import Deal, DealItem
from groupbuy.deals.unit_price import unit_price
from groupbuy.words import full_time, time_span

MOST_ITEMS = 30  # a longer message is folded by the chat


class Entry(Protocol):
    """A numbered line of the roll, as `orders.roll_page` reads it."""

    roll_no: int
    name: str

    @property
    def words(self) -> str: ...


def announcement(deal: Deal, items: Sequence[DealItem], url: str, *, now: datetime) -> str:
    """The message that a leader posts: title, prices, closing, pickup, link. Fits every phase."""
    phase = deal.phase(now)
    parts = [
        [f"【{deal.title}】", _by_whom(deal)],
        list(price_list(items)) if phase in ("upcoming", "open") else [_how_it_ended(phase)],
        list(_times(deal, phase, now)),
        [_invitation(phase, url)],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def price_list(items: Sequence[DealItem]) -> Iterator[str]:
    """A line for each item, at most MOST_ITEMS, then how many there are in all."""
    for number, item in enumerate(items[:MOST_ITEMS], 1):
        yield f"{number}. {_priced(item)}"
    if len(items) > MOST_ITEMS:
        yield _("… and more, %(count)s kinds in all", count=len(items))


def roll_text(deal: Deal, entries: Iterable[Entry], heading: str) -> str:
    """The roll in the manner of a 接龙: "1. 张* 土鸡蛋 1、上海青 2", the smallest number first."""
    lines = (f"{entry.roll_no}. {entry.name} {entry.words}".rstrip() for entry in entries)
    return "\n".join([f"【{deal.title}】{heading}", *lines])


def measured(item: DealItem) -> str:
    """The unit price in words, like “¥3.96/斤”; "" where the size is not simply an amount."""
    per = unit_price(item.price_fen, item.spec)
    if per is None:
        return ""
    measures = {"500 g": _("500 g"), "100 ml": _("100 ml")}
    return _(
        "%(price)s per %(measure)s",
        price=format_yuan(per[0]),
        measure=measures.get(per[1], per[1]),
    )


def closing_line(deal: Deal, *, now: datetime) -> str:
    """When orders end, with the weekday."""
    assert deal.closes_at  # of every published deal
    return _("Closes: %(time)s", time=full_time(deal.closes_at, now))


def pickup_line(deal: Deal) -> str:
    """When bags can be collected, or that it is not fixed yet."""
    if deal.pickup_starts_at is None:
        return _("Pickup: you are told when the goods are here")
    return _("Pickup: %(time)s", time=time_span(deal.pickup_starts_at, deal.pickup_ends_at))


def place_line(deal: Deal) -> str:
    """Where: the first point with its address, and how many others there are; "" for none."""
    if not deal.points:
        return ""
    first, *others = deal.points
    place = f"{first.name} {first.address}".strip()
    if others:
        return _("Where: %(place)s, and %(count)s more", place=place, count=len(others))
    return _("Where: %(place)s", place=place)


def _by_whom(deal: Deal) -> str:
    leader = deal.leader
    return _("%(leader)s · leader in %(community)s", leader=leader.name, community=leader.community)


def _priced(item: DealItem) -> str:
    sold_out = item.stock is not None and item.sold >= item.stock
    goods = f"{item.name} {item.spec}".rstrip()
    price = f"{goods} {format_yuan(item.price_fen)}/{item.unit}"
    remarks = list(filter(None, (measured(item), _("Sold out") if sold_out else "")))
    if not remarks:
        return price
    return _("%(price)s (%(remark)s)", price=price, remark=_(", ").join(remarks))


def _times(deal: Deal, phase: str, now: datetime) -> Iterator[str]:
    if phase == "upcoming" and deal.opens_at:
        yield _("Opens: %(time)s", time=full_time(deal.opens_at, now))
    if phase in ("upcoming", "open"):
        yield closing_line(deal, now=now)
    if phase not in ("failed", "cancelled"):
        yield pickup_line(deal)
        if place := place_line(deal):
            yield place


def _how_it_ended(phase: str) -> str:
    return {
        "arrived": _("The goods are here. Come and collect your bag at your pickup point."),
        "failed": _("Not enough was ordered, so nothing will be bought. All money goes back."),
        "cancelled": _("The leader called this deal off. All money goes back."),
    }.get(phase, _("Closed. The goods are being prepared."))


def _invitation(phase: str, url: str) -> str:
    if phase == "open":
        return _("Order here: %(url)s", url=url)
    if phase == "upcoming":
        return _("Have a look: %(url)s", url=url)
    return _("Details: %(url)s", url=url)
