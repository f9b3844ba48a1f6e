"""What goes with a purchase list: photographs of delivery notes, and the lists before it."""

from __future__ import annotations

import io
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from groupbuy.access import policy
from groupbuy.catalog import pictures
from groupbuy.core import clock, xlsx
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import id_or_none
from groupbuy.extensions import limiter
from groupbuy.purchasing import overview, photos, workbook
from groupbuy.purchasing.links import list_behind
from groupbuy.purchasing.models import PurchaseList
from groupbuy.settlement import statement

bp = Blueprint("papers", __name__)
MOST_AT_ONCE = 5
_KIND = "delivery_note"
_MOST_LISTS = 50


@bp.get("/delivery-notes")
@policy("link")
def delivery_notes(token: str) -> str:
    """The photographs of this list's delivery notes."""
    return _notes_page(list_behind(token, clock.now()), token)


@bp.post("/delivery-notes")
@policy("link")
@limiter.limit("10 per minute")
def add_delivery_notes(token: str) -> Any:
    """Keep one to five more."""
    shown = list_behind(token, clock.now())
    try:
        count = _keep(shown)
    except RuleBroken as refusal:
        return _notes_page(shown, token, refusal), refusal.status
    flash(ngettext("%(num)d picture is kept.", "%(num)d pictures are kept.", count))
    return redirect(url_for("suppliers.papers.delivery_notes", token=token), 303)


@bp.get("/photos/<name>")
@policy("link")
def photo(token: str, name: str) -> Response:
    """One file of a delivery note's photograph; pictures of damage are the leader's to show."""
    shown = list_behind(token, clock.now())
    if name.partition("-")[0] not in {one.token for one in photos.photos_of(shown, _KIND)}:
        abort(404)
    answer = Response(photos.file_of(shown, name) or abort(404), mimetype="image/webp")
    answer.headers["Cache-Control"] = "private, max-age=86400"
    return answer


@bp.get("/history")
@policy("link")
def history(token: str) -> str:
    """The supplier's lists with this leader, the newest first."""
    now = clock.now()
    shown = list_behind(token, now)
    rows = overview.of_supplier(shown, limit=_MOST_LISTS)
    owed = statement.of(shown.supplier, [row.purchase_list.id for row in rows])
    return render_template(
        "suppliers/history.html", purchase_list=shown, rows=rows, owed=owed, token=token, now=now
    )


@bp.get("/history/<list_id>.xlsx")
@policy("link")
def earlier_list(token: str, list_id: str) -> Response:
    """The workbook of another list of the same supplier."""
    now = clock.now()
    shown = list_behind(token, now)
    rows = overview.of_supplier(shown, limit=_MOST_LISTS)
    asked = id_or_none(list_id)
    found = next((row.purchase_list for row in rows if row.purchase_list.id == asked), None)
    if found is None:
        abort(404)
    name = workbook.file_name(found, found.current)
    content = io.BytesIO(workbook.build(found, found.current, now=now))
    file = send_file(content, mimetype=xlsx.MIME_TYPE, as_attachment=True, download_name=name)
    file.headers["Cache-Control"] = "no-store"
    return file


def _keep(shown: PurchaseList) -> int:
    """Store every upload first, then write all of them down or none."""
    uploads = [file for file in request.files.getlist("picture") if file.filename]
    if not 1 <= len(uploads) <= MOST_AT_ONCE:
        message = _l("Choose one to %(most)s pictures.")
        raise BadInput("picture", message, most=MOST_AT_ONCE)
    stored = [pictures.store(file.stream) for file in uploads]
    with transaction():
        for one in stored:
            photos.add_photo(shown, one, by_id=None, now=clock.now())
    return len(stored)


def _notes_page(shown: PurchaseList, token: str, refusal: RuleBroken | None = None) -> str:
    taken = photos.photos_of(shown, _KIND)
    return render_template(
        "suppliers/delivery_notes.html",
        purchase_list=shown,
        photos=[(one, *photos.names_of(one)) for one in taken],
        most=MOST_AT_ONCE,
        refusal=refusal,
        token=token,
        now=clock.now(),
    )
