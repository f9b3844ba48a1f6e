"""The one-page editor of drafts and of deals not open yet.

Buttons of rows only send the form back; saving writes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.action_log import note
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import clean, id_or_none
from groupbuy.deals.album import arrange
from groupbuy.deals.editing import DealForm, create_deal, edit_draft, publish
from groupbuy.deals.editing_announced import edit_announced, is_announced
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404, leader
from groupbuy.leaders import editor_data as data
from groupbuy.leaders import editor_open
from groupbuy.leaders.editor_album import read_ref, say_at_pictures, take_uploads
from groupbuy.leaders.editor_form import EditorForm, offer_choices, row_of, sku_ids
from groupbuy.leaders.editor_preview import preview_of
from groupbuy.leaders.editor_rows import act_on_row, add_row, readable

bp = Blueprint("lead_editor", __name__, url_prefix="/lead/deals")

_SAVING = ("save", "publish", "schedule")


@bp.get("/new")
@policy("leader")
def new() -> str:
    """An empty form, with the leader's usual rules filled in."""
    return _page(None, EditorForm(None, data=data.beginning(leader())))


@bp.post("/new")
@policy("leader")
def create() -> Any:
    """A button of the form of a new deal."""
    return _pressed(None)


@bp.get("/<slug>/edit")
@policy("leader")
def edit(slug: str) -> Any:
    """The form of all of it, or the few things that can change while people order."""
    deal = deal_or_404(slug)
    if deal.state == "draft" or is_announced(deal, clock.now()):
        return _page(deal, EditorForm(None, data=data.data_of(deal)))
    return editor_open.show(deal)


@bp.post("/<slug>/edit")
@policy("leader")
def update(slug: str) -> Any:
    """A button of the form: of the whole one, which says so itself, or of the small one."""
    deal = deal_or_404(slug)
    whole = deal.state == "draft" or "whole" in request.form
    return _pressed(deal) if whole else editor_open.save(deal)


@bp.post("/preview")
@policy("leader")
def preview() -> str:
    """The phone beside the form, for what is typed so far. Writes nothing."""
    form = _form(readable(request.form))
    shown = _shown(form)
    return render_template("leaders/editor_preview.html", shown=shown, now=clock.now())


def _pressed(deal: Deal | None) -> Any:
    sent = readable(request.form)
    problems = take_uploads(sent, leader())
    act = sent.get("act", "save")
    if act not in _SAVING:
        _change_rows(sent, act)
        return _page(deal, say_at_pictures(_form(sent), problems))
    form = _form(sent)
    if not form.validate() or problems:
        return _page(deal, say_at_pictures(form, problems)), 422
    try:
        saved = _save(deal, form, act, clock.now())
    except BadInput as refusal:
        said = [] if form.refuse(refusal) else [refusal.sentence]
        return _page(deal, form, said), 422
    except RuleBroken as refusal:
        return _page(deal, form, [refusal.sentence]), refusal.status
    return _saved(saved, act)


def _change_rows(sent: MultiDict[str, str], act: str) -> None:
    """What the buttons do that save nothing."""
    if act == "items-new":
        add_row(sent, "items", {"sku": "", "unit": "件"})
    elif act == "questions-new":
        add_row(sent, "questions", {"label": ""})
    elif act == "items-pick":
        picked = {id_or_none(typed) or 0 for typed in sent.getlist("pick")}
        for sku in data.own_skus(leader(), picked - sku_ids(_form(sent))).values():
            add_row(sent, "items", row_of(sku))
    else:
        act_on_row(sent, act)


def _save(deal: Deal | None, form: EditorForm, act: str, now: datetime) -> Deal:
    with transaction():
        draft = deal is None or deal.state == "draft"
        said = form.deal_form(form.item_forms(leader(), now=now))
        said = _timed(said, act if draft or act == "publish" else "schedule", now)
        deal = _written(deal, said, now)
        refs = [(read_ref(e.form.ref.data or "", leader()), e.form.alt.data) for e in form.pictures]
        arrange(deal, [(stored, alt or "") for stored, alt in refs if stored], now=now)
        if act != "save" and draft:
            publish(deal, now=now)
        if act != "save":
            about = {"actor_id": current_user.id, "leader_id": deal.leader_id, "now": now}
            note("deal_published", f"deal:{deal.id}", **about)
    return deal


def _written(deal: Deal | None, said: DealForm, now: datetime) -> Deal:
    """A new draft, or the draft or announced deal as it is `said`."""
    if deal is None:
        return create_deal(leader(), said, now=now)
    if deal.state == "draft":
        edit_draft(deal, said)
    else:
        edit_announced(deal, said, now=now)
    return deal


def _timed(said: DealForm, act: str, now: datetime) -> DealForm:
    """Publishing now forgets a planned opening; planning needs one."""
    if act == "publish":
        return replace(said, opens_at=None)
    if act == "schedule" and (said.opens_at is None or said.opens_at <= now):
        raise BadInput("opens_at", _l("Say when it opens: a time later than now."))
    return said


def _saved(deal: Deal, act: str) -> Response:
    if act == "save":
        draft = deal.state == "draft"
        said = _("The draft is saved.") if draft else _("Saved. Everybody sees it now.")
        flash(said, "success")
        return redirect(url_for(".edit", slug=deal.slug), 303)
    opened = deal.phase(clock.now()) == "open"
    flash(_("The deal is open.") if opened else _("The deal opens by itself."), "success")
    return redirect(url_for("lead_deal.show", slug=deal.slug), 303)


def _form(sent: MultiDict[str, str]) -> EditorForm:
    form = EditorForm(sent)
    offer_choices(form, data.suppliers(leader()), data.categories())
    return form


def _shown(form: EditorForm) -> Any:
    skus = data.own_skus(leader(), sku_ids(form))
    return preview_of(form, leader(), skus, data.active_points(leader()))


def _page(deal: Deal | None, form: EditorForm, problems: list[str] | None = None) -> str:
    offer_choices(form, data.suppliers(leader()), data.categories())
    words = clean(request.form.get("find", ""))[:60]
    chosen = sku_ids(form)
    return render_template(
        "leaders/editor.html",
        deal=deal,
        form=form,
        problems_found=problems or [],
        skus=data.own_skus(leader(), chosen),
        found=data.find_skus(leader(), words, chosen),
        find=words,
        points=data.active_points(leader()),
        shown=_shown(form),
        action=url_for(".edit", slug=deal.slug) if deal else url_for(".new"),
        now=clock.now(),
    )
