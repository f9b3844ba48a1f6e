"""Pictures as files: the route that gives them out, and the addresses pages write."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, request

from groupbuy.access import policy
from groupbuy.catalog import picture_files
from groupbuy.catalog import pictures as albums
from groupbuy.catalog.models import Picture
from groupbuy.deals import board
from groupbuy.extensions import limiter

bp = Blueprint("pictures", __name__)

_NAME = re.compile(r"([0-9a-z]{26})-([1-9][0-9]{0,2})\.webp")


@bp.get("/pictures/<name>")
@policy("public")
@limiter.exempt
def picture(name: str) -> Response:
    """One variant of a picture that a published deal shows, to be kept for ever."""
    token, width = _read(name) or abort(404)
    shown = board.published_picture(token)
    if shown is None or width not in albums.variants(shown):
        abort(404)
    answer = Response(picture_files.read(name) or abort(404), mimetype="image/webp")
    answer.set_etag(f"{token}-{width}")
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    answer.make_conditional(request)
    return answer


@bp.app_template_global()
def picture_url(shown: Picture, width: int) -> str:
    """The address of the smallest variant that is at least `width` wide, or of the largest."""
    widths = albums.variants(shown)
    enough = next((kept for kept in widths if kept >= width), widths[-1])
    return f"{request.script_root}/pictures/{albums.file_name(shown.token, enough)}"


@bp.app_template_global()
def picture_srcset(shown: Picture) -> str:
    """All variants of a picture, for the browser to choose from."""
    return ", ".join(f"{picture_url(shown, width)} {width}w" for width in albums.variants(shown))


def _read(name: str) -> tuple[str, int] | None:
    found = _NAME.fullmatch(name)
    return (found[1], int(found[2])) if found else None
