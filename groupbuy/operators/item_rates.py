"""The commission of each item of a deal, as long as the closing has not fixed it."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, abort, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.deals.board import is_slug
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.forms import Form, PercentField
from groupbuy.settlement import rates

bp = Blueprint("items", __name__)


@bp.get("/deals/<slug>/items")
@policy("operator")
def show(slug: str) -> Response:
    """What of each item is the leader's."""
    deal = deal_or_404(slug)
    return _page(deal, _form(deal, filled=True))


@bp.post("/deals/<slug>/items")
@policy("operator")
def save(slug: str) -> Response:
    """Set `rate-<id>` of each item; empty: as the deal has it."""
    deal = deal_or_404(slug)
    form = _form(deal)
    if not form.validate_on_submit():
        return _page(deal, form, 422)
    try:
        with transaction():
            _write(deal, form)
    except RuleBroken as refusal:
        return _page(deal, form, refusal.status, refusal.sentence)
    flash(_("Saved."), "success")
    return redirect(url_for(".show", slug=deal.slug), 303)


def deal_or_404(slug: str) -> Deal:
    """The deal, whoever's: an operator sees all."""
    found = db.session.scalars(sa.select(Deal).where(Deal.slug == slug)) if is_slug(slug) else None
    return (found.one_or_none() if found else None) or abort(404)


def _write(deal: Deal, form: Form) -> None:
    rates.require_undecided(deal)
    db.session.refresh(deal, ["items"])  # a draft may have lost one, or got one, meanwhile
    for item in deal.items:
        name = f"rate-{item.id}"
        if name in form and form[name].data != item.commission_bp:
            rates.set_for_item(item, form[name].data, by_id=current_user.id, now=clock.now())


def _form(deal: Deal, *, filled: bool = False) -> Form:
    """A field for each item, with what is kept where it is `filled`."""
    fields = {f"rate-{item.id}": PercentField(_l("Commission in percent")) for item in deal.items}
    made: type[Form] = type("ItemRatesForm", (Form,), fields)
    kept = {f"rate-{item.id}": item.commission_bp for item in deal.items}
    return made(None, data=kept) if filled else made()


def _page(deal: Deal, form: Form, status: int = 200, problem: str = "") -> Response:
    page = render_template(
        "operators/item_rates.html",
        deal=deal,
        form=form,
        problem=problem,
        fixed=deal.state not in rates.UNDECIDED,
    )
    return make_response(page, status)
