"""What staff type about one order."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField
from wtforms.widgets import TextArea

from groupbuy.deals.models import Deal
from groupbuy.forms import (
    Choice,
    ChoiceField,
    Form,
    LineField,
    NameField,
    PhoneField,
    QuantityField,
    TextField,
    needed,
)
from groupbuy.orders.models import Order
from groupbuy.orders.searching import contact_of
from groupbuy.questions import AskingForm, question_fields

CONTACT = ("name", "phone", "building", "unit", "room")


class NotesForm(Form):
    """One note stays inside, the other is read by the member."""

    staff_note = TextField(_l("Note for staff"), longest=500, widget=TextArea())
    note_to_member = TextField(_l("Note to the member"), longest=500, widget=TextArea())


class ContactForm(Form):
    """Who to call and where they live."""

    name = NameField(_l("Name"), [needed(_l("Say who collects it."))])
    phone = PhoneField(_l("Mobile number"), [needed(_l("The leader needs a number to reach you."))])
    building = LineField(_l("Building no."), longest=40)
    unit = LineField(_l("Unit no."), longest=40)
    room = LineField(_l("Room no."), longest=40)

    @property
    def contact(self) -> dict[str, str]:
        """As orders keep it."""
        return {name: self[name].data or "" for name in CONTACT}


class CancelForm(Form):
    """Why an order is cancelled."""

    because = LineField(
        _l("Reason, the neighbour reads it"),
        [needed(_l("Say why, so that the neighbour can be told."))],
        longest=300,
    )


class NewOrderForm(ContactForm, AskingForm):
    """An order for somebody who called or came by; quantities are the fields q-<item id>."""

    member = HiddenField()
    point = ChoiceField(_l("Pickup point"), coerce=int)
    note = TextField(_l("Note"), longest=500, widget=TextArea())
    paid = BooleanField(_l("I have the money"))
    key = HiddenField()

    @property
    def quantities(self) -> dict[int, int]:
        """Item id -> pieces, of what is wanted."""
        fields = (f for f in self if f.name.startswith("q-"))
        return {int(f.name[2:]): f.data for f in fields if f.data}


def contact_form(order: Order) -> ContactForm:
    """Filled with the contact of `order`, the phone too: only for somebody who asked to see it."""
    return ContactForm(formdata=None, data=contact_of(order))


def new_order_form(deal: Deal, *, known: bool, **filled: Any) -> NewOrderForm:
    """For `deal`; a `known` member needs no name and phone. `filled` until something is sent."""
    fields: dict[str, Any] = {f"q-{item.id}": QuantityField(item.name) for item in deal.items}
    fields |= question_fields(deal.questions)
    if known:
        fields |= {"name": NameField(_l("Name")), "phone": PhoneField(_l("Mobile number"))}
    form: NewOrderForm = type("NewOrderFormOfDeal", (NewOrderForm,), fields)(data=filled)
    form.point.choices = [Choice(point.id, point.name) for point in deal.points]
    return form
