"""Messages that did not reach anybody."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response

from groupbuy import listing
from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.notices import undelivered
from groupbuy.notices.kinds import KINDS
from groupbuy.notices.models import Notice
from groupbuy.operators import rows
from groupbuy.operators.forms import Because
from groupbuy.operators.naming import way_names

bp = Blueprint("op_messages", __name__, url_prefix="/operator/messages")


@bp.get("")
@policy("operator")
def index() -> str:
    """Overdue ones, or those on which every attempt is used up."""
    state, now = listing.asked_one_of("state", ("failed",)) or "overdue", clock.now()
    found = undelivered.failed() if state == "failed" else undelivered.overdue(now)
    return render_template(
        "operators/messages.html",
        found=listing.newest_first(found.options(selectinload(Notice.deliveries)), Notice.id),
        kinds=KINDS,
        ways=way_names(),
        leaders=dict(rows.leader_choices()),
        state=state,
        now=now,
    )


@bp.get("/<notice_id>")
@policy("operator")
def show(notice_id: str) -> Response:
    """One of them: by which way, how often, what was answered."""
    return _page(rows.any_or_404(Notice, notice_id), Because())


@bp.post("/<notice_id>/retry")
@policy("operator")
def retry(notice_id: str) -> Response:
    """Try again by every way that failed."""
    notice = rows.any_or_404(Notice, notice_id)
    with transaction():
        undelivered.retry(notice, by_id=current_user.id, now=clock.now())
    flash(_("It is tried again within a few seconds."), "success")
    return redirect(url_for(".show", notice_id=notice.id), 303)


@bp.post("/<notice_id>/give-up")
@policy("operator")
def give_up(notice_id: str) -> Response:
    """Send it no more."""
    notice, form = rows.any_or_404(Notice, notice_id), Because()
    if not form.validate_on_submit():
        return _page(notice, form, 422)
    with transaction():
        by = {"by_id": current_user.id, "now": clock.now()}
        undelivered.give_up(notice, form.because.data, **by)
    flash(_("The message is given up; it stays in the list inside."), "success")
    return redirect(url_for(".show", notice_id=notice.id), 303)


def _page(notice: Notice, form: Because, status: int = 200) -> Response:
    page = render_template(
        "operators/message.html",
        notice=notice,
        kinds=KINDS,
        ways=way_names(),
        form=form,
        asking=status == 422,
        leaders=dict(rows.leader_choices()),
        now=clock.now(),
    )
    return make_response(page, status)
