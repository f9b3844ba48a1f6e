"""The gate: where bags are scanned, on the phone of whoever hands them over."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as AnyResponse

from groupbuy import wechat
from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.text import id_or_none, label, mask_name
from groupbuy.core.tokens import keyed_token
from groupbuy.desk import desk
from groupbuy.extensions import db, limiter
from groupbuy.leaders.gate_desk import KEY, last_handover, place_of, points_of
from groupbuy.pickup import doubles, progress

bp = Blueprint("gate", __name__, url_prefix="/g")
_LONGEST_ADDRESS = 500
bp.add_app_template_filter(mask_name, "masked_name")


@bp.app_template_global()
def queue_owner() -> str:
    """Whose scans a phone keeps: the same for the same person, and it says nothing of who."""
    return keyed_token("gate-queue", str(current_user.id))


@bp.get("")
@policy("staff:pickup")
def scan() -> Response:
    """Camera, photo, typed code and search. Holds nothing of any resident: phones keep it."""
    post, now = desk(), clock.now()
    standing, points = place_of(post), points_of(post)
    here = [point.name for point in points if standing and point.id in standing]
    answer = make_response(
        render_template(
            "gate/scan.html",
            post=post,
            points=points,
            place=here[0] if len(here) == 1 else "",
            progress=progress.tonight(post.leader, standing, now=now),
            cases=len(doubles.open_cases(post.leader, post.point_ids)),
            last=last_handover(now),
            now=now,
            in_wechat="MicroMessenger" in request.user_agent.string and wechat.configured(),
        )
    )
    answer.headers["Keep-Offline"] = "yes"
    return answer


@bp.post("/point")
@policy("staff:pickup")
def stand_at() -> AnyResponse:
    """Say at which point somebody stands, so that bags of others are refused; nothing: all."""
    point_id = id_or_none(request.form.get("point", ""))
    known = {point.id for point in points_of(desk())}
    if point_id in known:
        session["gate_point"] = point_id
    else:
        session.pop("gate_point", None)
    key = request.form.get("key", "")
    back = url_for("gate_bag.show", key=key) if KEY.fullmatch(key) else url_for(".scan")
    return redirect(back, 303)


@bp.get("/fresh")
@policy("staff:pickup")
@limiter.limit("120 per minute")
def fresh() -> Response:
    """Whether the network is there, and a token for what a phone kept while it was not."""
    return jsonify(csrf=generate_csrf())


@bp.get("/wechat-signature")
@policy("staff:pickup")
@limiter.limit("30 per minute")
def wechat_signature() -> tuple[Response, int]:
    """What `wx.config` wants for `?url=`, the scan page: 422 for others, 503 on no answer."""
    if not wechat.configured():
        abort(404)
    asked = request.args.get("url", "")
    if not _is_scan_page(asked):
        return jsonify(error="url"), 422
    db.session.rollback()  # the answer may take seconds; nobody's connection waits for it
    try:
        return jsonify(wechat.share_signature(asked)), 200
    except wechat.WeChatRefused as refusal:
        current_app.logger.warning("no scanning in WeChat: %s", refusal)
        return jsonify(error="wechat"), 503


def _is_scan_page(asked: str) -> bool:
    """Whether `asked` is the scan page of this site; nothing else is signed in our name."""
    if len(asked) > _LONGEST_ADDRESS or asked != label(asked, _LONGEST_ADDRESS):
        return False
    own = current_app.config["SITE_URL"] + url_for("gate.scan")
    try:
        return urlsplit(asked)[:3] == urlsplit(own)[:3]
    except ValueError:
        return False
