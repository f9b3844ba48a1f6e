"""Sending one e-mail through the server of the settings MAIL_*. Never inside a transaction."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import partial
from urllib.parse import urlsplit

from flask import current_app

from groupbuy.core import clock
from groupbuy.core.text import label
from groupbuy.notices.failures import NeverDelivered, NotDelivered

_NO_SUCH_ADDRESS = {550, 551, 553}


def configured() -> bool:
    """Whether there is a mail server to send through."""
    return bool(current_app.config["MAIL_HOST"] and current_app.config["MAIL_FROM"])


def send_mail(to: str, subject: str, text: str) -> None:
    """Send `text` to one address. Raises NotDelivered, or NeverDelivered for a dead address.

    What the server says is not repeated: it quotes the address.
    """
    try:
        message = _message(to, subject, text)
        with _connected() as server:
            server.send_message(message)
        return
    except smtplib.SMTPRecipientsRefused as refusal:
        codes = [code for code, _said in refusal.recipients.values()]
        kind = NeverDelivered if set(codes) & _NO_SUCH_ADDRESS else NotDelivered
        failure = kind(f"mail: recipient refused {codes}")
    except (smtplib.SMTPException, OSError, ValueError) as error:
        code = getattr(error, "smtp_code", "")
        failure = NotDelivered(f"mail: {type(error).__name__} {code}".rstrip())
    raise failure  # out here, or the address would hang on to it in every log


def _message(to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = current_app.config["MAIL_FROM"]
    message["To"] = to
    message["Subject"] = label(subject)
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(domain=_host())
    message["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday note answers it
    message.set_content(text)
    return message


@contextmanager
def _connected() -> Iterator[smtplib.SMTP]:
    settings = current_app.config
    secured = settings["MAIL_TLS"]
    connect: Callable[..., smtplib.SMTP] = smtplib.SMTP
    if secured == "ssl":
        connect = partial(smtplib.SMTP_SSL, context=ssl.create_default_context())
    server = connect(
        settings["MAIL_HOST"],
        settings["MAIL_PORT"],
        local_hostname=_host(),
        timeout=settings["MAIL_TIMEOUT"],
    )
    try:
        if secured == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings["MAIL_USERNAME"]:
            server.login(settings["MAIL_USERNAME"], settings["MAIL_PASSWORD"])
        yield server
    finally:
        # What was taken is sent, however the server parts with us.
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


def _host() -> str:
    return urlsplit(current_app.config["SITE_URL"]).hostname or "localhost"
