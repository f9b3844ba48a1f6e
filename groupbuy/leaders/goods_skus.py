"""The sizes in which a product is sold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.catalog import editing
from groupbuy.catalog.models import Product, Sku, Supplier
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput
from groupbuy.desk import leader, own_or_404
from groupbuy.extensions import db
from groupbuy.leaders.goods_forms import SkuForm, sku_form

bp = Blueprint("skus", __name__, url_prefix="/<product_id>/skus")


@bp.get("/new")
@policy("leader")
def new(product_id: str) -> Response:
    """An empty form."""
    return _page(own_or_404(Product, product_id), None, sku_form(_suppliers()))


@bp.post("/new")
@policy("leader")
def add(product_id: str) -> Response:
    """Another size."""
    product, form = own_or_404(Product, product_id), sku_form(_suppliers())
    return _save(
        product, None, form, lambda: editing.add_sku(product, form.facts(), now=clock.now())
    )


@bp.get("/<sku_id>")
@policy("leader")
def show(product_id: str, sku_id: str) -> Response:
    """The form of one size."""
    product, sku = _own(product_id, sku_id)
    return _page(product, sku, sku_form(_suppliers(), sku))


@bp.post("/<sku_id>")
@policy("leader")
def change(product_id: str, sku_id: str) -> Response:
    """What new deals will take over; items of live deals keep their copies."""
    product, sku = _own(product_id, sku_id)
    form = sku_form(_suppliers(), sku)
    return _save(product, sku, form, lambda: editing.change_sku(sku, form.facts()))


def _own(product_id: str, sku_id: str) -> tuple[Product, Sku]:
    product, sku = own_or_404(Product, product_id), own_or_404(Sku, sku_id)
    if sku.product_id != product.id:
        abort(404)
    return product, sku


def _suppliers() -> list[Supplier]:
    own = sa.select(Supplier).where(Supplier.leader_id == leader().id)
    return list(db.session.scalars(own.order_by(Supplier.name)))


def _save(product: Product, sku: Sku | None, form: SkuForm, rule: Callable[[], Any]) -> Response:
    if not form.validate():
        return _page(product, sku, form, 422)
    try:
        with transaction():
            rule()
    except BadInput as refusal:
        form.refuse(refusal)
        return _page(product, sku, form, 422)
    flash(_("Saved. It counts from the next deal on; live deals keep their copies."), "success")
    return make_response(redirect(url_for("lead_goods.show", product_id=product.id), 303))


def _page(product: Product, sku: Sku | None, form: SkuForm, status: int = 200) -> Response:
    page = render_template("leaders/product_sku.html", product=product, sku=sku, form=form)
    return make_response(page, status)
