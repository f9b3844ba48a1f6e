"""What staff do with a purchase list: its link, an answer heard on the phone, photographs."""

from __future__ import annotations

from typing import Any

from flask import (
    Blueprint,
    abort,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.catalog import pictures
from groupbuy.core import action_log, clock
from groupbuy.core.db import retrying, transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import id_or_none
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404, own_or_404
from groupbuy.purchasing import answer_form, answers, links, photos, telling
from groupbuy.purchasing.answer_form import AnswerForm
from groupbuy.purchasing.models import PurchaseList

bp = Blueprint("acts", __name__, url_prefix="/<list_id>")
MOST_AT_ONCE = 5


def list_or_404(deal: Deal, list_id: str) -> PurchaseList:
    """The list of `deal` by its id in the address."""
    purchase_list = own_or_404(PurchaseList, list_id)
    return purchase_list if purchase_list.deal_id == deal.id else abort(404)


@bp.post("/link")
@policy("leader")
def link(slug: str, list_id: str) -> Response:
    """Make a link with a new term and show it once to whoever asked."""
    purchase_list = list_or_404(deal_or_404(slug), list_id)
    now = clock.now()
    with transaction():
        links.renew_link(purchase_list, by_id=current_user.id, now=now)
    session["supplier_link"] = {"list": purchase_list.id, "at": now.isoformat()}
    return _back(slug, list_id, "link")


@bp.post("/revoke")
@policy("leader")
def revoke(slug: str, list_id: str) -> Response:
    """End all links of this list's supplier."""
    purchase_list = list_or_404(deal_or_404(slug), list_id)
    with transaction():
        links.revoke_links(purchase_list, by_id=current_user.id, now=clock.now())
    session.pop("supplier_link", None)
    name = purchase_list.supplier.name
    flash(_("All links of %(supplier)s are ended.", supplier=name), "success")
    return _back(slug, list_id, "link")


@bp.post("/mail")
@policy("leader")
def mail(slug: str, list_id: str) -> Response:
    """Send the link to the supplier's address once more."""
    purchase_list = list_or_404(deal_or_404(slug), list_id)
    try:
        with transaction():
            telling.send_again(purchase_list, by_id=current_user.id, now=clock.now())
    except RuleBroken as refusal:
        flash(refusal.sentence, "error")
    else:
        name = purchase_list.supplier.name
        flash(_("A mail with the link goes to %(supplier)s now.", supplier=name), "success")
    return _back(slug, list_id, "link")


@bp.post("/told")
@policy("leader")
def told(slug: str, list_id: str) -> Response:
    """Keep in mind that the leader sent the `revision` on the page in a chat."""
    purchase_list = list_or_404(deal_or_404(slug), list_id)
    revision = id_or_none(request.form.get("revision", "")) or 0
    try:
        with transaction():
            now = clock.now()
            telling.note_told(purchase_list, revision, by_id=current_user.id, now=now)
    except RuleBroken as refusal:
        flash(refusal.sentence, "error")
    else:
        flash(_("Noted: the supplier has the link."), "success")
    return _back(slug, list_id, "link")


@bp.get("/answer")
@policy("staff:count_in")
def write_down(slug: str, list_id: str) -> str:
    """A form for what the supplier said on the phone."""
    deal = deal_or_404(slug)
    purchase_list = list_or_404(deal, list_id)
    form = answer_form.shown(purchase_list.current, answers.last_answer(purchase_list))
    if request.args.get("all") == "full":
        answer_form.all_in_full(form, purchase_list.current)
    return _answer_page(deal, purchase_list, form)


@bp.post("/answer")
@policy("staff:count_in")
def answer(slug: str, list_id: str) -> Any:
    """Write it down, with the name of who heard it."""
    deal = deal_or_404(slug)
    purchase_list = list_or_404(deal, list_id)
    form = answer_form.read(request.form, purchase_list.current)
    if form.problems:
        return _answer_page(deal, purchase_list, form), 422
    try:
        retrying(lambda: _record(purchase_list, form))
    except BadInput as refusal:
        form.refuse(refusal)
        return _answer_page(deal, purchase_list, form, refusal), 422
    except RuleBroken as refusal:
        return _answer_page(deal, purchase_list, form, refusal), refusal.status
    flash(_("The supplier's answer is written down."), "success")
    return _back(slug, list_id)


@bp.post("/delivery-notes")
@policy("staff:count_in")
def add_delivery_notes(slug: str, list_id: str) -> Response:
    """Keep photographs of the paper that came with the goods."""
    purchase_list = list_or_404(deal_or_404(slug), list_id)
    uploads = [file for file in request.files.getlist("picture") if file.filename]
    try:
        if not 1 <= len(uploads) <= MOST_AT_ONCE:
            message = _l("Choose one to %(most)s pictures.")
            raise BadInput("picture", message, most=MOST_AT_ONCE)
        stored = [pictures.store(file.stream) for file in uploads]
        with transaction():
            for one in stored:
                photos.add_photo(purchase_list, one, by_id=current_user.id, now=clock.now())
    except RuleBroken as refusal:
        flash(refusal.sentence, "error")
    else:
        words = ngettext("%(num)d picture is kept.", "%(num)d pictures are kept.", len(stored))
        flash(words, "success")
    return _back(slug, list_id, "notes")


def _record(purchase_list: PurchaseList, form: AnswerForm) -> None:
    now = clock.now()
    with transaction():
        heard = answers.record(purchase_list, form.said, by_id=current_user.id, now=now)
        action_log.note(
            "answer_written_down",
            f"list:{purchase_list.id}",
            actor_id=current_user.id,
            leader_id=purchase_list.leader_id,
            now=now,
            revision=form.revision,
            answer_id=heard.id,
        )


def _answer_page(
    deal: Deal, purchase_list: PurchaseList, form: AnswerForm, refusal: RuleBroken | None = None
) -> str:
    return render_template(
        "leaders/list_answer.html",
        deal=deal,
        purchase_list=purchase_list,
        revision=purchase_list.current,
        form=form,
        refusal=refusal,
        now=clock.now(),
    )


def _back(slug: str, list_id: str, anchor: str | None = None) -> Response:
    address = url_for("lead_lists.show", slug=slug, list_id=list_id, _anchor=anchor)
    return redirect(address, 303)
