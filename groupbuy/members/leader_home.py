"""A leader's own page, following them, and the front door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts import following
from groupbuy.accounts.models import Leader, PickupPoint
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.deals import finding
from groupbuy.deals.announcing import measured
from groupbuy.deals.finding import Offer
from groupbuy.deals.models import Deal
from groupbuy.deals.record import record_to_show
from groupbuy.extensions import db, limiter
from groupbuy.members.drawings import drawing_of
from groupbuy.members.paging import page_asked
from groupbuy.members.person import me, own_orders
from groupbuy.members.search_form import SearchForm
from groupbuy.orders.models import Order

bp = Blueprint("leader_home", __name__)

_ACTIVE_STATES = ("pending", "placed", "confirmed")
_MOST_ORDERS = 5


@bp.get("/l/<slug>")
@policy("public")
def show(slug: str) -> tuple[str, int]:
    """What a leader sells now, will sell and sold; or what of it fits a search."""
    leader, now = _leader_or_404(slug), clock.now()
    form = SearchForm(request.args, meta={"csrf": False})
    valid = form.validate()
    selling, upcoming = finding.current_deals([leader], now=now)
    offers = finding.offers_of(selling)
    found = None
    if valid and form.wanted():
        found = finding.page_of(finding.matching(offers, form.wanted()), page_asked())
    page = render_template(
        "members/leader_home.html",
        leader=leader,
        record=record_to_show(leader, now=now),
        following=_is_following(leader),
        points=_points(leader),
        now=now,
        form=form,
        found=found,
        measured=measured,
        recent=None if found else finding.recent_deals(leader, page_asked(), now=now),
        **_stalls(selling, upcoming, offers),
    )
    return page, 200 if valid else 422


@bp.post("/l/<slug>/follow")
@policy("public")
@limiter.limit("30 per minute")
def follow(slug: str) -> Response:
    """Hear of this leader's deals from now on; whoever is nobody yet signs in first."""
    leader, user = _leader_or_404(slug), me().user
    if user is None:
        return redirect(url_for("sign_in.show", next=url_for(".show", slug=slug)), 303)
    with transaction():
        following.follow(user, leader, now=clock.now())
    flash(_("You are told when %(leader)s opens a deal.", leader=leader.name), "success")
    return redirect(url_for(".show", slug=slug), 303)


@bp.post("/l/<slug>/unfollow")
@policy("public")
@limiter.limit("30 per minute")
def unfollow(slug: str) -> Response:
    """No longer hear of this leader's deals."""
    leader, user = _leader_or_404(slug), me().user
    if user is None:
        return redirect(url_for("sign_in.show", next=url_for(".show", slug=slug)), 303)
    with transaction():
        following.unfollow(user, leader)
    flash(_("You no longer follow %(leader)s.", leader=leader.name), "success")
    return redirect(url_for(".show", slug=slug), 303)


@bp.get("/")
@policy("public")
def front_door() -> str:
    """For those who are known, their leaders' deals and their orders; else what this place is."""
    user, now = me().user, clock.now()
    leaders = following.followed_leaders(user) if user else []
    selling, upcoming = finding.current_deals(leaders, now=now) if leaders else ([], [])
    return render_template(
        "members/leader_home_front.html",
        user=user,
        leaders=leaders,
        orders=_active_orders(),
        now=now,
        **_stalls(selling, upcoming, finding.offers_of(selling)),
    )


def _leader_or_404(slug: str) -> Leader:
    return following.approved_leader(slug) or abort(404)


def _is_following(leader: Leader) -> bool:
    user = me().user
    return user is not None and following.is_following(user, leader)


def _points(leader: Leader) -> Sequence[PickupPoint]:
    active = sa.select(PickupPoint).where(PickupPoint.leader_id == leader.id, PickupPoint.is_active)
    return db.session.scalars(active.order_by(PickupPoint.id)).all()


def _active_orders() -> Sequence[Order]:
    """The newest orders of whoever asks that are not at their end."""
    asking = me()
    if asking.user is None and not asking.guest_members:
        return []
    active = own_orders().where(Order.state.in_(_ACTIVE_STATES)).options(joinedload(Order.deal))
    return db.session.scalars(active.order_by(Order.id.desc()).limit(_MOST_ORDERS)).all()


def _stalls(
    selling: Sequence[Deal], upcoming: Sequence[Deal], offers: Sequence[Offer]
) -> dict[str, Any]:
    """What the page's cards of deals are drawn from."""
    by_deal: dict[int, list[Offer]] = {deal.id: [] for deal in selling}
    for offer in offers:
        by_deal[offer.item.deal_id].append(offer)
    return {
        "selling": selling,
        "upcoming": upcoming,
        "goods": by_deal,
        "categories": list(dict.fromkeys(offer.category for offer in offers if offer.category)),
        "brands": sorted({offer.brand for offer in offers if offer.brand}),
        "drawings": {offer.item.id: drawing_of(offer.item, offer.category) for offer in offers},
    }
