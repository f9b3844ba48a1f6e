"""The categories that all leaders share."""

from __future__ import annotations

from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.catalog import categories as rules
from groupbuy.catalog.models import Category
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput
from groupbuy.operators.forms import CategoryForm
from groupbuy.operators.rows import any_or_404

bp = Blueprint("op_categories", __name__, url_prefix="/operator/categories")


@bp.get("")
@policy("operator")
def index() -> Response:
    """The tree."""
    return _page(CategoryForm())


@bp.post("")
@policy("operator")
def add() -> Response:
    """A new category, at the top or under another."""
    form, typed = CategoryForm(), request.form.get("parent", "")
    parent = any_or_404(Category, typed) if typed else None
    if not form.validate_on_submit():
        return _page(form, 422, under=typed)
    try:
        with transaction():
            by = {"by_id": current_user.id, "now": clock.now()}
            rules.add_category(form.name.data, parent, **by)
    except BadInput as refusal:
        flash(refusal.sentence, "error")
        form.refuse(refusal)
        return _page(form, 422, under=typed)
    flash(_("“%(name)s” is added.", name=form.name.data), "success")
    return redirect(url_for(".index"), 303)


@bp.get("/<category_id>")
@policy("operator")
def edit(category_id: str) -> Response:
    """One category: its name, and removing it."""
    category = any_or_404(Category, category_id)
    return _one(category, CategoryForm(name=category.name))


@bp.post("/<category_id>/rename")
@policy("operator")
def rename(category_id: str) -> Response:
    """Another name, for all products in it."""
    category, form = any_or_404(Category, category_id), CategoryForm()
    if not form.validate_on_submit():
        return _one(category, form, 422)
    try:
        with transaction():
            by = {"by_id": current_user.id, "now": clock.now()}
            rules.rename_category(category, form.name.data, **by)
    except BadInput as refusal:
        form.refuse(refusal)
        return _one(category, form, 422)
    flash(_("Saved."), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/<category_id>/move")
@policy("operator")
def move(category_id: str) -> Response:
    """One place up or down."""
    category, way = any_or_404(Category, category_id), request.form.get("way")
    if way not in ("up", "down"):
        abort(422)
    with transaction():
        rules.move_category(category, way, by_id=current_user.id, now=clock.now())
    return redirect(url_for(".index"), 303)


@bp.post("/<category_id>/remove")
@policy("operator")
def remove(category_id: str) -> Response:
    """Only when nothing is in it."""
    category = any_or_404(Category, category_id)
    with transaction():
        rules.remove_category(category, by_id=current_user.id, now=clock.now())
    flash(_("The category is removed."), "success")
    return redirect(url_for(".index"), 303)


def _page(form: CategoryForm, status: int = 200, under: str = "") -> Response:
    page = render_template("operators/categories.html", tree=rules.tree(), form=form, under=under)
    return make_response(page, status)


def _one(category: Category, form: CategoryForm, status: int = 200) -> Response:
    page = render_template("operators/category.html", category=category, form=form)
    return make_response(page, status)
