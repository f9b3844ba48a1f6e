"""Reading forms: fields that normalise what people type, and say at the field what is wrong."""

from __future__ import annotations

import re
import secrets
from typing import Any, ClassVar, Self

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Field, HiddenField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice as Choice
from wtforms.validators import Regexp, StopValidation, ValidationError

from groupbuy.core import text
from groupbuy.core.errors import BadInput
from groupbuy.core.money import format_percent, parse_percent, parse_yuan

__all__ = [
    "Choice",
    "ChoiceField",
    "EmailField",
    "Form",
    "LineField",
    "NameField",
    "PercentField",
    "PhoneField",
    "QuantityField",
    "RowsField",
    "SumForm",
    "TextField",
    "YuanField",
    "needed",
]


class needed:
    """The field must hold something readable; `wrong` says what is missing."""

    field_flags: ClassVar = {"required": True}

    def __init__(self, wrong: Any) -> None:
        self.wrong = wrong

    def __call__(self, _form: Any, field: Field) -> None:
        first = next(iter(field.raw_data or ()), "")  # what the field reads, however often it came
        if not str(first).strip():
            field.errors = []
            raise StopValidation(str(self.wrong))


class Form(FlaskForm):
    """A form whose refusals by a rule are shown like its own."""

    class Meta(FlaskForm.Meta):
        """Reads only what was typed: a file or JSON where text belongs is as good as nothing."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            if formdata is None or isinstance(formdata, MultiDict):
                return formdata
            return (request.form or None) if form.is_submitted() else None

    def refuse(self, refusal: BadInput) -> bool:
        """Put what a rule refused under the field it names; False when nobody sees such a field."""
        field: Field | None = self._fields.get(refusal.field)
        if field is None or isinstance(field, HiddenField):
            return False
        field.errors = [*field.errors, refusal.sentence]
        return True


class _Read(StringField):
    """Text that `read` turns into what is meant; ValueError becomes `wrong` at the field."""

    wrong: Any = ""

    def read(self, typed: str) -> Any:
        raise NotImplementedError

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist or not str(valuelist[0]).strip():
            self.data = None
            return
        self.typed = text.clean(str(valuelist[0]))[:1000]
        try:
            self.data = self.read(str(valuelist[0]))
        except ValueError:
            self.data = None
            raise ValueError(str(self.wrong)) from None

    def _value(self) -> str:
        """What stands in the box: as typed, so nothing has to be typed again."""
        return str(getattr(self, "typed", None) or ("" if self.data is None else self.data))


class PhoneField(_Read):
    """A mainland mobile number, as 11 digits."""

    wrong = _l("This is not a mobile number: 11 digits that begin with 13 to 19.")

    def read(self, typed: str) -> str:
        return text.parse_phone(typed)


class EmailField(_Read):
    """An e-mail address, in lower case."""

    wrong = _l("This is not an e-mail address.")

    def read(self, typed: str) -> str:
        return text.parse_email(typed)


class NameField(_Read):
    """A person's name on one line."""

    wrong = _l("The name must be 1 to 100 readable characters.")

    def read(self, typed: str) -> str:
        return text.clean_name(typed)


class QuantityField(_Read):
    """A count from 0 to 9999."""

    wrong = _l("A quantity is a whole number from 0 to 9999.")

    def read(self, typed: str) -> int:
        return text.parse_quantity(typed)


class YuanField(_Read):
    """An amount typed in yuan, kept in fen."""

    wrong = _l("An amount looks like 12 or 12.50.")

    def read(self, typed: str) -> int:
        return parse_yuan(typed)


class PercentField(_Read):
    """A percentage, kept in basis points."""

    wrong = _l("A percentage looks like 8 or 8.5, from 0 to 100.")

    def read(self, typed: str) -> int:
        return parse_percent(typed)

    def _value(self) -> str:
        kept = None if hasattr(self, "typed") else self.data
        return super()._value() if kept is None else format_percent(kept).removesuffix("%")


class TextField(StringField):
    """Free text, cleaned; at most `longest` characters; never None."""

    def __init__(self, *given: Any, longest: int = 500, **more: Any) -> None:
        super().__init__(*given, **more)
        self.longest = longest

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = text.clean(str(valuelist[0])) if valuelist else ""
        if len(self.data) > self.longest:
            raise ValueError(_l("At most %(count)s characters.", count=self.longest))


class LineField(TextField):
    """Text on one line, without characters that make it read differently from what it is."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        if self.data:
            try:
                self.data = text.clean_name(str(valuelist[0]), self.longest)
            except ValueError:
                raise ValueError(_l("At most %(count)s characters.", count=self.longest)) from None


class _InOurWords:
    """What is none of the choices is refused in our own words."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        try:
            super().process_formdata(valuelist)  # type: ignore[misc]
        except ValueError:
            self.data = None  # pre_validate says it

    def pre_validate(self, form: Any) -> None:
        try:
            super().pre_validate(form)  # type: ignore[misc]
        except ValidationError:
            raise ValidationError(str(_l("Choose one of these."))) from None


class ChoiceField(_InOurWords, SelectField):
    """One of a list that opens."""


class RowsField(_InOurWords, RadioField):
    """One of a few rows, all in sight."""


class SumForm(Form):
    """An amount; the same `key` again is the same form."""

    amount = YuanField(_l("Amount"), [needed(_l("Say how much."))])
    key = HiddenField(validators=[Regexp(r"[\w-]{16,64}\Z", re.ASCII)])

    @property
    def fen(self) -> int:
        """What was typed; only of a form that validated."""
        return int(self.amount.data or 0)

    def with_key(self) -> Self:
        """The same, with a key of its own where there is none that can be read."""
        if self.key.errors:
            self.amount.errors = [*self.amount.errors, _("Please send it once more.")]
        if self.key.errors or not self.key.data:
            self.key.data = secrets.token_urlsafe(18)
        return self
