"""Text messages, by the setting SMS_SENDER: printed in development, or posted to a provider.

The provider gets JSON {"phone": "138…", "text": "…"} with a bearer token and answers 2xx when it
has taken the message; anything else is a failure. Never inside a transaction.
"""

from __future__ import annotations

import requests
from flask import current_app

from groupbuy.notices.failures import NotDelivered
from groupbuy.notices.printing import print_line


def configured() -> bool:
    """Whether text messages can be sent."""
    return bool(current_app.config["SMS_SENDER"])


def send_sms(phone: str, text: str) -> None:
    """Send `text` to one phone. Raises NotDelivered; its text holds neither number nor words."""
    sender = current_app.config["SMS_SENDER"]
    if not sender:
        raise NotDelivered("sms: not configured")
    _SENDERS[sender](phone, text)


def _print(phone: str, text: str) -> None:
    print_line(f"[sms] {phone}: {text}")


def _post(phone: str, text: str) -> None:
    settings = current_app.config
    try:
        answer = requests.post(
            settings["SMS_URL"],
            json={"phone": phone, "text": text},
            headers={"Authorization": f"Bearer {settings['SMS_TOKEN']}"},
            timeout=settings["SMS_TIMEOUT"],
            allow_redirects=False,  # the token is for this address only
        )
        trouble = "" if answer.status_code // 100 == 2 else f"answered {answer.status_code}"
    except requests.RequestException as error:
        trouble = type(error).__name__
    if trouble:
        raise NotDelivered(f"sms: {trouble}")


_SENDERS = {"console": _print, "http": _post}
