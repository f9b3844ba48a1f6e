"""Making a deal and moving its window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader
from groupbuy.core.db import moment, rowcount
from groupbuy.core.errors import BadInput, RuleBroken, WrongState
from groupbuy.core.text import clean_name
from groupbuy.core.tokens import public_id
from groupbuy.deals.filling import fill
from groupbuy.deals.models import Deal
from groupbuy.deals.telling import tell_members
from groupbuy.deals.window import DealClosed, lock_for_deciding
from groupbuy.extensions import db
from groupbuy.payments.providers import WAYS

LONGEST_WINDOW = timedelta(days=60)


class NotReady(RuleBroken):
    """A draft lacks what it needs to be published."""

    message = _l("Before it can open, the deal needs %(what)s.")


@dataclass(frozen=True)
class ItemForm:
    """A SKU offered in a deal; what is None is taken from the SKU, `stock` None is unlimited."""

    sku_id: int
    price_fen: int | None = None
    stock: int | None = None
    limit_per_person: int | None = None
    pack_size: int | None = None


@dataclass(frozen=True)
class QuestionForm:
    """What everybody who orders is asked; `kind` is "text", "number" or "choice" of `choices`."""

    kind: str
    label: str
    choices: Sequence[str] = ()
    required: bool = False


@dataclass(frozen=True)
class DealForm:
    """What a leader says about a deal. Instants in UTC, money in fen."""

    title: str
    items: Sequence[ItemForm] = ()
    point_ids: Sequence[int] = ()
    intro: str = ""
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    pickup_starts_at: datetime | None = None
    pickup_ends_at: datetime | None = None
    minimum_kind: str = "none"
    minimum: int = 0
    limit_per_person: int | None = None
    hold_minutes: int | None = None
    pay_at_pickup: bool = False
    share_by: str = "payment"
    questions: Sequence[QuestionForm] = ()
    ways: Sequence[str] | None = None  # to pay; None: all that the site has


def create_deal(leader: Leader, form: DealForm, *, now: datetime) -> Deal:
    """A draft from `form`. Raises BadInput naming the field that cannot be."""
    facts = facts_of(form)
    deal = Deal(leader_id=leader.id, slug=public_id(), state="draft", created_at=now, **facts)
    db.session.add(deal)
    db.session.flush()
    fill(deal, form)
    return deal


def edit_draft(deal: Deal, form: DealForm) -> None:
    """Make the draft what `form` says. Raises WrongState once it is published, or BadInput."""
    facts = facts_of(form)
    lock_for_deciding(deal)
    if deal.state != "draft":
        raise WrongState(deal.state, "draft")
    for name, value in facts.items():
        setattr(deal, name, value)
    fill(deal, form)


def publish(deal: Deal, *, now: datetime) -> None:
    """Open a draft, now or, with a later `opens_at`, by itself. Raises NotReady or BadInput."""
    lock_for_deciding(deal)
    now = moment(now)
    require_contents(deal)
    opens_at = deal.opens_at or now
    if deal.closes_at is None or deal.closes_at <= max(now, opens_at):
        raise BadInput("closes_at", _l("The closing time must be later than now and the opening."))
    check_length(opens_at, deal.closes_at)
    deal.advance("open", Deal.state == "draft", opens_at=opens_at)


def require_contents(deal: Deal) -> None:
    """Raises NotReady unless there is something to order and somewhere to collect it."""
    if not deal.items:
        raise NotReady(what=_l("at least one item"))
    if not deal.points:
        raise NotReady(what=_l("a pickup point"))


def extend(deal: Deal, closes_at: datetime, *, now: datetime) -> None:
    """Close later than announced. Raises BadInput, or DealClosed once the window is over."""
    now = _lock_running(deal, now)
    if deal.closes_at and closes_at <= deal.closes_at:
        raise BadInput("closes_at", _l("The new closing time must be later than the old one."))
    _move_closing(deal, closes_at, now)


def shorten(deal: Deal, closes_at: datetime, *, now: datetime) -> None:
    """Close earlier than announced, but not in the past. Raises BadInput or DealClosed."""
    now = _lock_running(deal, now)
    if closes_at <= now or (deal.opens_at and closes_at <= deal.opens_at):
        raise BadInput("closes_at", _l("The closing time must be later than now and the opening."))
    if deal.closes_at and closes_at >= deal.closes_at:
        raise BadInput("closes_at", _l("The new closing time must be earlier than the old one."))
    _move_closing(deal, closes_at, now)


def copy_deal(deal: Deal, *, now: datetime) -> Deal:
    """A draft like `deal`: the same goods, points and rules, without dates or earned marks."""
    kept = (
        "title",
        "intro",
        "minimum_kind",
        "minimum",
        "limit_per_person",
        "hold_minutes",
        "pay_at_pickup",
        "share_by",
        "ways",
    )
    form = DealForm(
        items=[
            ItemForm(item.sku_id, item.price_fen, item.stock, item.limit_per_person, item.pack_size)
            for item in deal.items
        ],
        questions=[QuestionForm(q.kind, q.label, q.choices, q.required) for q in deal.questions],
        point_ids=[point.id for point in deal.points if point.is_active],
        **{name: getattr(deal, name) for name in kept},
    )
    return create_deal(deal.leader, form, now=now)


def facts_of(form: DealForm) -> dict[str, Any]:
    """The columns of a deal. Raises BadInput."""
    facts = {each.name: getattr(form, each.name) for each in fields(form)}
    for other in ("items", "point_ids", "questions"):
        facts.pop(other)
    _check_facts(form)
    return facts | {"title": _title(form.title), "ways": check_ways(form.ways)}


def _title(text: str) -> str:
    try:
        return clean_name(text)
    except ValueError:
        raise BadInput("title", _l("The title must be 1 to 100 readable characters.")) from None


def _check_facts(form: DealForm) -> None:
    """What the database would refuse without a word for the person, or take and never fulfil."""
    if form.opens_at and form.closes_at and form.closes_at <= form.opens_at:
        raise BadInput("closes_at", _l("The closing time must be later than the opening."))
    check_pickup(form.pickup_starts_at, form.pickup_ends_at)
    if form.minimum_kind != "none" and form.minimum < 1:
        raise BadInput("minimum", _l("Say how much must be ordered for the deal to take place."))
    for name in ("limit_per_person", "hold_minutes"):
        value = getattr(form, name)
        if value is not None and value < 1:
            raise BadInput(name, _l("This must be at least 1, or left empty."))


def check_ways(ways: Sequence[str] | None) -> list[str] | None:
    """The ways as a deal keeps them. Raises BadInput for none at all, or one that is none."""
    if ways is not None and (not ways or not set(ways) <= WAYS.keys()):
        raise BadInput("ways", _l("Choose at least one way to pay."))
    return None if ways is None else list(ways)


def check_pickup(starts_at: datetime | None, ends_at: datetime | None) -> None:
    """Raises BadInput for a time to collect that ends before it begins."""
    if starts_at and ends_at and ends_at <= starts_at:
        raise BadInput("pickup_ends_at", _l("The pickup must end later than it begins."))


def check_length(opens_at: datetime, closes_at: datetime) -> None:
    """Raises BadInput for a window that is longer than LONGEST_WINDOW."""
    if closes_at - opens_at > LONGEST_WINDOW:
        raise BadInput("closes_at", _l("A deal can be open for 60 days at most."))


def _lock_running(deal: Deal, now: datetime) -> datetime:
    lock_for_deciding(deal)
    now = moment(now)
    if deal.phase(now) not in ("upcoming", "open"):
        raise DealClosed
    return now


def _move_closing(deal: Deal, closes_at: datetime, now: datetime) -> None:
    if deal.opens_at:
        check_length(deal.opens_at, closes_at)
    moved = sa.update(Deal).where(Deal.id == deal.id, Deal.state == "open")
    if not rowcount(moved.values(closes_at=closes_at)):
        raise DealClosed
    db.session.refresh(deal)
    tell_members(deal, "closing_moved", now=now)
