"""The words of each kind of message, made from the rows it points at when it is shown or sent."""

from __future__ import annotations

from flask_babel import gettext as _

from groupbuy.core.clock import local
from groupbuy.core.money import format_yuan
from groupbuy.notices.models import Notice


def words(notice: Notice) -> str:
    """One or two sentences in the reader's language. Raises KeyError for an unknown kind."""
    facts: dict[str, object] = {"deal": "", "order": "", "because": "", "closes": "", "money": ""}
    if notice.deal:
        facts["deal"] = notice.deal.title
        facts["because"] = notice.deal.ended_because
        if notice.deal.closes_at:
            facts["closes"] = f"{local(notice.deal.closes_at):%m-%d %H:%M}"
    if notice.order:
        facts["order"] = notice.order.number
        facts["roll_no"] = notice.order.roll_no or ""
        facts["money"] = format_yuan(notice.order.due_fen)
    facts.update(notice.detail or {})
    return _SENTENCES[notice.kind]() % facts


# Functions, so that gettext is asked in the language of each reader.
_SENTENCES = {
    "ordered": lambda: _(
        "Your order %(order)s in “%(deal)s” is noted. Please give %(money)s to the leader."
    ),
    "vouched": lambda: _(
        "The leader has your money for “%(deal)s”. You are number %(roll_no)s in the roll."
    ),
    "expired": lambda: _(
        "Your order %(order)s in “%(deal)s” was not paid in time and has been let go."
    ),
    "closing_moved": lambda: _("“%(deal)s” now closes at %(closes)s."),
    "closed_early": lambda: _(
        "“%(deal)s” has closed early: %(because)s Nothing can be added or changed any more."
    ),
    "deal_cancelled": lambda: _(
        "“%(deal)s” was called off: %(because)s Whatever you paid comes back to you."
    ),
    "deal_failed": lambda: _(
        "Too few joined “%(deal)s”, so it does not take place. Whatever you paid comes back to you."
    ),
    "list_issued": lambda: _("A purchase list for “%(deal)s” is waiting for you."),
    "nothing_ordered": lambda: _("“%(deal)s” has closed: nothing was ordered from you this time."),
    "short": lambda: _(
        "Not everything of your order in “%(deal)s” arrived. It now costs %(money)s; "
        "what you paid too much comes back to you."
    ),
    "arrived": lambda: _("Your things from “%(deal)s” are here. Please come and collect them."),
    "pickup_ending": lambda: _("Your bag from “%(deal)s” can be collected for two more hours."),
    "pickup_missed": lambda: _(
        "Your bag from “%(deal)s” has not been collected. Please call the leader."
    ),
}
