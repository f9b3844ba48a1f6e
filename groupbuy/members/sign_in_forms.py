"""The forms of signing in and registering."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import BooleanField, PasswordField
from wtforms.validators import ValidationError

from groupbuy.accounts import passwords
from groupbuy.accounts.codes import parse_code
from groupbuy.accounts.reach import Reach, parse_reach
from groupbuy.core.errors import BadInput
from groupbuy.core.text import parse_email, parse_phone
from groupbuy.forms import Form, NameField, PhoneField, needed

_AGREED = _l("Tick this to say that you agree.")


class _PhoneReach(PhoneField):
    def read(self, typed: str) -> Any:
        return Reach("phone", parse_phone(typed))


class _EmailReach(PhoneField):
    wrong = _l("This is not an e-mail address.")

    def read(self, typed: str) -> Any:
        return Reach("email", parse_email(typed))


class _AnyReach(PhoneField):
    wrong = _l("This is neither a mobile number of 11 digits nor an e-mail address.")

    def read(self, typed: str) -> Any:
        return parse_reach(typed)


class _CodeField(PhoneField):
    wrong = _l("The code has six digits.")

    def read(self, typed: str) -> str:
        return parse_code(typed)


class To(Form):
    """Whom to send a code to, or to let in."""

    to: Any

    @property
    def reach(self) -> Reach:
        """Who that is, once the form is valid."""
        return Reach(*self.to.data)


class ToPhone(To):
    """A phone to send a code to."""

    to = _PhoneReach(_l("Mobile number"), [needed(_l("Type your mobile number."))])


class ToEmail(To):
    """An e-mail address to send a code to."""

    to = _EmailReach(_l("E-mail address"), [needed(_l("Type your e-mail address."))])


class ToEither(To):
    """Either of them."""

    to = _AnyReach(
        _l("Mobile number or e-mail address"),
        [needed(_l("Type your mobile number or e-mail address."))],
    )


class ByPassword(ToEither):
    """Who, and the password that says so."""

    password = PasswordField(_l("Password"), [needed(_l("Type your password."))])


class EnterCode(Form):
    """The code that was sent."""

    code = _CodeField(
        _l("The code you were sent"), [needed(_l("Type the code that you were sent."))]
    )


class NewPassword(Form):
    """A password to be; it is never shown again."""

    password = PasswordField(_l("New password"), [needed(_l("Choose a password."))])

    def validate_password(self, field: PasswordField) -> None:
        """Say at the field what a password needs."""
        try:
            passwords.check_password(field.data or "")
        except BadInput as refusal:
            raise ValidationError(refusal.sentence) from None


class ChangePassword(NewPassword):
    """And the one until now, for those who have one."""

    current = PasswordField(_l("Password until now"), [needed(_l("Type your password."))])


class Agreeing(Form):
    """Boxes for the documents; those that were agreed to before are left out."""

    rules = BooleanField(validators=[needed(_AGREED)])
    privacy = BooleanField(validators=[needed(_AGREED)])

    @property
    def documents(self) -> list[Any]:
        """The boxes there are."""
        return [self[name] for name in ("rules", "privacy") if name in self]


class NewAccount(Agreeing):
    """What to call somebody who has proven a phone number."""

    name = NameField(_l("Name"), [needed(_l("Say what we may call you."))])


class NewAccountWithPassword(NewAccount, NewPassword):
    """And a password, for those who asked for one."""


def says(document: str) -> Markup:
    """What ticking the box of `document` says, with the way to its text."""
    sentences = {
        "rules": _l('I agree to the <a href="%(url)s" target="_blank">community rules</a>'),
        "privacy": _l('I agree to the <a href="%(url)s" target="_blank">privacy notice</a>'),
    }
    url = url_for("documents.show", name=document)
    return Markup(str(sentences[document])) % {"url": url}
