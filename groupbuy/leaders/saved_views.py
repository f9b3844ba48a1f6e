"""Filters of the list of orders that somebody gave a name: theirs alone, for every deal."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts.models import SavedView
from groupbuy.core import clock
from groupbuy.core.db import insert_once, rowcount, transaction
from groupbuy.core.text import clean_name, id_or_none
from groupbuy.desk import deal_or_404, leader
from groupbuy.extensions import db
from groupbuy.leaders.order_filters import Filters

bp = Blueprint("views", __name__, url_prefix="/views")
PAGE = "lead_orders.index"
_MOST = 20
_LONGEST_NAME = 40


def mine() -> Sequence[SavedView]:
    """The views of whoever asks at this desk, in the order they were made."""
    own = sa.select(SavedView).where(*_own()).order_by(SavedView.id)
    return db.session.scalars(own).all()


@bp.post("")
@policy("staff:orders")
def save(slug: str) -> Response:
    """Keep the filters in `query` under `name`; a name that is taken now means these."""
    deal_or_404(slug)
    query = Filters.of_query(request.form.get("query", "")).for_other_deals
    try:
        name = clean_name(request.form.get("name", ""), _LONGEST_NAME)
    except ValueError:
        flash(_("Give the view a name of 1 to 40 characters."), "error")
        return _back(slug, query)
    if not query:
        flash(_("Choose filters first: without any, the view would show all orders."), "error")
    elif len(query) > 500 or len(mine()) >= _MOST:
        flash(_("There are too many views. Delete one first."), "error")
    else:
        _keep(name, query)
        flash(_("The view “%(name)s” is saved. It works in every deal.", name=name), "success")
    return _back(slug, query)


@bp.post("/<view_id>/delete")
@policy("staff:orders")
def delete(slug: str, view_id: str) -> Response:
    """Forget a view of one's own; somebody else's is missing."""
    deal_or_404(slug)
    row_id = id_or_none(view_id)
    own = sa.delete(SavedView).where(*_own(), SavedView.id == row_id)
    with transaction():
        gone = row_id is not None and rowcount(own)
    if not gone:
        abort(404)
    flash(_("The view is deleted. The orders are as they were."), "success")
    return _back(slug, "")


def _own() -> tuple[sa.ColumnElement[bool], ...]:
    return (
        SavedView.leader_id == leader().id,
        SavedView.user_id == current_user.id,
        SavedView.page == PAGE,
    )


def _keep(name: str, query: str) -> None:
    whose = {"leader_id": leader().id, "user_id": current_user.id, "page": PAGE, "name": name}
    own = (*_own(), SavedView.name == name)
    with transaction():
        if not rowcount(sa.update(SavedView).where(*own).values(query=query)):
            row = {**whose, "query": query, "made_at": clock.now()}
            db.session.execute(insert_once(SavedView).values(row))


def _back(slug: str, query: str) -> Response:
    return redirect(f"{url_for('lead_orders.index', slug=slug)}?{query}".rstrip("?"), 303)
