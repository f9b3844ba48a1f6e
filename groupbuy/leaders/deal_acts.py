"""What a leader does to a deal as a whole; each act is explained in numbers before it is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.action_log import note
from groupbuy.core.db import long_transaction, transaction
from groupbuy.core.errors import BadInput, RuleBroken, WrongState
from groupbuy.deals import editing
from groupbuy.deals.copying import copy_files, copy_for_next_time
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404
from groupbuy.forms import Form, LineField, needed
from groupbuy.leaders.deal_stakes import lists_of, stakes
from groupbuy.leaders.editor_fields import InstantField
from groupbuy.orders.ending import cancel_deal
from groupbuy.purchasing import closing, reopening

bp = Blueprint("lead_deal_acts", __name__, url_prefix="/lead/deals/<slug>")


class TimeForm(Form):
    """When it closes instead."""

    closes_at = InstantField(_l("It should close at"), [needed(_l("Say when it closes."))])

    @property
    def instant(self) -> datetime:
        """What was typed, of a form that is valid."""
        assert self.closes_at.data
        return self.closes_at.data


class ReasonForm(Form):
    """Why, in words that everybody who ordered will read."""

    because = LineField(_l("Why? The neighbours read this."), [needed(_l("Say why."))], longest=300)


@bp.post("/copy")
@policy("leader")
def copy(slug: str) -> Any:
    """A draft like this one, a week later."""
    deal = deal_or_404(slug)
    files = copy_files(deal.pictures)
    with transaction():
        made = copy_for_next_time(deal, files, now=clock.now())
    flash(_("This is a copy. Look at the times, then publish it."), "success")
    return redirect(url_for("lead_editor.edit", slug=made.slug), 303)


@bp.post("/publish")
@policy("leader")
def publish(slug: str) -> Any:
    """Open a draft as it stands; what it lacks is said in the editor."""
    deal = deal_or_404(slug)
    try:
        _write(deal, "deal_published", lambda now: editing.publish(deal, now=now))
    except RuleBroken as refusal:
        flash(refusal.sentence, "error")
        where = "lead_editor.edit" if deal.state == "draft" else "lead_deal.show"
        return redirect(url_for(where, slug=slug), 303)
    opened = deal.phase(clock.now()) == "open"
    flash(_("The deal is open.") if opened else _("The deal opens by itself."), "success")
    return redirect(url_for("lead_deal.show", slug=slug), 303)


@bp.get("/move")
@policy("leader")
def move(slug: str) -> Any:
    """Ask for another closing time."""
    deal = deal_or_404(slug)
    return _ask(deal, "move", TimeForm(None, data={"closes_at": deal.closes_at}))


@bp.post("/move")
@policy("leader")
def move_now(slug: str) -> Any:
    """Extend or shorten, whichever the new time is."""
    deal, form = deal_or_404(slug), TimeForm()

    def act(now: datetime) -> None:
        later = deal.closes_at is None or form.instant >= deal.closes_at
        (editing.extend if later else editing.shorten)(deal, form.instant, now=now)

    return _do(deal, "move", form, act, _("The closing time has moved. Everybody is told."))


@bp.get("/close")
@policy("leader")
def close(slug: str) -> Any:
    """Ask before closing early."""
    return _ask(deal_or_404(slug), "close", ReasonForm(None))


@bp.post("/close")
@policy("leader")
def close_now(slug: str) -> Any:
    """No more orders from here; the scheduler writes the lists within seconds."""
    deal, form = deal_or_404(slug), ReasonForm()

    def act(now: datetime) -> None:
        closing.begin_early(deal, because=form.because.data, now=now)

    return _do(deal, "close", form, act, _("The deal is closing. The lists follow in a moment."))


@bp.get("/cancel")
@policy("leader")
def cancel(slug: str) -> Any:
    """Ask before calling it off, with what goes back."""
    return _ask(deal_or_404(slug), "cancel", ReasonForm(None))


@bp.post("/cancel")
@policy("leader")
def cancel_now(slug: str) -> Any:
    """Call it off: all orders end, all money goes back."""
    deal, form = deal_or_404(slug), ReasonForm()

    def act(now: datetime) -> None:
        cancel_deal(deal, because=form.because.data, now=now)

    return _do(deal, "cancel", form, act, _("The deal is called off."))


@bp.get("/reopen")
@policy("leader")
def reopen(slug: str) -> Any:
    """Ask before taking the closing back, with what is withdrawn."""
    return _ask(deal_or_404(slug), "reopen", TimeForm(None))


@bp.post("/reopen")
@policy("leader")
def reopen_now(slug: str) -> Any:
    """Take orders again; the next closing writes the next revision of each list."""
    deal, form = deal_or_404(slug), TimeForm()

    def act(now: datetime) -> None:
        reopening.reopen(deal, form.instant, now=now)

    return _do(deal, "reopen", form, act, _("The deal is open again. Everybody is told."))


def _refused(deal: Deal, act: str, now: datetime) -> RuleBroken | None:
    """Why `act` is not possible as things stand, before anybody fills in a form."""
    phases = {
        "move": ("upcoming", "open"),
        "close": ("open",),
        "cancel": ("draft", "upcoming", "open"),
        "reopen": ("closed",),
    }
    phase = deal.phase(now)
    if phase not in phases[act]:
        return WrongState(phase, act)
    if act == "reopen":
        try:
            reopening.require_reopenable(deal)
        except RuleBroken as refusal:
            return refusal
    return None


def _ask(deal: Deal, act: str, form: Form) -> Any:
    refusal = _refused(deal, act, clock.now())
    return _page(deal, act, form, refusal), refusal.status if refusal else 200


def _page(deal: Deal, act: str, form: Form, refusal: RuleBroken | None = None) -> str:
    return render_template(
        "leaders/deal_act.html",
        deal=deal,
        act=act,
        form=form,
        refusal=refusal,
        stakes=stakes(deal),
        lists=lists_of(deal) if act == "reopen" else [],
        now=clock.now(),
    )


def _do(deal: Deal, act: str, form: Form, rule: Callable[[datetime], None], done: str) -> Any:
    if not form.validate():
        return _page(deal, act, form), 422
    try:
        _write(deal, f"deal_{act}", rule)
    except RuleBroken as refusal:
        at_field = isinstance(refusal, BadInput) and form.refuse(refusal)
        return _page(deal, act, form, None if at_field else refusal), refusal.status
    flash(done, "success")
    return redirect(url_for("lead_deal.show", slug=deal.slug), 303)


def _write(deal: Deal, action: str, rule: Callable[[datetime], None]) -> None:
    """One transaction that may take long: a deal can have ten thousand orders."""
    now = clock.now()
    with long_transaction():
        rule(now)
        about = {"actor_id": current_user.id, "leader_id": deal.leader_id, "now": now}
        closes_at = deal.closes_at.isoformat() if deal.closes_at else None
        note(action, f"deal:{deal.id}", because=deal.ended_because, closes_at=closes_at, **about)
