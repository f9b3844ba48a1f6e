"""Counting a delivery in and sharing it out: the tab of a deal, and one page per list."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from groupbuy.access import policy
from groupbuy.catalog import pictures as albums
from groupbuy.core import action_log, clock
from groupbuy.core.db import retrying, transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.money import format_yuan
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404, own_or_404
from groupbuy.leaders import arrival_cuts, arrival_form, arrival_reading
from groupbuy.leaders.arrival_form import CountForm
from groupbuy.pickup import arrival as counting
from groupbuy.pickup import shortage
from groupbuy.pickup.bags import OrdersChanged
from groupbuy.purchasing import answers
from groupbuy.purchasing import photos as evidence
from groupbuy.purchasing.models import PurchaseLine, PurchaseList

bp = Blueprint("lead_arrival", __name__, url_prefix="/lead/deals/<slug>/arrival")


@bp.get("")
@policy("staff:count_in")
def index(slug: str) -> str:
    """The lists of the deal: which are counted, which wait."""
    deal = deal_or_404(slug)
    lists = arrival_reading.lists_of(deal)
    return render_template("leaders/arrival.html", deal=deal, lists=lists, now=clock.now())


@bp.get("/<list_id>")
@policy("staff:count_in")
def show(slug: str, list_id: str) -> str:
    """One list: count it, see who gets what, carry it out."""
    purchase_list = _list_or_404(slug, list_id)
    return _page(purchase_list, arrival_form.shown(counting.counted_of(purchase_list)))


@bp.post("/<list_id>")
@policy("staff:count_in")
def save(slug: str, list_id: str) -> Any:
    """Keep what was counted so far."""
    purchase_list = _list_or_404(slug, list_id)
    form = arrival_form.read(request.form, purchase_list.current.lines)
    if form.problems:
        return _page(purchase_list, form), 422
    try:
        with transaction():
            _count(purchase_list, form)
    except counting.CountAgain as doubt:
        form.again = {line.id: form.sheet.counts[line.id][0] for line in doubt.lines}
        return _page(purchase_list, form), 422
    except BadInput as refusal:
        form.problems[refusal.field] = refusal.sentence
        return _page(purchase_list, form, refusal), 422
    except RuleBroken as refusal:
        form.sheet = form.sheet._replace(seen=counting.counted_of(purchase_list))
        return _page(purchase_list, form, refusal), refusal.status
    if form.photograph:
        return redirect(_at(slug, list_id, "photos", line_id=form.photograph), 303)
    flash(_("Saved. Anybody with the right to count in can go on from here."), "success")
    return redirect(_at(slug, list_id), 303)


@bp.post("/<list_id>/share-out")
@policy("staff:count_in")
def share_out(slug: str, list_id: str) -> Any:
    """Carry the sharing out, if it is still what the page showed."""
    purchase_list = _list_or_404(slug, list_id)
    try:
        cuts = retrying(lambda: _share_out(purchase_list))
    except RuleBroken as refusal:
        form = arrival_form.shown(counting.counted_of(purchase_list))
        return _page(purchase_list, form, refusal), refusal.status
    back_fen = sum(cut.refund_fen for cut in cuts)
    if back_fen:
        done = _("Done. %(money)s go back, and everybody is told.", money=format_yuan(back_fen))
    else:
        done = _("Done. Everybody whose bag is complete is told that it is ready.")
    flash(done, "success")
    return redirect(_at(slug, list_id), 303)


def _list_or_404(slug: str, list_id: str) -> PurchaseList:
    deal: Deal = deal_or_404(slug)
    purchase_list = own_or_404(PurchaseList, list_id)
    return purchase_list if purchase_list.deal_id == deal.id else abort(404)


def _at(slug: str, list_id: str, page: str = "show", **more: Any) -> str:
    return url_for(f"lead_arrival.{page}", slug=slug, list_id=list_id, **more)


def _count(purchase_list: PurchaseList, form: CountForm) -> None:
    """Write the counts down, and who insisted on those that were doubted."""
    now = clock.now()
    counting.count_together(purchase_list, form.sheet, by_id=current_user.id, now=now)
    sure = {n for n, pieces in form.again.items() if form.sheet.counts.get(n, (-1,))[0] == pieces}
    if sure:
        action_log.note(
            "counted_again",
            f"list:{purchase_list.id}",
            actor_id=current_user.id,
            leader_id=purchase_list.leader_id,
            now=now,
            received={str(line_id): form.again[line_id] for line_id in sorted(sure)},
        )


def _share_out(purchase_list: PurchaseList) -> list[shortage.Cut]:
    """Carry out and log it. Raises OrdersChanged when it is not what the page showed."""
    now = clock.now()
    with transaction():
        arrival = arrival_reading.arrival_of(purchase_list)
        if arrival is None:
            raise counting.NotAllCounted(items=purchase_list.number)
        share_by = request.form.get("share_by", "")
        cuts = shortage.carry_out(arrival, share_by, by_id=current_user.id, now=now)
        if arrival_cuts.outcome(cuts) != request.form.get("seen"):
            raise OrdersChanged
        action_log.note(
            "shared_out",
            f"list:{purchase_list.id}",
            actor_id=current_user.id,
            leader_id=purchase_list.leader_id,
            now=now,
            share_by=share_by,
            refund_fen=sum(cut.refund_fen for cut in cuts),
            cuts=len(cuts),
        )
    return cuts


def _page(purchase_list: PurchaseList, form: CountForm, refusal: RuleBroken | None = None) -> str:
    """The page of one list: `form` is what stands in its boxes, `refusal` why it is shown again."""
    arrival = arrival_reading.arrival_of(purchase_list)
    rows = arrival_reading.rows_of(purchase_list, form, answers.confirmed(purchase_list))
    totals = arrival_reading.totals(rows)
    is_done = arrival is not None and arrival.state == "shared_out"
    preview, outcome = None, None
    if arrival and is_done:
        outcome = arrival_cuts.carried_out(arrival, rows)
    elif arrival and not form.sheet.counts and totals.counted == len(rows) and not form.problems:
        share_by = request.values.get("share_by", "")
        share_by = share_by if share_by in shortage.RULES else purchase_list.deal.share_by
        preview = arrival_cuts.preview(arrival, rows, share_by)
    return render_template(
        "leaders/arrival_list.html",
        purchase_list=purchase_list,
        deal=purchase_list.deal,
        arrival=arrival,
        counted_by=arrival_reading.name_of(arrival.counted_by_id if arrival else None),
        shared_by=arrival_reading.who_shared_out(arrival) if arrival and is_done else "",
        form=form,
        rows=rows,
        totals=totals,
        is_done=is_done,
        preview=preview,
        outcome=outcome,
        refusal=refusal,
        now=clock.now(),
    )


@bp.get("/<list_id>/damage/<line_id>")
@policy("staff:count_in")
def photos(slug: str, list_id: str, line_id: str) -> str:
    """What of one line came damaged, in pictures."""
    return _photo_page(*_line_or_404(slug, list_id, line_id))


@bp.post("/<list_id>/damage/<line_id>")
@policy("staff:count_in")
def add_photo(slug: str, list_id: str, line_id: str) -> Any:
    """Keep one more picture."""
    purchase_list, line = _line_or_404(slug, list_id, line_id)
    upload = request.files.get("picture")
    try:
        if upload is None:
            raise BadInput("picture", _l("Choose a picture."))
        stored = albums.store(upload.stream)
        with transaction():
            evidence.add_photo(line, stored, by_id=current_user.id, now=clock.now())
    except BadInput as refusal:
        return _photo_page(purchase_list, line, refusal), refusal.status
    flash(_("The picture is kept with “%(item)s”.", item=line.name), "success")
    return redirect(_at(slug, list_id, "photos", line_id=line_id), 303)


@bp.get("/<list_id>/photos/<name>")
@policy("staff:count_in")
def photo(slug: str, list_id: str, name: str) -> Response:
    """One file of a photograph of this list."""
    content = evidence.file_of(_list_or_404(slug, list_id), name)
    answer = Response(content or abort(404), mimetype="image/webp")
    answer.headers["Cache-Control"] = "private, max-age=86400"
    return answer


def _line_or_404(slug: str, list_id: str, line_id: str) -> tuple[PurchaseList, PurchaseLine]:
    purchase_list = _list_or_404(slug, list_id)
    line = own_or_404(PurchaseLine, line_id)
    return (purchase_list, line) if line.revision.list_id == purchase_list.id else abort(404)


def _photo_page(
    purchase_list: PurchaseList, line: PurchaseLine, refusal: BadInput | None = None
) -> str:
    return render_template(
        "leaders/arrival_photos.html",
        purchase_list=purchase_list,
        deal=purchase_list.deal,
        line=line,
        photos=[(shot, *evidence.names_of(shot)) for shot in evidence.photos_of_line(line)],
        refusal=refusal,
        now=clock.now(),
    )
