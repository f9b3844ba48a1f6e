"""A deal's purchase lists: what each supplier was asked for, what they said, what came."""

from __future__ import annotations

import io
from datetime import date, datetime

from babel.dates import format_date, format_skeleton
from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    render_template,
    request,
    send_file,
    session,
)
from flask_babel import get_locale
from flask_babel import gettext as _

from groupbuy.access import policy
from groupbuy.core import clock, qr, tokens, xlsx
from groupbuy.core.errors import RuleBroken
from groupbuy.core.text import id_or_none
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404
from groupbuy.leaders import lists_acts
from groupbuy.leaders.lists_acts import list_or_404
from groupbuy.purchasing import answers, overview, photos, telling, workbook
from groupbuy.purchasing.changes import Change, between
from groupbuy.purchasing.links import supplier_link
from groupbuy.purchasing.models import PurchaseList, PurchaseRevision
from groupbuy.purchasing.reading import delivery_places, totals

bp = Blueprint("lead_lists", __name__, url_prefix="/lead/deals/<slug>/lists")
bp.register_blueprint(lists_acts.bp)


@bp.get("")
@policy("staff:count_in")
def index(slug: str) -> str:
    """Every list of the deal with its revision, sums and answer."""
    deal = deal_or_404(slug)
    rows = overview.of_deal(deal)[::-1]
    told = telling.told({row.purchase_list: row.answer for row in rows})
    return render_template("leaders/lists.html", deal=deal, rows=rows, told=told, now=clock.now())


@bp.get("/<list_id>")
@policy("staff:count_in")
def show(slug: str, list_id: str) -> str:
    """One list: four numbers a line, the answer, the link, photographs, revisions."""
    deal = deal_or_404(slug)
    purchase_list, now = list_or_404(deal, list_id), clock.now()
    state = answers.state(purchase_list)
    return render_template(
        "leaders/list.html",
        deal=deal,
        purchase_list=purchase_list,
        totals=totals(purchase_list.current),
        rows=overview.numbers(purchase_list),
        state=state,
        told=telling.told({purchase_list: state}),
        can_mail=telling.can_mail(purchase_list.supplier),
        closed=_closed(purchase_list),
        notes=[
            (one, *photos.names_of(one)) for one in photos.photos_of(purchase_list, "delivery_note")
        ],
        history=_history(purchase_list.revisions),
        chats=_chats(deal, purchase_list, now),
        now=now,
    )


@bp.get("/<list_id>/purchase-list.xlsx")
@policy("staff:count_in")
def download(slug: str, list_id: str) -> Response:
    """A revision (`?revision=`; without it the one that counts) as the supplier gets it."""
    purchase_list = list_or_404(deal_or_404(slug), list_id)
    revision, now = _revision_or_404(purchase_list), clock.now()
    return send_file(
        io.BytesIO(workbook.build(purchase_list, revision, now=now)),
        mimetype=xlsx.MIME_TYPE,
        as_attachment=True,
        download_name=workbook.file_name(purchase_list, revision),
    )


@bp.get("/<list_id>/paper")
@policy("staff:count_in")
def paper(slug: str, list_id: str) -> str:
    """The list on paper, with the code that opens its count-in."""
    deal = deal_or_404(slug)
    purchase_list = list_or_404(deal, list_id)
    revision = _revision_or_404(purchase_list)
    return render_template(
        "leaders/list_paper.html",
        deal=deal,
        purchase_list=purchase_list,
        revision=revision,
        totals=totals(revision),
        places=delivery_places(purchase_list),
        now=clock.now(),
    )


@bp.get("/<list_id>/paper.png")
@policy("staff:count_in")
def code(slug: str, list_id: str) -> Response:
    """The QR code on the paper."""
    purchase_list = list_or_404(deal_or_404(slug), list_id)
    token = tokens.sign("count-in", purchase_list.number)
    address = f"{current_app.config['SITE_URL']}/p/count-in/{token}"
    return Response(qr.png(address, scale=6), mimetype="image/png")


@bp.app_template_filter()
def date_words(day: date) -> str:
    """“周六 11月21日”, “Sat Nov 21”: a day without an hour."""
    weekday = format_date(day, "EEE", locale=get_locale())
    return f"{weekday} {format_skeleton('MMMd', day, locale=get_locale())}"


def _revision_or_404(purchase_list: PurchaseList) -> PurchaseRevision:
    wanted = id_or_none(request.args.get("revision", str(purchase_list.current_revision)))
    found = [one for one in purchase_list.revisions if one.revision == wanted]
    return found[0] if found else abort(404)


def _closed(purchase_list: PurchaseList) -> RuleBroken | None:
    """Why nothing can be answered any more, or None."""
    try:
        answers.require_answerable(purchase_list)
    except RuleBroken as reason:
        return reason
    return None


def _history(revisions: list[PurchaseRevision]) -> list[tuple[PurchaseRevision, list[Change]]]:
    """The revisions, newest first, each with what it changed of the one before."""
    before = [None, *revisions]
    pairs = zip(revisions, before, strict=False)
    return [(one, between(old.lines, one.lines) if old else []) for one, old in pairs][::-1]


def _chats(deal: Deal, purchase_list: PurchaseList, now: datetime) -> list[tuple[str, str, str]]:
    """(id, heading, text) to paste into a chat, once a link was made in this browser.

    Without one there is nothing: each link that is handed out is written down.
    """
    made = session.get("supplier_link") or {}
    if made.get("list") != purchase_list.id:
        return []
    at = datetime.fromisoformat(made["at"])
    facts = {
        "deal": deal.title,
        "number": purchase_list.number,
        "revision": purchase_list.current_revision,
        "link": supplier_link(purchase_list, now=min(at, now)),
    }
    sent = _("List %(number)s, revision %(revision)s (%(deal)s): %(link)s", **facts)
    reminder = _(
        "Please answer list %(number)s, revision %(revision)s (%(deal)s): how many of each will "
        "come? %(link)s",
        **facts,
    )
    chats = [("chat-send", _("To send the list"), sent)]
    if answers.state(purchase_list).word == "unanswered":
        chats.append(("chat-remind", _("To remind"), reminder))
    return chats
