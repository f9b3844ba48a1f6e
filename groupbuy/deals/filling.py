"""What a deal consists of: its points, items and questions, written so that nothing else moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import PickupPoint
from groupbuy.catalog.models import Sku
from groupbuy.core.errors import BadInput
from groupbuy.deals.models import Deal, DealItem, DealPoint, DealQuestion
from groupbuy.extensions import db
from groupbuy.orders.models import CartLine

if TYPE_CHECKING:
    from groupbuy.deals.editing import DealForm, ItemForm, QuestionForm


def fill(deal: Deal, form: DealForm) -> None:
    """Make points, items and questions those of `form`, of a deal in which nobody has ordered.

    An item that stays keeps its id, so that carts keep holding it. Raises BadInput.
    """
    for kind in (DealPoint, DealQuestion):  # nothing points at them
        db.session.execute(sa.delete(kind).where(kind.deal_id == deal.id))
    db.session.flush()
    _add_points(deal, form.point_ids)
    _put_items(deal, form.items)
    _add_questions(deal, form.questions)
    db.session.expire(deal, ["items", "points", "questions"])


def _add_points(deal: Deal, point_ids: Sequence[int]) -> None:
    own = sa.select(PickupPoint.id).where(
        PickupPoint.leader_id == deal.leader_id, PickupPoint.id.in_(point_ids)
    )
    if len(set(db.session.scalars(own))) < len(set(point_ids)):
        raise BadInput("points", _l("Choose pickup points of your own."))
    db.session.add_all(
        DealPoint(deal_id=deal.id, point_id=point_id, leader_id=deal.leader_id)
        for point_id in set(point_ids)
    )


def _put_items(deal: Deal, forms: Sequence[ItemForm]) -> None:
    own = sa.select(Sku).where(
        Sku.leader_id == deal.leader_id, Sku.id.in_([form.sku_id for form in forms])
    )
    skus = {sku.id: sku for sku in db.session.scalars(own)}
    if len(skus) < len(forms):
        raise BadInput("items", _l("Choose products of your own, each one once."))
    there = {item.sku_id: item for item in _items_of(deal)}
    for position, form in enumerate(forms, 1):
        columns = _columns(deal, skus[form.sku_id], form, position)
        if item := there.get(form.sku_id):
            for name, value in columns.items():
                setattr(item, name, value)
        else:
            db.session.add(DealItem(sold=0, **columns))
    db.session.flush()
    # Last, so that no new item gets the id of an old one that a browser's cart still holds.
    _take_out(item for sku_id, item in there.items() if sku_id not in skus)


def _items_of(deal: Deal) -> Sequence[DealItem]:
    return db.session.scalars(sa.select(DealItem).where(DealItem.deal_id == deal.id)).all()


def _take_out(gone: Iterable[DealItem]) -> None:
    for item in gone:
        db.session.execute(sa.delete(CartLine).where(CartLine.item_id == item.id))
        db.session.delete(item)
    db.session.flush()


def _add_questions(deal: Deal, forms: Sequence[QuestionForm]) -> None:
    for position, form in enumerate(forms, 1):
        if form.kind == "choice" and len(set(form.choices)) < 2:
            raise BadInput("questions", _l("A choice needs at least two answers to choose from."))
        db.session.add(
            DealQuestion(
                leader_id=deal.leader_id,
                deal_id=deal.id,
                position=position,
                kind=form.kind,
                label=form.label,
                choices=list(form.choices) if form.kind == "choice" else [],
                required=form.required,
            )
        )
    db.session.flush()


def _columns(deal: Deal, sku: Sku, form: ItemForm, position: int) -> dict[str, Any]:
    """What an item copies of the SKU, so that it does not change under an order."""
    price_fen = sku.price_fen if form.price_fen is None else form.price_fen
    limit = 1 if form.limit_per_person is None else form.limit_per_person
    if price_fen < 0 or (form.stock or 0) < 0 or limit < 1:
        raise BadInput("items", _l("Price, stock and limit cannot be negative."))
    if form.pack_size is not None and form.pack_size < 1:
        raise BadInput("items", _l("A case holds at least 1 piece."))
    return {
        "leader_id": deal.leader_id,
        "deal_id": deal.id,
        "sku_id": sku.id,
        "supplier_id": sku.supplier_id,
        "position": position,
        "code": sku.code,
        "supplier_code": sku.supplier_code,
        "name": sku.product.name,
        "spec": sku.spec,
        "unit": sku.unit,
        "pack_size": sku.pack_size if form.pack_size is None else form.pack_size,
        "storage_class": sku.storage_class,
        "price_fen": price_fen,
        "cost_fen": sku.cost_fen,
        "stock": form.stock,
        "limit_per_person": form.limit_per_person,
    }
