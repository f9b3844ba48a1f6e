"""The checkout's form: where and who, what the leader asks, and consent where it is missing."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField
from wtforms.widgets import TextArea

from groupbuy.deals.stand import Stand
from groupbuy.forms import (
    Choice,
    LineField,
    NameField,
    PhoneField,
    RowsField,
    TextField,
    needed,
)
from groupbuy.members.pay_ways import offers
from groupbuy.questions import AskingForm, question_fields

CONTACT = ("name", "phone", "building", "unit", "room")


class CheckoutForm(AskingForm):
    """Everything but the goods."""

    point = RowsField(_l("Where do you collect?"), coerce=int)
    name = NameField(_l("Name"), [needed(_l("Say who collects it."))])
    phone = PhoneField(_l("Mobile number"), [needed(_l("The leader needs a number to reach you."))])
    building = LineField(_l("Building no."), longest=40)
    unit = LineField(_l("Unit no."), longest=40)
    room = LineField(_l("Room no."), longest=40)
    note = TextField(_l("A note to the leader (if you like)"), longest=500, widget=TextArea())
    way = RowsField(_l("How do you pay?"))
    key = HiddenField()

    @property
    def contact(self) -> dict[str, str]:
        """Who to call and where they live, as orders and addresses keep it."""
        return {name: self[name].data or "" for name in CONTACT}


def checkout_form(deal: Stand, *, ask_consent: bool, **remembered: Any) -> CheckoutForm:
    """The form for `deal`, filled in with what is `remembered` unless it was sent."""
    fields = question_fields(deal.questions)
    if ask_consent:
        agreed = needed(_l("Tick this to say that you agree."))
        fields["agree"] = BooleanField(_l("I agree"), [agreed])
    # A class of its own costs a millisecond: only where the deal or the law adds a field.
    made = type("DealForm", (CheckoutForm,), fields) if fields else CheckoutForm
    form: CheckoutForm = made(**remembered)
    form.point.choices = [Choice(point.id, point.name) for point in deal.points]
    form.way.choices = [Choice(offer.way, offer.name) for offer in offers(deal.ways)]
    if form.point.data is None and len(deal.points) == 1 and not form.is_submitted():
        form.point.data = deal.points[0].id
    return form
