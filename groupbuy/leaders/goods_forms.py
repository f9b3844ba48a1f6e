"""What a leader types about products, their SKUs and suppliers."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget, TextArea

from groupbuy.catalog import editing
from groupbuy.catalog.attributes import ALLERGENS, ATTRIBUTES, SUITABLE_FOR
from groupbuy.catalog.models import AFTER_SALE_CLASSES, STORAGE_CLASSES, Product, Sku, Supplier
from groupbuy.forms import Choice, ChoiceField, Form, LineField, TextField, needed
from groupbuy.leaders.editor_fields import CountField, PriceField

STORAGE_WORDS = (_l("Fresh, keep cool"), _l("Frozen"), _l("Dry"))
AFTER_SALE_WORDS = (_l("Fresh goods"), _l("Ordinary goods"), _l("No return"))
_STORAGE = [Choice(*pair) for pair in zip(STORAGE_CLASSES, STORAGE_WORDS, strict=True)]
_AFTER_SALE = [Choice(*pair) for pair in zip(AFTER_SALE_CLASSES, AFTER_SALE_WORDS, strict=True)]
_LONGEST_TYPED = 500


class Ticks(SelectMultipleField):
    """Several of ALLERGENS, all in sight; what is none of them is left out."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        known = set(ALLERGENS)
        self.data = [value for value in valuelist if value in known]


class ProductForm(Form):
    """What a thing is. The fields of catalog.attributes are added by their keys."""

    name = LineField(_l("Product name"), [needed(_l("Give the product a name."))], longest=100)
    category = ChoiceField(_l("Category"), default="")
    description = TextField(
        _l("Description"), longest=editing.LONGEST_DESCRIPTION, widget=TextArea()
    )
    video_url = LineField(_l("Address of a film"), longest=500)

    def facts(self) -> editing.ProductForm:
        """As the rules take it."""
        typed = {key: self[key].data or "" for key in ATTRIBUTE_KEYS}
        typed["allergens"] = ",".join(self["allergens"].data or ())
        category = self.category.data
        return editing.ProductForm(
            name=self.name.data or "",
            category_id=int(category) if category else None,
            description=self.description.data or "",
            attributes=typed,
            video_url=self.video_url.data or "",
        )


def _attribute_fields() -> dict[str, Any]:
    fields: dict[str, Any] = {
        attribute.key: LineField(attribute.label, longest=_LONGEST_TYPED)
        for attribute in ATTRIBUTES
    }
    fields["allergens"] = Ticks(
        _l("Allergens"), choices=[Choice(*pair) for pair in ALLERGENS.items()]
    )
    suits = [Choice("", _l("not said")), *(Choice(*pair) for pair in SUITABLE_FOR.items())]
    fields["suitable_for"] = ChoiceField(_l("Suitable for"), choices=suits, default="")
    return fields


ATTRIBUTE_KEYS = tuple(attribute.key for attribute in ATTRIBUTES)
_FullProductForm: type[ProductForm] = type("FullProductForm", (ProductForm,), _attribute_fields())


def product_form(paths: dict[int, str], product: Product | None = None) -> ProductForm:
    """Filled with `product` until something is sent; `paths` are the categories by id."""
    known: dict[str, Any] = {}
    if product:
        known = {name: getattr(product, name) for name in ("name", "description", "video_url")}
        known |= dict(product.attributes) | {"category": str(product.category_id or "")}
        known["allergens"] = product.attributes.get("allergens", "").split(",")
    form = _FullProductForm(data=known)
    choices = [Choice(str(number), path) for number, path in paths.items()]
    form.category.choices = [Choice("", _l("no category")), *choices]
    return form


class SkuForm(Form):
    """One size of a product."""

    code = LineField(_l("Code"), [needed(_l("Give it a code of your own."))], longest=64)
    spec = LineField(_l("Size sold"), longest=100)
    unit = LineField(_l("Unit"), [needed(_l("Say in what it is counted."))], longest=20)
    price = PriceField(_l("Price each"), [needed(_l("Say what it costs."))])
    cost = PriceField(_l("Cost"))
    supplier = ChoiceField(_l("Supplier"))
    supplier_code = LineField(_l("Supplier's code"), longest=64)
    pack_size = CountField(_l("Pieces in a case"), least=1)
    storage_class = ChoiceField(_l("Storage"), choices=_STORAGE)
    after_sale_class = ChoiceField(_l("After-sale"), choices=_AFTER_SALE)
    warn_below_pieces = CountField(_l("Tell me when so few are left"))
    is_active = BooleanField(_l("Offered in new deals"))

    def facts(self) -> editing.SkuForm:
        """As the rules take it."""
        return editing.SkuForm(
            code=self.code.data or "",
            supplier_id=int(self.supplier.data),
            price_fen=self.price.data or 0,
            cost_fen=self.cost.data,
            supplier_code=self.supplier_code.data or "",
            spec=self.spec.data or "",
            unit=self.unit.data or "",
            pack_size=self.pack_size.data or 1,
            storage_class=self.storage_class.data,
            after_sale_class=self.after_sale_class.data,
            warn_below_pieces=self.warn_below_pieces.data,
            is_active=bool(self.is_active.data),
        )


def sku_form(suppliers: list[Supplier], sku: Sku | None = None) -> SkuForm:
    """Filled with `sku` until something is sent."""
    known: dict[str, Any] = {"unit": "件", "pack_size": 1, "is_active": True}
    known |= {"storage_class": "ambient", "after_sale_class": "standard"}
    if sku:
        known = {name: getattr(sku, name) for name in SkuForm.__dict__ if hasattr(sku, name)}
        known |= {"price": sku.price_fen, "cost": sku.cost_fen, "supplier": str(sku.supplier_id)}
    form = SkuForm(data=known)
    offered = [s for s in suppliers if s.is_active or (sku and s.id == sku.supplier_id)]
    form.supplier.choices = [Choice(str(supplier.id), supplier.name) for supplier in offered]
    return form


class SupplierForm(Form):
    """Who delivers."""

    name = LineField(_l("Supplier's name"), [needed(_l("Give the supplier a name."))], longest=100)
    contact_name = LineField(_l("Contact"), longest=100)
    contact_phone = LineField(_l("Mobile number"), longest=40)
    email = LineField(_l("E-mail address"), longest=200)
    note = TextField(_l("Note, only staff read it"), longest=300, widget=TextArea())
    is_active = BooleanField(_l("We still buy there"))

    def facts(self) -> editing.SupplierForm:
        """As the rules take it."""
        return editing.SupplierForm(
            name=self.name.data or "",
            contact_name=self.contact_name.data or "",
            contact_phone=self.contact_phone.data or "",
            email=self.email.data or "",
            note=self.note.data or "",
            is_active=bool(self.is_active.data),
        )
