"""What operators type about settling."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from groupbuy.core.xlsx import yuan
from groupbuy.forms import Form, LineField, PercentField, YuanField, needed


class PaidForm(Form):
    """The payment's number at the bank."""

    reference = LineField(
        _l("Number of the payment at the bank"),
        [needed(_l("Enter the number that the bank gave the payment."))],
        longest=100,
    )


class RateForm(Form):
    """The commission of a deal; empty: as its leader has it."""

    rate = PercentField(_l("Commission in percent"))


class LimitField(YuanField):
    """An amount that is there already is shown in yuan."""

    def _value(self) -> str:
        kept = None if hasattr(self, "typed") else self.data
        return super()._value() if kept is None else str(yuan(kept))


class TermsForm(Form):
    """What is agreed with a leader; an empty limit is none of their own."""

    commission = PercentField(
        _l("Commission in percent"), [needed(_l("Say what part it is; 0 for none."))]
    )
    cash_limit = LimitField(_l("Most cash in their hands"))
    order_limit = LimitField(_l("Most that one order may cost online"))


class LimitForm(Form):
    """What orders of a member may cost; empty: as the leader has it."""

    limit = LimitField(_l("Most that one order may cost online"))
