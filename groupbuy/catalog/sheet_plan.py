"""What a workbook would change, told before it is done; then done, if nothing changed meanwhile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader
from groupbuy.catalog.editing import hold_goods
from groupbuy.catalog.models import Product
from groupbuy.catalog.sheet_cells import GOODS, OF_PRODUCT, OF_SKU, SUPPLIERS, Column
from groupbuy.catalog.sheet_known import Known, known_goods
from groupbuy.catalog.sheet_writing import write
from groupbuy.catalog.sheets import Problem, Read, Row
from groupbuy.core import action_log
from groupbuy.core.errors import RuleBroken

_NEEDED_WHEN_NEW = ("unit", "price_fen", "supplier")


class ChangedMeanwhile(RuleBroken):
    """What the preview showed is not what would happen now."""

    message = _l("Something changed since this preview. Look at the new one; nothing was written.")


class Cell(NamedTuple):
    """One value that would change, in words."""

    column: str
    old: str
    new: str


class Change(NamedTuple):
    """One row of the database that would be new or other. `kind`: sku, product or supplier.

    `ref` is its id, or for a new one how the file tells it from others; `values` what is set.
    """

    kind: str
    ref: Any
    name: str
    row: int
    is_new: bool
    cells: list[Cell]
    values: dict[str, Any]


@dataclass
class Plan:
    """Everything a workbook would do; nothing can be done while there are problems."""

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def new(self) -> list[Change]:
        return [change for change in self.changes if change.is_new]

    @property
    def changed(self) -> list[Change]:
        return [change for change in self.changes if not change.is_new]

    @property
    def fingerprint(self) -> str:
        """The same for the same changes of the same rows."""
        told = [(c.kind, c.ref, c.is_new, c.cells, c.values) for c in self.changes]
        return hashlib.sha256(json.dumps(told, default=str, sort_keys=True).encode()).hexdigest()


def plan(leader: Leader, read: Read) -> Plan:
    """What `read` would change among the goods of `leader`. Writes nothing."""
    made = Plan(problems=list(read.problems))
    known = known_goods(leader)
    _plan_suppliers(made, known, read)
    products = _products_of(made, known, read.goods)
    _plan_products(made, known, products)
    _plan_skus(made, known, products)
    return made


def carry_out(
    leader: Leader, read: Read, fingerprint: str, *, by_id: int | None, now: datetime
) -> Plan:
    """Do what the plan with this fingerprint said. Raises ChangedMeanwhile.

    It is written to the action log. The caller commits.
    """
    hold_goods(leader.id)
    made = plan(leader, read)
    if made.problems or made.fingerprint != fingerprint:
        raise ChangedMeanwhile
    write(leader, made.changes, now)
    action_log.note(
        "goods_imported",
        f"leader:{leader.id}",
        actor_id=by_id,
        leader_id=leader.id,
        now=now,
        new=len(made.new),
        changed=len(made.changed),
        unchanged=made.unchanged,
    )
    return made


def _plan_suppliers(made: Plan, known: Known, read: Read) -> None:
    named: dict[str, int] = {}
    for number, values in read.suppliers:
        name = values["supplier"]
        if name in named:
            _twice(made, _("Suppliers"), number, SUPPLIERS[0], named[name])
            continue
        named[name] = number
        row, old = known.suppliers.get(name, (None, {}))
        _compare(
            made, ("supplier", row.id if row else name, name), number, SUPPLIERS, (old, values)
        )
    for number, values in read.goods:
        name = values.get("supplier")
        if name and name not in known.suppliers and name not in named:
            named[name] = number
            _compare(made, ("supplier", name, name), number, SUPPLIERS, ({}, {"supplier": name}))


class _OfProduct(NamedTuple):
    """A product, or None for a new one, and the rows of its SKUs."""

    product: Product | None
    rows: list[Row]


def _products_of(made: Plan, known: Known, goods: Sequence[Row]) -> dict[Any, _OfProduct]:
    """Rows by what they are SKUs of: the product's id, or the name of a new one."""
    by_id = {one.id: one for one in known.products}
    by_name: dict[str, list[Product]] = {}
    for one in known.products:
        by_name.setdefault(one.name, []).append(one)
    found: dict[Any, _OfProduct] = {}
    seen: dict[str, int] = {}
    for row in goods:
        code, name = row.values["code"], row.values["product"]
        if code in seen:
            _twice(made, _("Products"), row.number, GOODS[0], seen[code])
            continue
        seen[code] = row.number
        if code in known.goods:
            product: Product | None = by_id[known.goods[code][0].product_id]
        elif len(same := by_name.get(name, [])) > 1:
            sentence = _("Several products are called so. Add the SKU on the product's own page.")
            made.problems.append(Problem(_("Products"), row.number, GOODS[1].heading, sentence))
            continue
        else:
            product = same[0] if same else None
        ref = product.id if product else name
        found.setdefault(ref, _OfProduct(product, [])).rows.append(row)
    return found


def _plan_products(made: Plan, known: Known, products: Mapping[Any, _OfProduct]) -> None:
    for ref, (product, rows) in products.items():
        first = rows[0]
        _require_alike(made, rows)
        values, category_id = dict(first.values), None
        if wanted := values.get("category"):
            category_id = known.category_ids.get(wanted)
            if category_id is None:
                sentence = _("There is no category “%(name)s”.", name=wanted)
                made.problems.append(
                    Problem(_("Products"), first.number, OF_PRODUCT[1].heading, sentence)
                )
                continue
            values["category"] = known.paths[category_id]
        old = known.of_product(product) if product else {}
        key = ("product", ref, str(values["product"]))
        changed = _compare(made, key, first.number, OF_PRODUCT, (old, values))
        if changed and "category" in changed.values:
            del changed.values["category"]
            changed.values["category_id"] = category_id


def _require_alike(made: Plan, rows: Sequence[Row]) -> None:
    """The rows of one product say the same of it, or there is a problem at each that does not."""
    first = rows[0]
    for row in rows[1:]:
        for column in OF_PRODUCT:
            if row.values.get(column.key) != first.values.get(column.key):
                sentence = _("Row %(row)s says something else of this product.", row=first.number)
                made.problems.append(Problem(_("Products"), row.number, column.heading, sentence))


def _plan_skus(made: Plan, known: Known, products: Mapping[Any, _OfProduct]) -> None:
    for ref, (_product, rows) in products.items():
        for row in rows:
            code = row.values["code"]
            sku, old = known.goods.get(code, (None, {}))
            if sku is None and _lacks(made, row):
                continue
            name = f"{code} {row.values['product']}"
            new = {**row.values} if sku else {**row.values, "product_ref": ref}
            key = ("sku", sku.id if sku else code, name)
            _compare(made, key, row.number, (GOODS[0], *OF_SKU), (old, new))


def _lacks(made: Plan, row: Row) -> bool:
    missing = [c for c in OF_SKU if c.key in _NEEDED_WHEN_NEW and c.key not in row.values]
    for column in missing:
        sentence = _("A new SKU needs this, and the sheet has no such column.")
        made.problems.append(Problem(_("Products"), row.number, column.heading, sentence))
    return bool(missing)


def _compare(
    made: Plan,
    key: tuple[str, Any, str],
    number: int,
    columns: Iterable[Column],
    sides: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> Change | None:
    """Add what differs between the two `sides`, old and new, to the plan, and return it."""
    kind, ref, name = key
    old, new = sides
    cells, values = [], {k: v for k, v in new.items() if k == "product_ref"}
    for column in columns:
        if column.key in new and (not old or old[column.key] != new[column.key]):
            before = str(column.word(old[column.key])) if old else ""
            after = str(column.word(new[column.key]))
            values[column.key] = new[column.key]
            if before != after:
                cells.append(Cell(column.heading, before, after))
    if old and not values:
        made.unchanged += kind != "product"
        return None
    change = Change(kind, ref, name, number, not old, cells, values)
    made.changes.append(change)
    return change


def _twice(made: Plan, sheet: str, number: int, column: Column, first: int) -> None:
    sentence = _("This stands in row %(row)s already.", row=first)
    made.problems.append(Problem(sheet, number, column.heading, sentence))
