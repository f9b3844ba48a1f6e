"""Which ways to pay a deal takes, as its leader ticks them."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectMultipleField
from wtforms.validators import ValidationError

from groupbuy.forms import Choice
from groupbuy.money_words import way_words
from groupbuy.orders.ways import taken


class WaysField(SelectMultipleField):
    """The ways that this site has; `kept` is what a deal keeps of them."""

    def __init__(self, **more: Any) -> None:
        offered = [Choice(way, way_words(way)) for way in taken(None)]
        super().__init__(_l("Ways to pay"), choices=offered, **more)

    def process_data(self, value: Any) -> None:
        """Begin as a deal keeps it: None is all of them."""
        self.data = taken(value)

    def pre_validate(self, form: Any) -> None:
        if not self.data or len(taken(self.data)) < len(set(self.data)):
            raise ValidationError(str(_l("Choose at least one way to pay.")))

    @property
    def kept(self) -> list[str] | None:
        """The ways in the site's order; None when all are ticked, so that a new one joins them."""
        chosen = taken(self.data)
        return None if chosen == taken(None) else chosen
