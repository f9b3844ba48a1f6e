"""Reading in the providers' bills, and what came of it."""

from __future__ import annotations

import io
from datetime import date, timedelta

import sqlalchemy as sa
from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy import listing, money_words
from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import long_transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.payments.models import BillImport
from groupbuy.payments.providers import sandbox
from groupbuy.payments.reconciling import import_bill, ways_with_bills

bp = Blueprint("op_bills", __name__, url_prefix="/operator/bills")


@bp.get("")
@policy("operator")
def index() -> Response:
    """The bills that were read in, the newest first, and the form for another."""
    return _page()


@bp.post("")
@policy("operator")
def read_in() -> Response:
    """Read in a file: fees are booked, differences become cases."""
    file, way = request.files.get("bill"), request.form.get("way", "")
    data = file.read() if file else b""
    try:
        with long_transaction():
            bill = import_bill(way, data, by_id=current_user.id, now=clock.now())
            differences = bill.differences
    except RuleBroken as refusal:
        return _page(refusal.sentence, refusal.status)
    if not differences:
        flash(_("Read in: the bill and the books agree."), "success")
        return redirect(url_for(".index"), 303)
    said = ngettext("Read in: %(num)d difference.", "Read in: %(num)d differences.", differences)
    flash(said, "error")
    return redirect(url_for("op_money.index"), 303)


@bp.get("/sandbox")
@policy("operator")
def of_sandbox() -> Response:
    """The sandbox's bill of a `day`, today's without one: to try out how bills are read in."""
    if not sandbox.is_on():
        abort(404)
    try:
        day = date.fromisoformat(request.args.get("day") or _today())
        first = clock.parse_instant(day.isoformat())
    except ValueError:
        flash(_("Choose a day."), "error")
        return redirect(url_for(".index"), 303)
    file = io.BytesIO(sandbox.bill(first, first + timedelta(days=1)))
    name = f"sandbox-{day.isoformat()}.txt"
    return send_file(file, "text/plain", as_attachment=True, download_name=name)


def _today() -> str:
    return clock.local(clock.now()).date().isoformat()


def _page(problem: str = "", status: int = 200) -> Response:
    page = render_template(
        "operators/bills.html",
        found=listing.newest_first(sa.select(BillImport), BillImport.id),
        ways=[(way, money_words.way_words(way)) for way in ways_with_bills()],
        way=request.form.get("way", ""),
        way_words=money_words.way_words,
        problem=problem,
        sandbox_day=_today() if sandbox.is_on() else "",
        now=clock.now(),
    )
    return make_response(page, status)
