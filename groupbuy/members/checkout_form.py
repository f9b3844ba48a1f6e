"""The checkout's form: where and who, what the leader asks, and consent where it is missing."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField
from wtforms.widgets import TextArea

from groupbuy.deals.stand import Stand
from groupbuy.forms import (
    Choice,
    ChoiceField,
    Form,
    LineField,
    NameField,
    PhoneField,
    RowsField,
    TextField,
    needed,
)
from groupbuy.members.pay_ways import offers

CONTACT = ("name", "phone", "building", "unit", "room")
_NUMBER_LENGTH = 20


class CheckoutForm(Form):
    """Everything but the goods; `questions` are the fields that a deal adds."""

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
    def questions(self) -> list[Any]:
        """The fields of the leader's own questions, in their order."""
        return [field for field in self if field.name.startswith("ask-")]

    @property
    def contact(self) -> dict[str, str]:
        """Who to call and where they live, as orders and addresses keep it."""
        return {name: self[name].data or "" for name in CONTACT}

    @property
    def answers(self) -> dict[str, str]:
        """Question id -> what was answered, of those that were."""
        return {f.name.removeprefix("ask-"): str(f.data) for f in self.questions if f.data}


def checkout_form(deal: Stand, *, ask_consent: bool, **remembered: Any) -> CheckoutForm:
    """The form for `deal`, filled in with what is `remembered` unless it was sent."""
    fields: dict[str, Any] = {f"ask-{q.id}": _field(q) for q in deal.questions}
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


def _field(question: Any) -> Any:
    checks = [needed(_l("The leader needs an answer to this."))] if question.required else []
    if question.kind == "choice":
        choices = [Choice("", "—"), *(Choice(choice) for choice in question.choices)]
        return ChoiceField(question.label, checks, choices=choices)
    if question.kind == "number":
        return _Number(question.label, checks, longest=_NUMBER_LENGTH)
    return LineField(question.label, checks, longest=200)


class _Number(LineField):
    """A whole number as an answer; kept as text, for nobody calculates with it."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        if self.data and not (self.data.isascii() and self.data.isdigit()):
            raise ValueError(_l("Only digits, please."))
