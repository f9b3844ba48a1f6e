"""Where the QR code on a printed purchase list leads."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, abort, redirect, render_template, session, url_for

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.tokens import unsign
from groupbuy.desk import desk_or_none, posts
from groupbuy.extensions import db
from groupbuy.pickup.models import Arrival
from groupbuy.purchasing.models import PurchaseList

bp = Blueprint("pickup", __name__, url_prefix="/p")


@bp.after_request
def keep_the_link_secret(answer: Response) -> Response:
    """The address is the key: it must reach no other site and no search engine."""
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


@bp.get("/count-in/<token>")
@policy("link")
def count_in(token: str) -> Any:
    """To the count-in page for who may count in; others see what was asked for and what came."""
    number = unsign("count-in", token)
    purchase_list = db.session.scalars(
        sa.select(PurchaseList).where(PurchaseList.number == str(number))
    ).one_or_none()
    if purchase_list is None:
        abort(404)
    if _may_count(purchase_list):
        return redirect(_count_in_page(purchase_list), 303)
    arrival = db.session.scalars(
        sa.select(Arrival).where(Arrival.list_id == purchase_list.id)
    ).one_or_none()
    counted = {line.purchase_line_id: line for line in arrival.lines} if arrival else {}
    return render_template(
        "pickup/count_in.html",
        purchase_list=purchase_list,
        revision=purchase_list.current,
        arrival=arrival,
        counted=counted,
        now=clock.now(),
    )


def _may_count(purchase_list: PurchaseList) -> bool:
    leader_id = purchase_list.leader_id
    return any(post.leader.id == leader_id and post.may("count_in") for post in posts())


def _count_in_page(purchase_list: PurchaseList) -> str:
    """Its address; who works for several leaders sits down at the desk that the paper is from."""
    desk = desk_or_none()
    if desk and desk.leader.id != purchase_list.leader_id:
        session["desk"] = purchase_list.leader_id
    slug = purchase_list.deal.slug
    return url_for("lead_arrival.show", slug=slug, list_id=purchase_list.id)
