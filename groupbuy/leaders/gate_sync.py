"""What phones without a network kept, sent in later; and what was given twice because of it."""

from __future__ import annotations

import re
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.desk import desk, own_or_404
from groupbuy.leaders.gate_desk import KEY, opened_by
from groupbuy.pickup import doubles, together
from groupbuy.pickup.doubles import Kept
from groupbuy.pickup.models import DoubleHandover

bp = Blueprint("gate_sync", __name__, url_prefix="/g")
MOST_SCANS = 100  # in one request; a phone sends the next when these are answered
_NONCE = re.compile("[A-Za-z0-9_.:-]{1,64}")
_BOX = re.compile("([0-9]{1,18})-([0-9]{1,18})")
_MOST_PIECES = 9999
_LONGEST_TIME = 40


@bp.post("/sync")
@policy("staff:pickup")
def sync() -> tuple[Response, int]:
    """Replay scans in their order: {"scans": [{"key", "nonce", "at", "pieces"?}]}.

    Answers {"results": [{"nonce", "outcome", "said"}]}, outcome being done, double or refused.
    What cannot be read is refused alone; 422 only when no list of scans is there.
    """
    sent = request.get_json(silent=True)
    scans = sent.get("scans") if isinstance(sent, dict) else None
    if not isinstance(scans, list) or len(scans) > MOST_SCANS:
        return jsonify(error="scans"), 422
    return jsonify(results=[_replayed(scan) for scan in scans]), 200


@bp.get("/doubles")
@policy("staff:pickup")
def cases() -> str:
    """Bags that were given out twice, as far as phones know."""
    return _cases({})


@bp.post("/doubles/<case_id>/close")
@policy("staff:pickup")
def close(case_id: str) -> AnyResponse | tuple[str, int]:
    """Say what came of looking into it."""
    case = own_or_404(DoubleHandover, case_id)
    if not desk().serves(case.pickup.point_id):
        abort(404)
    try:
        with transaction():
            because = request.form.get("because", "")
            doubles.close(case, because, by_id=current_user.id, now=clock.now())
    except BadInput as refusal:
        return _cases({case.id: refusal.sentence}), 422
    except RuleBroken as refusal:
        flash(refusal.sentence, "error")
    else:
        flash(_("Noted. The case is closed."), "success")
    return redirect(url_for(".cases"), 303)


def _cases(wrong: dict[int, str]) -> str:
    """The cases of the points somebody serves; `wrong` says by case what was not taken."""
    post = desk()
    found = doubles.open_cases(post.leader, post.point_ids)
    return render_template("gate/doubles.html", cases=found, wrong=wrong, now=clock.now())


def _replayed(sent: Any) -> dict[str, Any]:
    """What became of one scan of the queue."""
    nonce = sent.get("nonce") if isinstance(sent, dict) else None
    nonce = nonce if isinstance(nonce, str) else None
    try:
        key, kept = _read(sent)
        with transaction():
            opened, post = opened_by(key)
            together.require_point(opened.pickup, post.point_ids)
            came = doubles.replay(opened, kept, by_id=current_user.id, now=clock.now())
    except RuleBroken as refusal:
        return {"nonce": nonce, "outcome": "refused", "said": refusal.sentence}
    if came.before:
        return {"nonce": nonce, "outcome": "double", "said": came.before[0].sentence}
    return {"nonce": nonce, "outcome": "done", "said": ""}


def _read(sent: Any) -> tuple[str, Kept]:
    """Key and scan out of what a phone sent. Raises BadInput."""
    unreadable = BadInput("scans", _l("This scan cannot be read. Please scan again."))
    if not isinstance(sent, dict):
        raise unreadable
    named = [sent.get(name) for name in ("key", "nonce", "at")]
    key, nonce, at = (value if isinstance(value, str) else "" for value in named)
    if not (KEY.fullmatch(key) and _NONCE.fullmatch(nonce) and len(at) <= _LONGEST_TIME):
        raise unreadable
    try:
        scanned_at = clock.parse_instant(at)
        chosen = _chosen(sent.get("pieces"))
    except ValueError:
        raise unreadable from None
    return key, Kept(nonce, min(scanned_at, clock.now()), chosen)


def _chosen(pieces: Any) -> dict[int, dict[int, int]] | None:
    """{"bag-line": pieces} as it was ticked. Raises ValueError when it is anything else."""
    if pieces is None:
        return None
    if not isinstance(pieces, dict) or not 0 < len(pieces) <= MOST_SCANS:
        raise ValueError(pieces)
    chosen: dict[int, dict[int, int]] = {}
    for name, count in pieces.items():
        box = _BOX.fullmatch(str(name))
        if not box or type(count) is not int or not 0 < count <= _MOST_PIECES:
            raise ValueError(name)
        chosen.setdefault(int(box[1]), {})[int(box[2])] = count
    return chosen
