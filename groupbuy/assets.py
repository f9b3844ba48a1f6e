"""The built front end: hashed names from the manifest, served compressed and cached for ever."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, request

from groupbuy.access import policy
from groupbuy.extensions import limiter

DIST = Path(__file__).parent / "static" / "dist"
# Only what the build named by its content; compressed copies are chosen, never asked for.
_BUILT = re.compile(r"[A-Za-z0-9.]{1,40}-[A-Z0-9]{8}\.(css|js)(\.LEGAL\.txt)?")

bp = Blueprint("assets", __name__)


def asset(name: str) -> str:
    """The address of the current build of `name`, such as "phone.css".

    Written without `url_for`, which cannot speak when the request came to a foreign host.
    """
    manifest = DIST / "manifest.json"
    try:
        names = _names(manifest, manifest.stat().st_mtime_ns)
    except FileNotFoundError:
        raise RuntimeError("the front end is not built: npm ci && npm run build") from None
    return f"{request.script_root}/assets/{names[name]}"


@cache
def _names(manifest: Path, _changed_ns: int) -> dict[str, str]:
    names: dict[str, str] = json.loads(manifest.read_text())
    return names


@bp.get("/assets/<name>")
@policy("public")
@limiter.exempt
def built(name: str) -> Response:
    """One built file, in the smallest encoding the browser takes."""
    if not _BUILT.fullmatch(name) or not (DIST / name).is_file():
        abort(404)
    for encoding, ending in (("br", ".br"), ("gzip", ".gz"), ("", "")):
        packed = DIST / f"{name}{ending}"
        if packed.is_file() and (not encoding or request.accept_encodings[encoding] > 0):
            break
    answer = Response(packed.read_bytes(), content_type=_type_of(name))
    if encoding:
        answer.headers["Content-Encoding"] = encoding
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    answer.vary.add("Accept-Encoding")
    return answer


def _type_of(name: str) -> str:
    types = {"css": "text/css", "js": "text/javascript", "txt": "text/plain"}
    return f"{types[name.rsplit('.', 1)[1]]}; charset=utf-8"
