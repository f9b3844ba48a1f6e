"""How often somebody may knock: per address they ask from, and per person they ask for."""

from __future__ import annotations

from flask import request
from flask_limiter.util import get_remote_address
from flask_login import current_user

from groupbuy.accounts.reach import parse_reach
from groupbuy.core import crypto
from groupbuy.extensions import limiter
from groupbuy.members import proving


def _asked_for() -> str:
    """One key per phone or e-mail address, however it is typed; no address is kept."""
    going = proving.under_way()
    typed = request.form.get("to", "")[:300] or (going.reach.address if going else "")
    try:
        return parse_reach(typed).hash
    except ValueError:
        return crypto.lookup_hash(f"unreadable:{get_remote_address()}")


def _who_is_in() -> str:
    """One key per person, on however many devices."""
    return f"user {current_user.id}" if current_user.is_authenticated else get_remote_address()


# One count for every page that sends a code, or that tries a password.
codes_from = limiter.shared_limit("20 per hour", "codes from")
codes_to = limiter.shared_limit("5 per hour", "codes to", key_func=_asked_for)
passwords_from = limiter.shared_limit("30 per 15 minutes", "passwords from")
passwords_to = limiter.shared_limit("10 per 15 minutes", "passwords to", key_func=_asked_for)
passwords_of = limiter.shared_limit("10 per 15 minutes", "passwords of", key_func=_who_is_in)
entries_from = limiter.shared_limit("30 per 15 minutes", "entries from")
