"""Passing a deal on: text for the group, the roll as text, a poster, QR codes, WeChat's card."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, jsonify, render_template, request
from flask_babel import gettext as _

from groupbuy import wechat
from groupbuy.access import policy
from groupbuy.core import clock, qr
from groupbuy.core.text import label
from groupbuy.deals import announcing, board
from groupbuy.deals.models import Deal
from groupbuy.deals.stall import stall
from groupbuy.extensions import db, limiter
from groupbuy.members.paging import page_asked
from groupbuy.members.poster import poster
from groupbuy.members.share_card import brand_png, deal_address
from groupbuy.orders import roll_page

bp = Blueprint("sharing", __name__)

_PAGES_A_TEXT = 4  # pages of the roll in one text: 200 lines, what a chat still takes
_LONGEST_ADDRESS = 500


@bp.get("/d/<slug>/share")
@policy("public")
def show(slug: str) -> str:
    """Everything a leader or a neighbour needs to pass a deal on."""
    deal = board.published(slug) or abort(404)
    now = clock.now()
    goods = stall(deal)
    address = deal_address(deal)
    return render_template(
        "members/share.html",
        deal=deal,
        phase=deal.phase(now),
        address=address,
        announcement=announcing.announcement(deal, goods.items, address, now=now),
        roll=_roll(deal, page_asked()),
        poster=poster(deal, goods, now=now) if deal.phase(now) in ("upcoming", "open") else None,
    )


@bp.get("/d/<slug>/qr.svg")
@policy("public")
def qr_svg(slug: str) -> Response:
    """The deal's address as a QR code for pages."""
    return _kept(qr.svg(deal_address(_deal_or_404(slug))), "image/svg+xml")


@bp.get("/d/<slug>/qr.png")
@policy("public")
def qr_png(slug: str) -> Response:
    """The deal's address as a QR code for posters and paper."""
    return _kept(qr.png(deal_address(_deal_or_404(slug)), scale=10), "image/png")


@bp.get("/share.png")
@policy("public")
@limiter.exempt
def brand_picture() -> Response:
    """What chats show beside deals that have no photograph."""
    return _kept(brand_png(), "image/png")


@bp.get("/d/<slug>/wechat-signature")
@policy("public")
@limiter.limit("30 per minute")
def wechat_signature(slug: str) -> tuple[Response, int]:
    """What `wx.config` wants for `?url=`, a page of this deal: 422 for others, 503 on no answer."""
    deal = _deal_or_404(slug)
    if not wechat.configured():
        abort(404)
    asked = request.args.get("url", "")
    if not _is_page_of(deal, asked):
        return jsonify(error="url"), 422
    db.session.rollback()  # the answer may take seconds; nobody's connection waits for it
    try:
        return jsonify(wechat.share_signature(asked)), 200
    except wechat.WeChatRefused as refusal:
        current_app.logger.warning("no share card: %s", refusal)
        return jsonify(error="wechat"), 503


def _deal_or_404(slug: str) -> Deal:
    return board.published(slug) or abort(404)


def _kept(content: str | bytes, mimetype: str) -> Response:
    answer = Response(content, mimetype=mimetype)
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


def _is_page_of(deal: Deal, asked: str) -> bool:
    """Whether `asked` is this deal's page on this site; nothing else is signed in our name."""
    if len(asked) > _LONGEST_ADDRESS or asked != label(asked, _LONGEST_ADDRESS):
        return False
    try:
        parts, own = urlsplit(asked), urlsplit(deal_address(deal))
    except ValueError:
        return False
    return parts[:3] == own[:3]


def _roll(deal: Deal, block: int) -> dict[str, Any]:
    """One text of the roll, block 1 being the newest numbers; within it the smallest first."""
    total = board.progress(deal).orders
    pages = roll_page.page_count(total)
    blocks = -(-pages // _PAGES_A_TEXT)
    block = min(block, blocks)
    newest = (block - 1) * _PAGES_A_TEXT + 1
    wanted = range(newest, min(newest + _PAGES_A_TEXT, pages + 1))
    entries = [entry for page in wanted for entry in roll_page.roll_page(deal, page)][::-1]
    if blocks > 1:
        heading = _("Roll, %(shown)s of %(total)s", shown=len(entries), total=total)
    else:
        heading = _("Roll, %(total)s so far", total=total)
    return {
        "total": total,
        "block": block,
        "blocks": blocks,
        "first": entries[0].roll_no if entries else None,
        "last": entries[-1].roll_no if entries else None,
        "text": announcing.roll_text(deal, entries, heading),
    }
