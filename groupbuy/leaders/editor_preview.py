"""The deal as a neighbour's phone will show it, made from a form that is still being filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from groupbuy.accounts.models import Leader, PickupPoint
from groupbuy.catalog.models import Sku
from groupbuy.core.text import id_or_none
from groupbuy.deals.unit_price import unit_price
from groupbuy.leaders.editor_form import EditorForm


class Offer(NamedTuple):
    """One tile; `price_fen` is None as long as no price can be read. `per` as in `unit_price`."""

    name: str
    spec: str
    unit: str
    price_fen: int | None
    per: tuple[int, str] | None
    stock: int | None
    limit: int | None
    storage_class: str


class Preview(NamedTuple):
    """What can be read of the form so far; times in UTC."""

    title: str
    intro: str
    leader: Leader
    cover: str
    pictures: int
    closes_at: datetime | None
    pickup_starts_at: datetime | None
    pickup_ends_at: datetime | None
    points: list[PickupPoint]
    minimum_kind: str
    offers: list[Offer]
    questions: list[str]


def preview_of(
    form: EditorForm, leader: Leader, skus: Mapping[int, Sku], points: Sequence[PickupPoint]
) -> Preview:
    """Nothing is written, and what cannot be read is left out."""
    chosen = set(form.points.data or ())
    refs = [entry.form.ref.data or "" for entry in form.pictures]
    times = {name: form[name].data for name in ("closes_at", "pickup_starts_at", "pickup_ends_at")}
    return Preview(
        title=form.title.data or "",
        intro=form.intro.data or "",
        leader=leader,
        cover=next(iter(refs), ""),
        pictures=len(refs),
        points=[point for point in points if str(point.id) in chosen],
        minimum_kind=form.minimum_kind.data or "none",
        offers=[_offer(entry.form, skus) for entry in form.items],
        questions=[entry.form.label.data for entry in form.questions if entry.form.label.data],
        **times,
    )


def _offer(row: Any, skus: Mapping[int, Sku]) -> Offer:
    sku = skus.get(id_or_none(row.sku.data or "") or 0)
    price_fen, spec = row.price.data, sku.spec if sku else row.spec.data or ""
    if price_fen is None and sku and not row.price.errors:
        price_fen = sku.price_fen
    return Offer(
        name=sku.product.name if sku else row.name.data or "",
        spec=spec,
        unit=sku.unit if sku else row.unit.data or "件",
        price_fen=price_fen,
        per=None if price_fen is None else unit_price(price_fen, spec),
        stock=row.stock.data,
        limit=row.limit.data,
        storage_class=sku.storage_class if sku else row.storage.data or "ambient",
    )
