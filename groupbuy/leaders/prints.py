"""Sheets to print about a deal: what to pick, slips to pack by, labels, the list at the point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from groupbuy.access import policy
from groupbuy.core import action_log, clock
from groupbuy.core.db import transaction
from groupbuy.core.text import id_or_none
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404, leader
from groupbuy.leaders.order_filters import Filters
from groupbuy.orders import searching
from groupbuy.orders.models import Order
from groupbuy.pickup import packing
from groupbuy.pickup.packing import Parcel

bp = Blueprint("lead_prints", __name__, url_prefix="/lead/deals/<slug>/print")
KINDS = ("picking", "slips", "labels", "points")
_SHOW_PHONES = ("slips", "points")
_SORTED = ("slips", "labels")
_OF_A_SHEET = ("point", "sort")  # they choose among the sheets, not among the orders
_MOST_CHOSEN = 2000


@bp.get("")
@policy("staff:orders")
def index(slug: str) -> str:
    """Every sheet with a word on what it is for, and the workbook; for all or the chosen orders."""
    deal, filters = deal_or_404(slug), Filters(request.args)
    conditions = conditions_of(deal, request.args)
    return render_template(
        "leaders/prints/index.html",
        deal=deal,
        now=clock.now(),
        households=_wanted(deal, "points"),
        kept=kept_pairs(request.args),
        filters=filters,
        totals=searching.totals(conditions),
    )


@bp.get("/<kind>")
@policy("staff:orders")
def sheet(slug: str, kind: str) -> str:
    """One sheet, names and phone numbers masked."""
    deal = _deal_or_404(slug, kind)
    return _drawn(deal, kind, _wanted(deal, kind), whole=False)


@bp.post("/<kind>")
@policy("staff:orders")
def whole_sheet(slug: str, kind: str) -> str:
    """The same with names and phone numbers in full, written down; there is no address of it."""
    deal = _deal_or_404(slug, kind)
    if kind not in _SHOW_PHONES:
        abort(404)
    rows = len(_wanted(deal, kind))
    with transaction():
        action_log.note(
            "phones_printed",
            f"deal:{deal.id}",
            actor_id=current_user.id,
            leader_id=leader().id,
            now=clock.now(),
            sheet=kind,
            rows=rows,
        )
    return _drawn(deal, kind, _wanted(deal, kind), whole=True)


def chosen_ids(args: MultiDict[str, str]) -> list[int]:
    """The orders ticked in an address (`order`, several); with `all` it is not about ticks."""
    typed = [] if args.get("all") == "1" else args.getlist("order")[:_MOST_CHOSEN]
    return [row_id for row_id in map(id_or_none, typed) if row_id is not None]


def conditions_of(deal: Deal, args: MultiDict[str, str]) -> list[Any]:
    """Which orders of `deal` an address means: those its filters find, and of them the ticked."""
    conditions: list[Any] = searching.matching(deal, Filters(args).wanted)
    ids = chosen_ids(args)
    return [*conditions, Order.id.in_(ids)] if ids else conditions


def kept_pairs(args: MultiDict[str, str]) -> list[tuple[str, str]]:
    """What of an address says which orders are meant, for the next address."""
    ticked = [("order", str(row_id)) for row_id in chosen_ids(args)]
    return [*ticked, *(pair for pair in Filters(args).pairs() if pair[0] not in _OF_A_SHEET)]


def _deal_or_404(slug: str, kind: str) -> Deal:
    return deal_or_404(slug) if kind in KINDS else abort(404)


def _wanted(deal: Deal, kind: str) -> list[Parcel]:
    """The households that the address means, in the order it wants; lists go by roll number."""
    args = request.args
    point_id = id_or_none(args.get("point", ""))
    sort = args.get("sort", "") if kind in _SORTED else "roll"
    ids = searching.ids_of(conditions_of(deal, args)) if kept_pairs(args) else None
    return packing.parcels(deal, sort=sort, point_id=point_id, order_ids=ids)


def _drawn(deal: Deal, kind: str, households: Sequence[Parcel], *, whole: bool) -> str:
    asked = request.args
    sort = asked.get("sort", "")
    return render_template(
        f"leaders/prints/{kind}.html",
        deal=deal,
        now=clock.now(),
        kind=kind,
        title=titles()[kind],
        households=households,
        groups=packing.by_point(households),
        picks=packing.picks(households) if kind == "picking" else (),
        sort=sort if sort in packing.SORTS else "place",
        sorts=_sorts() if kind in _SORTED else {},
        point_id=id_or_none(asked.get("point", "")),
        apart=asked.get("bags") == "apart",
        kept=kept_pairs(asked),
        whole=whole,
        has_phones=kind in _SHOW_PHONES,
    )


def titles() -> dict[str, str]:
    """What the sheets are called."""
    return {
        "picking": _("Picking list"),
        "slips": _("Packing slips"),
        "labels": _("Labels 60 × 40 mm"),
        "points": _("Point list"),
    }


def _sorts() -> dict[str, str]:
    return {
        "place": _("By building and room"),
        "roll": _("By roll number"),
        "goods": _("Same goods together"),
        "cold": _("Cold chain first"),
    }
