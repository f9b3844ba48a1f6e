"""Which language the address asks for."""

from __future__ import annotations

from flask import request

from groupbuy.accounts.choices import LANGUAGES


def language_asked() -> str | None:
    """The name in `?lang=`, if it is one of LANGUAGES."""
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGES else None
