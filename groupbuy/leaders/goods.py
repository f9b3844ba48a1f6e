"""What a leader sells: the list of products, and one product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.catalog import editing
from groupbuy.catalog.completeness import completeness
from groupbuy.catalog.models import Product, Sku
from groupbuy.catalog.sheet_known import category_paths
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput
from groupbuy.core.text import id_or_none, label
from groupbuy.desk import leader, own_or_404
from groupbuy.extensions import db
from groupbuy.leaders import goods_pictures, goods_sheets, goods_skus, goods_suppliers
from groupbuy.leaders.goods_forms import ATTRIBUTE_KEYS, ProductForm, product_form
from groupbuy.leaders.goods_pages import PAGE_SIZE, page_asked, shown

bp = Blueprint("lead_goods", __name__, url_prefix="/lead/goods")
for part in (goods_suppliers.bp, goods_sheets.bp, goods_pictures.bp, goods_skus.bp):
    bp.register_blueprint(part)


@bp.get("")
@policy("leader")
def index() -> str:
    """Fifty at a time: `q` in name or code, `category`, and with `away` those put away."""
    wanted = label(request.args.get("q", ""), 60)
    category = id_or_none(request.args.get("category", ""))
    away = "1" if request.args.get("away") == "1" else ""
    conditions = _matching(wanted, category, away)
    counting = sa.select(sa.func.count()).select_from(Product).where(*conditions)
    total = db.session.scalars(counting).one()
    return render_template(
        "leaders/goods.html",
        products=[(one, completeness(one)) for one in _some(conditions, page_asked())],
        pages=shown(total, q=wanted, category=str(category or ""), away=away),
        wanted=wanted,
        category=category,
        away=away,
        paths=category_paths(),
    )


@bp.get("/new")
@policy("leader")
def new() -> Response:
    """An empty form."""
    return _page(None, product_form(category_paths()))


@bp.post("/new")
@policy("leader")
def add() -> Response:
    """A product; its first SKU comes next."""
    form, made = product_form(category_paths()), []

    def write() -> None:
        made.append(editing.add_product(leader(), form.facts(), now=clock.now()))

    refused = _save(form, None, write)
    if refused:
        return refused
    flash(_("The product is saved. Now add its first size."), "success")
    return make_response(redirect(url_for("lead_goods.skus.new", product_id=made[0].id), 303))


@bp.get("/<product_id>")
@policy("leader")
def show(product_id: str) -> Response:
    """Everything about one product."""
    product = own_or_404(Product, product_id)
    return _page(product, product_form(category_paths(), product))


@bp.post("/<product_id>")
@policy("leader")
def change(product_id: str) -> Response:
    """Say anew what it is."""
    product = own_or_404(Product, product_id)
    form = product_form(category_paths(), product)
    refused = _save(form, product, lambda: editing.change_product(product, form.facts()))
    if refused:
        return refused
    flash(_("Saved. Items of live deals keep the name they were opened with."), "success")
    return _back(product)


@bp.post("/<product_id>/put-away")
@policy("leader")
def put_away(product_id: str) -> Response:
    """No new deal offers it; nothing that was ordered changes."""
    product = own_or_404(Product, product_id)
    with transaction():
        editing.show_product(product, False)
    flash(_("“%(name)s” is put away: new deals do not offer it.", name=product.name), "success")
    return _back(product)


@bp.post("/<product_id>/bring-back")
@policy("leader")
def bring_back(product_id: str) -> Response:
    """New deals may offer it again."""
    product = own_or_404(Product, product_id)
    with transaction():
        editing.show_product(product, True)
    flash(_("“%(name)s” is back.", name=product.name), "success")
    return _back(product)


def _matching(wanted: str, category: int | None, away: str) -> list[sa.ColumnElement[bool]]:
    conditions = [Product.leader_id == leader().id, Product.is_active.is_(not away)]
    if category is not None:
        conditions.append(Product.category_id == category)
    if wanted:
        by_code = Product.skus.any(Sku.code.contains(wanted, autoescape=True))
        conditions.append(sa.or_(Product.name.contains(wanted, autoescape=True), by_code))
    return conditions


def _some(conditions: Sequence[sa.ColumnElement[bool]], page: int) -> Sequence[Product]:
    rows = sa.select(Product).where(*conditions).order_by(Product.name, Product.id)
    with_all = rows.options(
        selectinload(Product.pictures), selectinload(Product.skus).joinedload(Sku.supplier)
    )
    return db.session.scalars(with_all.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)).all()


def _save(form: ProductForm, product: Product | None, rule: Callable[[], Any]) -> Response | None:
    """Do it, or the page with what is wrong at its field."""
    if not form.validate():
        return _page(product, form, 422)
    try:
        with transaction():
            rule()
    except BadInput as refusal:
        form.refuse(refusal)
        return _page(product, form, 422)
    return None


def _back(product: Product) -> Response:
    return make_response(redirect(url_for("lead_goods.show", product_id=product.id), 303))


def _page(product: Product | None, form: ProductForm, status: int = 200) -> Response:
    skus = sa.select(Sku).where(Sku.product_id == (product.id if product else 0))
    rows = skus.options(joinedload(Sku.supplier)).order_by(Sku.id)
    page = render_template(
        "leaders/product.html",
        product=product,
        form=form,
        attribute_keys=ATTRIBUTE_KEYS,
        skus=db.session.scalars(rows).all(),
    )
    return make_response(page, status)
