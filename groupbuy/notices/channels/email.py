"""Messages by e-mail: to the address somebody proved to be theirs, or a supplier's."""

from __future__ import annotations

from groupbuy.core.settings import setting
from groupbuy.notices import mail
from groupbuy.notices.letters import Message, Reader


def reaches(reader: Reader) -> bool:
    """Whether we can send mail at all, and to them."""
    return mail.configured() and reader.email is not None


def send(reader: Reader, message: Message) -> None:
    """Send the words as plain text, with the link. Raises NotDelivered or NeverDelivered."""
    assert reader.email  # reaches() said so
    letter = message.letter
    about = (letter.about, message.about) if letter else (message.about,)
    facts, link = ("\n".join(letter.facts), letter.link) if letter else ("", message.link)
    foot = f"-- \n{setting('SITE_NAME')}\n{message.why}"
    subject = " · ".join(filter(None, (message.title, *about)))
    text = "\n\n".join(filter(None, (message.words, facts, link, foot)))
    mail.send_mail(reader.email, subject, text + "\n")
