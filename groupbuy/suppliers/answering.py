"""Answering a purchase list: on its page, or with a sheet to fill in."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from groupbuy.access import policy
from groupbuy.core import clock, xlsx
from groupbuy.core.db import retrying, transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.extensions import limiter
from groupbuy.purchasing import answer_book, answer_form, answers
from groupbuy.purchasing.answer_form import AnswerForm
from groupbuy.purchasing.links import list_behind
from groupbuy.purchasing.models import PurchaseList
from groupbuy.suppliers.list_page import list_page

bp = Blueprint("answering", __name__)
_PER_ADDRESS = "30 per minute"


@bp.post("")
@policy("link")
@limiter.limit(_PER_ADDRESS)
def answer(token: str) -> Any:
    """Write down what the supplier says to the revision on the page."""
    now = clock.now()
    shown = list_behind(token, now)
    form = answer_form.read(request.form, shown.current)
    if form.problems:
        return list_page(shown, token, form, now=now), 422
    try:
        retrying(lambda: _record(shown, form))
    except BadInput as refusal:
        form.refuse(refusal)
        return list_page(shown, token, form, now=now, refusal=refusal), 422
    except RuleBroken as refusal:
        page = list_page(shown, token, form, now=now, refusal=refusal)
        return page, refusal.status
    flash(_("Your answer to revision %(number)s is with the leader.", number=form.revision))
    return redirect(url_for("suppliers.purchase_list", token=token), 303)


@bp.get("/answer-sheet")
@policy("link")
def sheet(token: str) -> str:
    """How to answer with a workbook."""
    return _sheet_page(list_behind(token, clock.now()), token)


@bp.get("/answer-sheet.xlsx")
@policy("link")
def download(token: str) -> Response:
    """The sheet to fill in."""
    now = clock.now()
    shown = list_behind(token, now)
    name = f"{shown.number}-v{shown.current_revision}-answer.xlsx"
    content = io.BytesIO(answer_book.build(shown, now=now))
    file = send_file(content, mimetype=xlsx.MIME_TYPE, as_attachment=True, download_name=name)
    file.headers["Cache-Control"] = "no-store"
    return file


@bp.post("/answer-sheet")
@policy("link")
@limiter.limit(_PER_ADDRESS)
def upload(token: str) -> Any:
    """Put what a filled-in sheet says into the boxes of the page; nothing is sent yet."""
    now = clock.now()
    shown = list_behind(token, now)
    try:
        form = _read(shown)
    except RuleBroken as refusal:
        return _sheet_page(shown, token, refusal), refusal.status
    if form.revision != shown.current_revision:
        old = answers.RevisionReplaced(old=form.revision, current=shown.current_revision)
        return list_page(shown, token, form, now=now, refusal=old), old.status
    return list_page(shown, token, form, now=now, taken_over=True)


def _record(shown: PurchaseList, form: AnswerForm) -> None:
    with transaction():
        answers.record(shown, form.said, by_id=None, now=clock.now())


def _read(shown: PurchaseList) -> AnswerForm:
    file = request.files.get("workbook")
    if file is None or not file.filename:
        raise BadInput("workbook", _l("Choose the workbook you filled in."))
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as kept:
        file.save(kept)
        kept.flush()
        return answer_book.read(Path(kept.name), shown)


def _sheet_page(shown: PurchaseList, token: str, refusal: RuleBroken | None = None) -> str:
    return render_template(
        "suppliers/answer_sheet.html", purchase_list=shown, refusal=refusal, token=token
    )
