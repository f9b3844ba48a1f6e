"""Pictures of a product: several at once, in an order, each with words for who cannot see it."""

from __future__ import annotations

from contextlib import closing

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from groupbuy.access import policy
from groupbuy.catalog import editing, picture_files, pictures
from groupbuy.catalog.models import Picture, Product
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput
from groupbuy.core.text import label
from groupbuy.desk import own_or_404

bp = Blueprint("pictures", __name__)

_MOST_AT_ONCE = 10
_SHOWN_WIDTH = 240
_PLACES = {"earlier": -1, "later": 1, "first": -pictures.MOST_PICTURES}


@bp.get("/pictures/<picture_id>")
@policy("leader")
def show(picture_id: str) -> Response:
    """A small variant, also of what no published deal shows."""
    picture = own_or_404(Picture, picture_id)
    widths = pictures.variants(picture)
    width = next((kept for kept in widths if kept >= _SHOWN_WIDTH), widths[-1])
    content = picture_files.read(pictures.file_name(picture.token, width)) or abort(404)
    answer = Response(content, mimetype="image/webp")
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


@bp.post("/<product_id>/pictures")
@policy("leader")
def upload(product_id: str) -> AnyResponse:
    """Keep the files in `picture`; those that cannot be are named, the others stay."""
    product = own_or_404(Product, product_id)
    files = [file for file in request.files.getlist("picture") if file.filename]
    kept = 0
    for file in files[:_MOST_AT_ONCE]:
        kept += _keep(product, file)
    if len(files) > _MOST_AT_ONCE:
        flash(_("At most %(most)s pictures at once.", most=_MOST_AT_ONCE), "error")
    if not files:
        flash(_("Choose a picture."), "error")
    if kept:
        flash(_("%(count)s pictures added.", count=kept), "success")
    return _back(product)


@bp.post("/<product_id>/pictures/<picture_id>")
@policy("leader")
def change(product_id: str, picture_id: str) -> AnyResponse:
    """`act`: earlier, later, first, remove; anything else saves the words in `alt`."""
    product, picture = own_or_404(Product, product_id), own_or_404(Picture, picture_id)
    if picture.product_id != product.id:
        abort(404)
    act = request.form.get("act", "")
    with transaction():
        if act in _PLACES:
            editing.move_picture(product, picture, _PLACES[act])
        elif act == "remove":
            editing.remove_picture(product, picture)
        else:
            editing.describe_picture(picture, request.form.get("alt", "")[:1000])
    flash(_("The picture is removed.") if act == "remove" else _("Saved."), "success")
    return _back(product)


def _keep(product: Product, file: FileStorage) -> bool:
    try:
        with closing(file):
            stored = pictures.store(file.stream)  # takes its time, so outside the transaction
        with transaction():
            pictures.attach(product, stored, alt="", now=clock.now())
    except BadInput as refusal:
        flash(f"{label(file.filename or '', 60)}: {refusal.sentence}", "error")
        return False
    return True


def _back(product: Product) -> AnyResponse:
    address = url_for("lead_goods.show", product_id=product.id, _anchor="pictures")
    return redirect(address, 303)
