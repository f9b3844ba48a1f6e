"""Goods and suppliers as a workbook: given out, and taken back after a look at what changes."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts.models import Leader
from groupbuy.catalog import sheet_plan, sheets
from groupbuy.catalog.sheet_plan import ChangedMeanwhile, Plan
from groupbuy.catalog.sheets import Read, Row
from groupbuy.core import action_log, clock, xlsx
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.tokens import sign, unsign
from groupbuy.desk import leader

bp = Blueprint("sheets", __name__)

_PURPOSE = "goods-import"
_LONGEST_TOKEN = 900_000  # letters; forms are read up to a megabyte


@bp.post("/export")
@policy("leader")
def export() -> Response:
    """Everything that is sold, and who delivers it. A POST, because it is logged."""
    now, owner = clock.now(), leader()
    content, rows = sheets.export_goods(owner, now=now)
    with transaction():
        whose = {"actor_id": current_user.id, "leader_id": owner.id}
        action_log.note("goods_exported", f"leader:{owner.id}", now=now, rows=rows, **whose)
    answer = make_response(content)
    answer.mimetype = xlsx.MIME_TYPE
    name = f"goods-{clock.local(now):%Y%m%d}.xlsx"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/import")
@policy("leader")
def ask() -> Response:
    """Where a workbook is chosen."""
    return _page()


@bp.post("/import")
@policy("leader")
def preview() -> Response:
    """What the workbook in `file` would change; nothing is written."""
    try:
        read = _read_upload(request.files.get("file"))
        token = _token(leader(), read)
    except RuleBroken as refusal:
        return _page(422, wrong=refusal.sentence)
    plan = sheet_plan.plan(leader(), read)
    return _page(422 if plan.problems else 200, plan=plan, token=token)


@bp.post("/import/carry-out")
@policy("leader")
def carry_out() -> Response:
    """Do what the preview in `plan` and `seen` said; when things changed, the new preview."""
    owner, read = leader(), _read_token(request.form.get("plan", ""))
    if read is None:
        return _page(422, wrong=_("This preview cannot be read any more. Choose the file again."))
    who: dict[str, Any] = {"by_id": current_user.id, "now": clock.now()}
    try:
        with transaction():
            done = sheet_plan.carry_out(owner, read, request.form.get("seen", ""), **who)
    except ChangedMeanwhile as refusal:
        flash(refusal.sentence, "error")
        return _page(409, plan=sheet_plan.plan(leader(), read), token=request.form["plan"])
    counts = {"new": len(done.new), "changed": len(done.changed)}
    flash(_("Done: %(new)s new, %(changed)s changed.", **counts), "success")
    return make_response(redirect(url_for("lead_goods.index"), 303))


def _read_upload(file: FileStorage | None) -> Read:
    if file is None or not file.filename:
        raise BadInput("file", _l("Choose a workbook."))
    with closing(file):
        content = file.stream.read(sheets.MOST_BYTES + 1)
    if len(content) > sheets.MOST_BYTES:
        raise BadInput("file", _l("The file is larger than 5 MB. Cut it into several."))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload.xlsx"
        path.write_bytes(content)
        return sheets.read_goods(path)


def _token(owner: Leader, read: Read) -> str:
    """What was read, signed, so that the next form brings it back as it was."""
    token = sign(_PURPOSE, [owner.id, read.goods, read.suppliers])
    if len(token) > _LONGEST_TOKEN:
        raise BadInput("file", _l("The workbook is too big. Cut it into several."))
    return token


def _read_token(token: str) -> Read | None:
    payload: Any = unsign(_PURPOSE, token)
    if payload is None or payload[0] != leader().id:
        return None
    goods, suppliers = ([Row(*row) for row in rows] for rows in payload[1:])
    return Read(goods, suppliers)


def _page(status: int = 200, **facts: Any) -> Response:
    known: dict[str, Plan | str | None] = {"plan": None, "token": "", "wrong": ""}
    limits = {"most_rows": sheets.MOST_ROWS}
    page = render_template("leaders/goods_import.html", **known | limits | facts)
    answer = make_response(page, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
