"""Money to collect: who still pays for a deal, and who gets some back in cash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts.models import PickupPoint
from groupbuy.core import action_log, clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.core.money import format_yuan
from groupbuy.core.text import id_or_none, parse_quantity
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404, own_or_404
from groupbuy.extensions import db
from groupbuy.orders.figures import figures
from groupbuy.orders.models import Order
from groupbuy.orders.vouching import vouch as vouch_for
from groupbuy.pickup import cash
from groupbuy.pickup.bags import OrdersChanged
from groupbuy.pickup.cash import Sum
from groupbuy.pickup.models import Pickup

bp = Blueprint("lead_money", __name__, url_prefix="/lead/deals/<slug>/money")
Page = str | Response | tuple[str, int]


class Pages(NamedTuple):
    """For the pager: `total` debts of one kind, `page` of `pages`."""

    page: int
    pages: int
    total: int
    base: str

    def address(self, page: int) -> str:
        """The same list, another page."""
        return f"{self.base}&page={page}"


@bp.get("")
@policy("leader")
def show(slug: str) -> str:
    """Sums by point, and one list at a time: to vouch for, to collect, or to give back."""
    return _page(deal_or_404(slug), request.args)


@bp.post("/vouch")
@policy("leader")
def vouch(slug: str) -> Page:
    """The cash of one pending order is there: `fen` as the page showed it."""
    deal = deal_or_404(slug)
    order = _of(deal, own_or_404(Order, request.form.get("order", "")))
    fen = _fen()
    try:
        with transaction():
            vouch_for(order, by_id=current_user.id, now=clock.now())
            if order.due_fen != fen:
                raise OrdersChanged
    except RuleBroken as refusal:
        return _refused(slug, refusal)
    return _done(deal, _("%(money)s booked. The order is in the roll.", money=format_yuan(fen)))


@bp.post("/take")
@policy("leader")
def take(slug: str) -> Page:
    """A household paid what its bag still costs."""
    deal = deal_or_404(slug)
    pickup = _of(deal, own_or_404(Pickup, request.form.get("bag", "")))
    fen, now = _fen(), clock.now()
    try:
        with transaction():
            cash.take(pickup, fen, by_id=current_user.id, now=now)
            _log("cash_taken", f"pickup:{pickup.id}", deal, fen=fen)
    except RuleBroken as refusal:
        return _refused(slug, refusal)
    return _done(deal, _("%(money)s booked. The bag can be handed over.", money=format_yuan(fen)))


@bp.post("/give")
@policy("leader")
def give(slug: str) -> Page:
    """Cash was given back: of the orders ticked, or with `all` of everybody at the point."""
    deal = deal_or_404(slug)
    fen, now = _fen(), clock.now()
    try:
        with transaction():
            ids = _ids_to_give(deal)
            cash.give_back(deal, ids, fen, by_id=current_user.id, now=now)
            _log("cash_given_back", f"deal:{deal.id}", deal, fen=fen, orders=len(ids))
    except RuleBroken as refusal:
        return _refused(slug, refusal)
    return _done(deal, _("%(money)s noted as given back.", money=format_yuan(fen)))


def _page(deal: Deal, asked: MultiDict[str, str]) -> str:
    by_point = cash.sums(deal)
    point_id = id_or_none(asked.get("point", ""))
    totals = _totals(by_point, None)
    here = _totals(by_point, point_id)
    kind = asked.get("show", "")
    if kind not in cash.KINDS:
        kind = next((name for name in cash.KINDS if here[name].many), cash.KINDS[0])
    pages = _pages(deal, kind, asked, here[kind].many)
    return render_template(
        "leaders/money.html",
        deal=deal,
        now=clock.now(),
        figures=figures(deal),
        by_point=[(point, by_point[point.id]) for point in _points(by_point)],
        nothing_open=Sum(0, 0),
        totals=totals,
        shown=here,
        kind=kind,
        point_id=point_id,
        pages=pages,
        debts=cash.debts(deal, kind, point_id=point_id, page=pages.page),
    )


def _totals(by_point: dict[int, dict[str, Sum]], point_id: int | None) -> dict[str, Sum]:
    """Kind -> what is open at one point, or everywhere."""
    ids = by_point.keys() if point_id is None else by_point.keys() & {point_id}
    found = {}
    for kind in cash.KINDS:
        own = [by_point[one][kind] for one in ids if kind in by_point[one]]
        found[kind] = Sum(sum(one.fen for one in own), sum(one.many for one in own))
    return found


def _points(by_point: dict[int, Any]) -> Sequence[Any]:
    point = db.select(PickupPoint).where(PickupPoint.id.in_(by_point))
    return db.session.scalars(point.order_by(PickupPoint.id)).all() if by_point else ()


def _pages(deal: Deal, kind: str, asked: MultiDict[str, str], total: int) -> Pages:
    try:
        page = max(1, parse_quantity(asked.get("page", "1")))
    except ValueError:
        page = 1
    pages = max(1, -(-total // cash.PAGE_SIZE))
    return Pages(min(page, pages), pages, total, _address(deal, kind, asked.get("point", "")))


def _address(deal: Deal, kind: str, point: str) -> str:
    place = id_or_none(point)
    return url_for("lead_money.show", slug=deal.slug, show=kind, point=place)


def _of(deal: Deal, row: Any) -> Any:
    """`row` if it is of this deal; the leader's other deals are other pages."""
    return row if row.deal_id == deal.id else abort(404)


def _fen() -> int:
    """The sum that the page showed; whatever else was sent is a sum that nobody owes."""
    return id_or_none(request.form.get("fen", "")) or 0


def _ids_to_give(deal: Deal) -> list[int]:
    if request.form.get("all") == "1":
        return cash.orders_to_give(deal, id_or_none(request.form.get("point", "")))
    ids = (id_or_none(typed) for typed in request.form.getlist("order")[:500])
    return [row_id for row_id in ids if row_id is not None]


def _log(action: str, subject: str, deal: Deal, **detail: int) -> None:
    who = {"actor_id": current_user.id, "leader_id": deal.leader_id}
    action_log.note(action, subject, now=clock.now(), **who, **detail)


def _refused(slug: str, refusal: RuleBroken) -> tuple[str, int]:
    """The list as it is now, with why nothing was done."""
    flash(refusal.sentence, "error")
    return _page(deal_or_404(slug), request.form), refusal.status


def _done(deal: Deal, said: str) -> Response:
    flash(said, "success")
    kind = request.form.get("show", "")
    kind = kind if kind in cash.KINDS else cash.KINDS[0]
    return redirect(_address(deal, kind, request.form.get("point", "")), 303)
