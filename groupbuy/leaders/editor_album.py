"""Pictures while a deal is being edited: kept as files at once, part of the deal when it is saved.

A form that comes back with a mistake cannot hold a chosen file, so it holds a signed name instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from flask import Blueprint, Response, abort, request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from groupbuy.access import policy
from groupbuy.accounts.models import Leader
from groupbuy.catalog import picture_files, pictures, shrinking
from groupbuy.catalog.models import Picture
from groupbuy.catalog.pictures import Stored
from groupbuy.core.errors import BadInput
from groupbuy.core.text import label
from groupbuy.core.tokens import sign, unsign
from groupbuy.desk import leader
from groupbuy.forms import Form
from groupbuy.leaders.editor_form import MOST_PICTURES
from groupbuy.leaders.editor_rows import add_row, numbers

AnyForm = TypeVar("AnyForm", bound=Form)

bp = Blueprint("lead_album", __name__, url_prefix="/lead/deals/pictures")

_PURPOSE = "deal-picture"
_SHOWN_WIDTH = 480


@bp.get("/<ref>")
@policy("leader")
def show(ref: str) -> Response:
    """A picture of the editor, which may belong to no deal yet."""
    stored = read_ref(ref, leader()) or abort(404)
    widths = shrinking.widths(stored.width)
    width = next((kept for kept in widths if kept >= _SHOWN_WIDTH), widths[-1])
    content = picture_files.read(pictures.file_name(stored.token, width)) or abort(404)
    answer = Response(content, mimetype="image/webp")
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


def ref_of(owner: Leader, stored: Stored | Picture) -> str:
    """The name under which the forms of `owner` may use a picture."""
    return sign(_PURPOSE, [owner.id, stored.token, stored.width, stored.height])


def read_ref(ref: str, owner: Leader) -> Stored | None:
    """The picture behind a name that was given to `owner`."""
    payload: Any = unsign(_PURPOSE, ref)
    if payload is None or payload[0] != owner.id:
        return None
    return Stored(*payload[1:])


def take_uploads(sent: MultiDict[str, str], owner: Leader) -> list[str]:
    """Keep the chosen files and add a row for each; returns what is wrong with the others.

    Outside any transaction: reading a picture takes its time.
    """
    problems = []
    for file in request.files.getlist("picture"):
        if not file.filename:
            continue
        try:
            if len(numbers(sent, "pictures")) >= MOST_PICTURES:
                message = _("There can be %(most)s pictures at most.", most=MOST_PICTURES)
                raise BadInput("picture", message)
            ref = ref_of(owner, pictures.store(file.stream))
        except BadInput as refusal:
            problems.append(f"{label(file.filename, 60)}: {refusal.sentence}")
        else:
            add_row(sent, "pictures", {"ref": ref, "alt": ""})
    return problems


def say_at_pictures(form: AnyForm, problems: Sequence[str]) -> AnyForm:
    """`form`, with what is wrong with uploads under the field for files."""
    form["picture"].errors = list(problems)
    return form
