"""What must be true of an answer to whatever was sent, and of what it left behind."""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlalchemy as sa

from groupbuy import invariants
from groupbuy.access import policy_of
from groupbuy.extensions import db
from tests.access.asking import Asking
from tests.access.walking import rules
from tests.access.world import Person
from tests.members.odd_input import ODD, escaped

TAKEN = (204, 302, 303)  # any other answer is a page that says what is wrong
# Tables that no promise of the house is about.
OF_NO_TRADE = {
    "action_log",
    "address",
    "cart_line",
    "category",
    "consent",
    "device",
    "follow",
    "help_message",
    "job_request",
    "notice",
    "notice_choice",
    "one_time_code",
    "photo",
    "pickup_point",
    "picture",
    "role_grant",
    "saved_view",
    "site_setting",
    "user_account",
}
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def all_in_order(differs: set[str]) -> None:
    """What was taken breaks no promise of the house."""
    if not differs <= OF_NO_TRADE:
        assert invariants.broken() == {}
    can_be_read(differs)


def can_be_read(differs: set[str]) -> None:
    """No text that was taken holds what one of the databases would refuse."""
    for name in differs:
        for row in db.session.execute(sa.select(db.metadata.tables[name])):
            for value in row:
                assert not (isinstance(value, str) and _UNREADABLE.search(value)), (name, value)


def no_odd_address_breaks(
    asking: Asking, who: Person, whose: Callable[[str], bool], size: str
) -> None:
    """Ask as `who`, with odd values, for every route of which `whose` likes the policy."""
    short = [value for value in ODD if value and len(value) < 2000]
    of_policy = [
        rule
        for rule in rules(asking.app)
        if rule.arguments and whose(f"{policy_of(asking.app, rule)}")
    ]
    for number, rule in enumerate(of_policy):
        # Each value somewhere in every run, everywhere in the slow one.
        for value in short[number % 15 :: 15] if size == "few" else short:
            path = re.sub("<[^>]+>", escaped(value), rule.rule)
            method = "GET" if "GET" in (rule.methods or ()) else "POST"
            answer, differs = asking.compare(who, method, path)
            assert answer.status_code < 500, path
            assert answer.status_code < 400 or differs == set(), path
