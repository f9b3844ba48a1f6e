"""The editor of a deal that is open: words, pictures, pickup, ways to pay, stock; no prices."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import MultipleFileField
from wtforms.widgets import TextArea

from groupbuy.core import clock
from groupbuy.core.action_log import note
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, RuleBroken, WrongState
from groupbuy.deals.album import arrange
from groupbuy.deals.editing_open import OpenDealForm, StockTaken, edit_open
from groupbuy.deals.models import Deal
from groupbuy.desk import leader
from groupbuy.forms import Form, TextField
from groupbuy.leaders.editor_album import read_ref, ref_of, say_at_pictures, take_uploads
from groupbuy.leaders.editor_fields import CountField, InstantField, PictureRow, rows_of
from groupbuy.leaders.editor_form import MOST_PICTURES
from groupbuy.leaders.editor_rows import act_on_row, readable
from groupbuy.leaders.ways_field import WaysField
from groupbuy.orders.ways import taken


class OpenForm(Form):
    """A stock field for each item is added, named `stock-<id>`."""

    intro = TextField(_l("What the neighbours should know"), longest=2000, widget=TextArea())
    picture = MultipleFileField(_l("Add pictures"))
    pictures = rows_of(PictureRow, _l("Pictures"), MOST_PICTURES)
    pickup_starts_at = InstantField(_l("Pickup from"))
    pickup_ends_at = InstantField(_l("Pickup until"))
    ways = WaysField()


def show(deal: Deal) -> Any:
    """The form of a deal that takes orders, or will; of any other, its page and why."""
    if deal.state != "open":
        flash(WrongState(deal.state, "open").sentence, "error")
        return redirect(url_for("lead_deal.show", slug=deal.slug), 303)
    kept: dict[str, Any] = {
        "intro": deal.intro,
        "pickup_starts_at": deal.pickup_starts_at,
        "pickup_ends_at": deal.pickup_ends_at,
        "ways": deal.ways,
        "pictures": [{"ref": ref_of(leader(), one), "alt": one.alt} for one in deal.pictures],
    }
    stocks = {f"stock-{item.id}": item.stock for item in deal.items}
    return _page(deal, _form(deal)(None, data=kept | stocks))


def save(deal: Deal) -> Any:
    """A button of the form: of a picture, or the one that saves."""
    sent = readable(request.form)
    problems = take_uploads(sent, leader())
    act = sent.get("act", "save")
    if act != "save":
        act_on_row(sent, act)
        return _page(deal, say_at_pictures(_form(deal)(sent), problems))
    form = _form(deal)(sent)
    if not form.validate() or problems:
        return _page(deal, say_at_pictures(form, problems)), 422
    try:
        _write(deal, form)
    except StockTaken as refusal:
        form[f"stock-{refusal.item_id}"].errors = [refusal.sentence]
    except BadInput as refusal:
        problems = [] if form.refuse(refusal) else [refusal.sentence]
    except RuleBroken as refusal:
        flash(refusal.sentence, "error")
        return redirect(url_for("lead_deal.show", slug=deal.slug), 303)
    else:
        flash(_("Saved. Everybody sees it now."), "success")
        return redirect(url_for("lead_editor.edit", slug=deal.slug), 303)
    return _page(deal, form, problems), 422


def _write(deal: Deal, form: Any) -> None:
    said = OpenDealForm(
        intro=form.intro.data,
        pickup_starts_at=form.pickup_starts_at.data,
        pickup_ends_at=form.pickup_ends_at.data,
        ways=form.ways.kept,
        stocks={
            item.id: form[f"stock-{item.id}"].data
            for item in deal.items
            if form[f"stock-{item.id}"].data != item.stock
        },
    )
    refs = [(read_ref(e.form.ref.data or "", leader()), e.form.alt.data) for e in form.pictures]
    now, before = clock.now(), deal.ways
    with transaction():
        edit_open(deal, said, now=now)
        if deal.ways != before:
            who = {"actor_id": current_user.id, "leader_id": deal.leader_id, "now": now}
            note("deal_ways", f"deal:{deal.id}", **who, ways=taken(deal.ways))
        arrange(deal, [(stored, alt or "") for stored, alt in refs if stored], now=now)


def _form(deal: Deal) -> type[OpenForm]:
    stocks = {f"stock-{item.id}": CountField(_l("Stock")) for item in deal.items}
    return type("OpenFormOfADeal", (OpenForm,), stocks)


def _page(deal: Deal, form: Any, problems: list[str] | None = None) -> str:
    return render_template(
        "leaders/editor_open.html",
        deal=deal,
        form=form,
        problems_found=problems or [],
        action=url_for("lead_editor.edit", slug=deal.slug),
        now=clock.now(),
    )
