"""One-time codes to a phone or an e-mail address that may belong to nobody we know.

They are sent at once and kept nowhere: who asked for one is waiting for it. Not in a transaction.
"""

from __future__ import annotations

from typing import Literal

from flask import current_app
from flask_babel import gettext as _

from groupbuy.core.settings import setting
from groupbuy.notices import mail, sms
from groupbuy.notices.failures import NotDelivered
from groupbuy.notices.printing import print_line

__all__ = ["NotDelivered", "email_configured", "send_code", "sms_configured"]


def sms_configured() -> bool:
    """Whether codes can go to a phone."""
    return sms.configured()


def email_configured() -> bool:
    """Whether codes can go to an e-mail address; in development they are printed."""
    return mail.configured() or bool(current_app.config["DEVELOPMENT"])


def send_code(kind: Literal["phone", "email"], address: str, code: str) -> None:
    """Send `code`, in the language of whoever is asking. Raises NotDelivered."""
    house = setting("SITE_NAME")
    text = _(
        "%(code)s is your code for %(house)s. Tell it to nobody, not even to us.",
        code=code,
        house=house,
    )
    if kind == "phone":
        sms.send_sms(address, text)
    elif mail.configured():
        mail.send_mail(address, _("Your code for %(house)s", house=house), text + "\n")
    elif current_app.config["DEVELOPMENT"]:
        print_line(f"[mail] {address}: {text}")
    else:
        raise NotDelivered("mail: not configured")
