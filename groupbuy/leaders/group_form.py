"""A leader's group as they describe it, when they apply and later in the settings."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms.widgets import TextArea

from groupbuy.accounts.applying import LeaderForm
from groupbuy.forms import Form, LineField, PhoneField, TextField, needed


class GroupForm(Form):
    """Who they are and how neighbours reach them."""

    name = LineField(
        _l("Name of your group"), [needed(_l("Neighbours need a name to call you by."))], longest=40
    )
    community = LineField(
        _l("Community"), [needed(_l("Say which houses you deliver to."))], longest=40
    )
    intro = TextField(_l("A few words about you"), longest=500, widget=TextArea())
    contact_phone = PhoneField(
        _l("Mobile number for neighbours"), [needed(_l("Neighbours must be able to call you."))]
    )
    wechat_id = LineField(_l("WeChat id"), longest=40)
    contact_hours = LineField(_l("When you can be reached"), longest=40)

    def group(self) -> LeaderForm:
        """As the rules take it."""
        return LeaderForm(
            name=self.name.data or "",
            community=self.community.data or "",
            intro=self.intro.data or "",
            contact_phone=str(self.contact_phone.data),
            wechat_id=self.wechat_id.data or "",
            contact_hours=self.contact_hours.data or "",
        )
