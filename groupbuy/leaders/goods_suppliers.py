"""Who a leader buys from: contact, what they deliver, the lists they were sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.catalog import editing
from groupbuy.catalog.models import Sku, Supplier
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput
from groupbuy.core.text import label
from groupbuy.desk import leader, own_or_404
from groupbuy.extensions import db
from groupbuy.leaders.goods_forms import SupplierForm
from groupbuy.leaders.goods_pages import PAGE_SIZE, page_asked, shown
from groupbuy.purchasing.models import PurchaseList

bp = Blueprint("suppliers", __name__, url_prefix="/suppliers")
_MOST_LISTS = 50


@bp.get("")
@policy("leader")
def index() -> str:
    """Fifty at a time, those we buy from first; `q` is part of a name."""
    wanted = label(request.args.get("q", ""), 60)
    own = [Supplier.leader_id == leader().id]
    if wanted:
        own.append(Supplier.name.contains(wanted, autoescape=True))
    counting = sa.select(sa.func.count()).select_from(Supplier).where(*own)
    rows = sa.select(Supplier, _count(Sku, Sku.is_active), _count(PurchaseList))
    ordered = rows.where(*own).order_by(Supplier.is_active.desc(), Supplier.name)
    page = ordered.limit(PAGE_SIZE).offset((page_asked() - 1) * PAGE_SIZE)
    return render_template(
        "leaders/suppliers.html",
        rows=db.session.execute(page).all(),
        pages=shown(db.session.scalars(counting).one(), q=wanted),
        wanted=wanted,
    )


@bp.get("/new")
@policy("leader")
def new() -> Response:
    """An empty form."""
    return _page(None, SupplierForm(data={"is_active": True}))


@bp.post("/new")
@policy("leader")
def add() -> Response:
    """Another supplier."""
    form = SupplierForm()
    return _save(None, form, lambda: editing.add_supplier(leader(), form.facts(), now=clock.now()))


@bp.get("/<supplier_id>")
@policy("leader")
def show(supplier_id: str) -> Response:
    """Contact, SKUs and lists of one supplier."""
    supplier = own_or_404(Supplier, supplier_id)
    return _page(supplier, SupplierForm(obj=supplier))


@bp.post("/<supplier_id>")
@policy("leader")
def change(supplier_id: str) -> Response:
    """Say anew who they are."""
    supplier, form = own_or_404(Supplier, supplier_id), SupplierForm()
    return _save(supplier, form, lambda: editing.change_supplier(supplier, form.facts()))


def _count(kind: type[Sku] | type[PurchaseList], *conditions: Any) -> Any:
    theirs = sa.select(sa.func.count()).select_from(kind)
    return theirs.where(kind.supplier_id == Supplier.id, *conditions).scalar_subquery()


def _save(supplier: Supplier | None, form: SupplierForm, rule: Callable[[], Any]) -> Response:
    if not form.validate():
        return _page(supplier, form, 422)
    try:
        with transaction():
            rule()
    except BadInput as refusal:
        form.refuse(refusal)
        return _page(supplier, form, 422)
    flash(_("Saved."), "success")
    return make_response(redirect(url_for("lead_goods.suppliers.index"), 303))


def _page(supplier: Supplier | None, form: SupplierForm, status: int = 200) -> Response:
    number = supplier.id if supplier else 0
    skus = sa.select(Sku).where(Sku.supplier_id == number).options(joinedload(Sku.product))
    page = render_template(
        "leaders/supplier_edit.html",
        supplier=supplier,
        form=form,
        skus=db.session.scalars(skus.order_by(Sku.code)).all(),
        lists=_lists(number),
        now=clock.now(),
    )
    return make_response(page, status)


def _lists(supplier_id: int) -> Sequence[PurchaseList]:
    """The newest first."""
    theirs = sa.select(PurchaseList).where(PurchaseList.supplier_id == supplier_id)
    rows = theirs.options(joinedload(PurchaseList.deal)).order_by(PurchaseList.id.desc())
    return db.session.scalars(rows.limit(_MOST_LISTS)).all()
