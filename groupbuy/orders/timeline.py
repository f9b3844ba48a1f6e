"""What happened to an order and what is still to come, as its resident and the staff read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from flask_babel import gettext as _

from groupbuy.core.money import format_yuan
from groupbuy.money_words import way_words
from groupbuy.orders.models import Order, OrderEvent


class Step(NamedTuple):
    """One line of a timeline; `state` is "done", "now" or "ahead"; `at` None is not known yet."""

    words: str
    more: str
    at: datetime | None
    state: str


def timeline(order: Order) -> list[Step]:
    """Every event of `order`, then, while it is alive, what comes next."""
    done = [_told(order, event) for event in order.events]
    return done + [step._replace(state="now" if n == 0 else "ahead") for n, step in _ahead(order)]


def _told(order: Order, event: OrderEvent) -> Step:
    words = _EVENTS.get(event.kind, lambda: event.kind)()
    if event.kind == "paid" and (way := (event.detail or {}).get("way")):
        words = _("Paid by %(way)s", way=way_words(way))
    return Step(words, _more(order, event), event.at, "done")


# Functions, so that gettext is asked in the language of each reader.
_EVENTS: dict[str, Callable[[], str]] = {
    "ordered": lambda: _("Ordered"),
    "imported": lambda: _("Taken over from another tool"),
    "accepted": lambda: _("Accepted, paid when collected"),
    "vouched": lambda: _("Paid, the leader has the money"),
    "changed": lambda: _("Changed"),
    "contact_corrected": lambda: _("The leader corrected the contact"),
    "confirmed": lambda: _("Closed and ordered from the suppliers"),
    "reopened": lambda: _("Reopened: it can be changed again"),
    "short": lambda: _("Counted in: not everything came"),
    "ended": lambda: _("Nothing of it came"),
    "paid": lambda: _("Paid at the pickup point"),
    "late_money": lambda: _("Money came too late and goes back"),
    "duplicate_money": lambda: _("Paid a second time, that goes back"),
    "handed_over": lambda: _("Collected"),
    "handover_undone": lambda: _("The handover was taken back"),
    "uncollected": lambda: _("Not collected"),
    "given_back": lambda: _("Money given back"),
    "cancelled": lambda: _("Cancelled"),
    "expired": lambda: _("Not paid in time, let go"),
    "deal_cancelled": lambda: _("The leader called the deal off"),
    "deal_failed": lambda: _("Too few took part, the deal does not take place"),
}


def _more(order: Order, event: OrderEvent) -> str:
    """The facts behind an event: what changed, what money went where, and the reason given."""
    detail: dict[str, Any] = event.detail or {}
    facts = []
    names = {line.item_id: line.item.name for line in order.lines}
    for kind, sign in (("more", "+"), ("less", "−")):
        for item_id, pieces in detail.get(kind, {}).items():
            facts.append(f"{names.get(int(item_id), '?')} {sign}{pieces}")
    for line in detail.get("lines", ()):
        facts.append(_("%(item)s: %(gets)s of %(wanted)s", **line))
    if detail.get("refund_fen"):
        facts.append(_("%(money)s goes back", money=format_yuan(detail["refund_fen"])))
    if detail.get("fen"):
        facts.append(format_yuan(detail["fen"]))
    if event.why and event.why not in _SYSTEM_REASONS:
        facts.append(event.why)
    return _(", ").join(facts)


_SYSTEM_REASONS = frozenset({"nothing arrived"})


def _ahead(order: Order) -> list[tuple[int, Step]]:
    deal, steps = order.deal, []
    if order.state == "pending":
        until = order.pay_by or deal.closes_at
        to_do = _("Give the money to the leader") if order.way == "cash" else _("Pay online")
        steps.append(Step(to_do, "", until, ""))
    if order.state in ("pending", "placed"):
        steps.append(Step(_("Closing"), _("until then you can change it"), deal.closes_at, ""))
    if order.state in ("pending", "placed") or (order.state, deal.state) == ("confirmed", "closed"):
        steps.append(Step(_("Counting in"), _("what is missing is paid back"), None, ""))
    if order.state in ("pending", "placed", "confirmed"):
        steps.append(Step(_("Collect"), order.point.name, deal.pickup_starts_at, ""))
    return list(enumerate(steps))
