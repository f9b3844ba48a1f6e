"""The search over everything a leader sells now: a form that lives in the page's address."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms.validators import ValidationError

from groupbuy.deals.finding import Wanted
from groupbuy.forms import Form, TextField, YuanField


class SearchForm(Form):
    """Made from the query of a GET, so without a token; every field may be empty."""

    q = TextField(_l("Look for goods"), longest=50)
    category = TextField(_l("Category"), longest=200)
    brand = TextField(_l("Brand"), longest=40)
    price_from = YuanField(_l("Price from (yuan)"))
    price_to = YuanField(_l("to (yuan)"))

    def validate_price_to(self, field: YuanField) -> None:
        lowest = self.price_from.data
        if lowest is not None and field.data is not None and field.data < lowest:
            raise ValidationError(str(_l("This is less than the price it starts from.")))

    def wanted(self) -> Wanted:
        """What a valid form asks for; an empty one is false."""
        return Wanted(
            text=self.q.data or "",
            category=self.category.data or "",
            brand=self.brand.data or "",
            from_fen=self.price_from.data,
            to_fen=self.price_to.data,
        )

    def address(self, **changes: Any) -> dict[str, str]:
        """The query of the same search with `changes`; what is empty is left out."""
        kept = {name: str(field._value()) for name, field in self._fields.items()}
        return {name: value for name, value in (kept | changes).items() if value}
