"""Neighbours who are stuck: what they ask, and what they were doing."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from groupbuy import listing
from groupbuy.access import policy
from groupbuy.core import action_log, clock
from groupbuy.core.db import transaction
from groupbuy.core.text import mask_name, mask_phone
from groupbuy.desk import leader, own_or_404
from groupbuy.support import answering
from groupbuy.support.models import HelpMessage

bp = Blueprint("lead_messages", __name__, url_prefix="/lead/messages")


class Asked(NamedTuple):
    """A question with its contact as it may be shown in a list."""

    message: HelpMessage
    name: str
    phone: str
    step: str


@bp.get("")
@policy("staff:orders")
def index() -> str:
    """Those that wait for an answer, or with `?show=answered` the others; the newest first."""
    answered = bool(listing.asked_one_of("show", ["answered"]))
    kind = HelpMessage.answered_at.is_not(None) if answered else HelpMessage.answered_at.is_(None)
    own = sa.select(HelpMessage).where(HelpMessage.leader_id == leader().id, kind)
    about = (joinedload(HelpMessage.deal), joinedload(HelpMessage.order))
    found = listing.newest_first(own.options(*about), HelpMessage.id)
    return render_template(
        "leaders/messages.html",
        asked=[_masked(message) for message in found.rows],
        found=found,
        answered=answered,
        now=clock.now(),
    )


@bp.get("/<message_id>")
@policy("staff:orders")
def show(message_id: str) -> str:
    """One question."""
    message = own_or_404(HelpMessage, message_id)
    return render_template("leaders/messages_one.html", asked=_masked(message), now=clock.now())


@bp.post("/<message_id>/contact")
@policy("staff:orders")
def reveal(message_id: str) -> str:
    """Show how to answer, and note who looked."""
    message = own_or_404(HelpMessage, message_id)
    with transaction():
        who = {"actor_id": current_user.id, "leader_id": message.leader_id, "now": clock.now()}
        action_log.note("contact_revealed", f"help:{message.id}", **who)
    asked = _whole(message)
    return render_template("leaders/messages_one.html", asked=asked, open=True, now=clock.now())


@bp.post("/<message_id>/answered")
@policy("staff:orders")
def answered(message_id: str) -> Response:
    """Nobody has to answer it any more."""
    message = own_or_404(HelpMessage, message_id)
    with transaction():
        new = answering.mark_answered(message, by_id=current_user.id, now=clock.now())
    flash(_("Noted as answered.") if new else _("Somebody has answered it before."), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/<message_id>/unanswered")
@policy("staff:orders")
def unanswered(message_id: str) -> Response:
    """It waits for an answer after all."""
    message = own_or_404(HelpMessage, message_id)
    with transaction():
        answering.mark_unanswered(message, by_id=current_user.id, now=clock.now())
    flash(_("It waits for an answer again."), "success")
    return redirect(url_for(".show", message_id=message.id), 303)


def _whole(message: HelpMessage) -> Asked:
    """The contact holds a name, a space, and a number (support.asking)."""
    name, _space, phone = message.contact.rpartition(" ")
    return Asked(message, name, phone, _steps().get(message.step, message.step))


def _masked(message: HelpMessage) -> Asked:
    asked = _whole(message)
    return asked._replace(name=mask_name(asked.name), phone=mask_phone(asked.phone))


def _steps() -> dict[str, str]:
    """support.asking.STEPS in words."""
    return {
        "deal": _("looking at a deal"),
        "product": _("looking at a product"),
        "cart": _("filling the cart"),
        "checkout": _("ordering"),
        "order": _("looking at an order"),
        "change": _("changing an order"),
        "cancel": _("cancelling an order"),
        "pickup": _("collecting"),
        "sign_in": _("signing in"),
        "me": _("on their own page"),
    }
