"""What operators fill in."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from groupbuy.forms import Form, LineField, YuanField, needed


class Because(Form):
    """Why; whoever it concerns reads it."""

    because = LineField(_l("Reason"), [needed(_l("Say why: they will read it."))], longest=300)


class CategoryForm(Form):
    """A category's name."""

    name = LineField(_l("Name"), [needed(_l("Give it a name."))], longest=40)


class SiteForm(Form):
    """What the site says of itself."""

    site_name = LineField(
        _l("Name of the site"), [needed(_l("The site needs a name."))], longest=40
    )
    operator_name = LineField(_l("Who runs it"), longest=100)
    operator_contact = LineField(_l("How to reach them"), longest=200)
    refund_limit_fen = YuanField(_l("A leader gives back at once up to"))
    operator_refund_limit_fen = YuanField(_l("An operator gives back at once up to"))
    applications_open = BooleanField(_l("New leaders may apply"))
