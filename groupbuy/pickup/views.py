"""What leaders and helpers see at the pickup point. The rules beside it know nothing of pages."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response, abort, render_template

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.tokens import unsign
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
def count_in(token: str) -> str:
    """Where the QR code on a printed list leads: what was asked for and what was counted in."""
    number = unsign("count-in", token)
    purchase_list = db.session.scalars(
        sa.select(PurchaseList).where(PurchaseList.number == str(number))
    ).one_or_none()
    if purchase_list is None:
        abort(404)
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
