"""What a leader types about settling."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from groupbuy.forms import LineField, SumForm


class CashForm(SumForm):
    """Cash that was given to the operator."""

    note = LineField(_l("How and to whom"), longest=200)
