"""Messages by e-mail, to the address somebody proved to be theirs."""

from __future__ import annotations

from flask_babel import force_locale
from flask_babel import gettext as _

from groupbuy.core.settings import setting
from groupbuy.notices import mail
from groupbuy.notices.letters import Message, Reader


def reaches(reader: Reader) -> bool:
    """Whether we can send mail at all, and to them."""
    return mail.configured() and reader.email is not None


def send(reader: Reader, message: Message) -> None:
    """Send the words as plain text, with the link. Raises NotDelivered or NeverDelivered."""
    assert reader.email  # reaches() said so
    subject = " · ".join(filter(None, (message.title, message.about)))
    with force_locale(reader.locale):
        why = _("You choose on the page “Me” what you are told, and how.")
    house = setting("SITE_NAME")
    parts = (message.words, message.link, f"-- \n{house}\n{why}")
    mail.send_mail(reader.email, subject, "\n\n".join(filter(None, parts)) + "\n")
