"""What suppliers see: one purchase list behind a signed link, its workbook, their answer."""

from __future__ import annotations

import io

from flask import Blueprint, Response, request, send_file

from groupbuy.access import policy
from groupbuy.core import clock, xlsx
from groupbuy.purchasing import answer_form, answers, workbook
from groupbuy.purchasing.links import list_behind
from groupbuy.suppliers import answering, papers
from groupbuy.suppliers.list_page import list_page

bp = Blueprint("suppliers", __name__, url_prefix="/s/<token>")
bp.register_blueprint(answering.bp)
bp.register_blueprint(papers.bp)


@bp.after_request
def keep_the_link_secret(answer: Response) -> Response:
    """The address is the key: it must reach no other site and no search engine."""
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


@bp.get("")
@policy("link")
def purchase_list(token: str) -> str:
    """The current revision of a purchase list, with the answer that counts in its boxes."""
    now = clock.now()
    shown = list_behind(token, now)
    form = answer_form.shown(shown.current, answers.last_answer(shown))
    if request.args.get("all") == "full":
        answer_form.all_in_full(form, shown.current)
    return list_page(shown, token, form, now=now)


@bp.get("/purchase-list.xlsx")
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
