"""What suppliers see: one purchase list behind a signed link, and its workbook."""

from __future__ import annotations

import io

from flask import Blueprint, Response, render_template, send_file

from groupbuy.access import policy
from groupbuy.core import clock, xlsx
from groupbuy.purchasing import workbook
from groupbuy.purchasing.links import list_behind
from groupbuy.purchasing.reading import delivery_places, totals

bp = Blueprint("suppliers", __name__)


@bp.after_request
def keep_the_link_secret(answer: Response) -> Response:
    """The address is the key: it must reach no other site and no search engine."""
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


@bp.get("/s/<token>")
@policy("link")
def purchase_list(token: str) -> str:
    """The current revision of a purchase list."""
    now = clock.now()
    shown = list_behind(token, now)
    return render_template(
        "suppliers/purchase_list.html",
        purchase_list=shown,
        revision=shown.current,
        totals=totals(shown.current),
        places=delivery_places(shown),
        token=token,
        now=now,
    )


@bp.get("/s/<token>/purchase-list.xlsx")
@policy("link")
def download(token: str) -> Response:
    """The current revision as a workbook for Excel."""
    now = clock.now()
    shown = list_behind(token, now)
    answer = send_file(
        io.BytesIO(workbook.build(shown, shown.current, now=now)),
        mimetype=xlsx.MIME_TYPE,
        as_attachment=True,
        download_name=workbook.file_name(shown, shown.current),
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
