"""A resident's pickups: the code to show, what is in the bags, somebody else to send for them."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    session,
    url_for,
)
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from groupbuy import assets
from groupbuy.access import policy
from groupbuy.core import clock, qr
from groupbuy.core.db import transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.core.text import mask_name
from groupbuy.core.tokens import keyed_token
from groupbuy.desk import posts
from groupbuy.extensions import db, limiter
from groupbuy.members.code_picture import code_picture
from groupbuy.members.drawings import drawing_of
from groupbuy.members.paging import page_asked
from groupbuy.members.person import Person, me
from groupbuy.pickup import bags, household, proxies
from groupbuy.pickup.finding import Opened, look_up
from groupbuy.pickup.models import Pickup, PickupProxy

bp = Blueprint("my_pickups", __name__)
_PER_PAGE = 10
_ID = re.compile("[0-9]{1,18}")
_TOKEN = re.compile("[a-z2-7]{26}")  # a spoken code is told to people, never opened by its address


@bp.get("/me/pickups")
@policy("own")
def show() -> Response:
    """What waits for whoever asks, nearest first, and what they collected lately."""
    now = clock.now()
    to_come, over = household.households(me().is_member(), now=now)
    pages = max(1, -(-len(over) // _PER_PAGE))
    page = min(page_asked(), pages)
    past = over[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    to_come = to_come if page == 1 else []
    household.fill([*to_come, *past])
    answer = render_template(
        "members/my_pickups.html",
        to_come=to_come,
        past=past,
        page=page,
        pages=pages,
        drawings=_drawings(to_come),
        person=me(),
        now=now,
        **_codes(),
    )
    return _kept_offline(make_response(answer))


@bp.post("/me/pickups/<ref>/proxy")
@policy("own")
@limiter.limit("60 per hour")
def send_somebody(ref: str) -> AnyResponse:
    """Make the pass that lets somebody else collect a bag."""
    pickup = _own_pickup_or_404(ref)
    try:
        with transaction():
            proxies.make_pass(pickup, now=clock.now())
    except RuleBroken as refusal:
        flash(refusal.sentence, "error")
        return redirect(url_for(".show"), 303)
    flash(_("The pass is ready. Send it to whoever collects for you."), "success")
    return redirect(url_for(".show", _anchor=f"pass-{ref}"), 303)


@bp.post("/me/pickups/<ref>/proxy/end")
@policy("own")
def send_nobody(ref: str) -> AnyResponse:
    """Take the pass back."""
    pickup = _own_pickup_or_404(ref)
    with transaction():
        ended = bags.end_passes(pickup, now=clock.now())
    if ended:
        flash(_("The pass has ended. Only you can collect now."), "success")
    else:
        flash(_("There was no pass any more."), "error")
    return redirect(url_for(".show"), 303)


@bp.get("/me/pickups/<ref>/code.png")
@policy("own")
def picture(ref: str) -> Response:
    """The code as a picture to save, for browsers that keep no pages (WeChat on an iPhone)."""
    pickup = _own_pickup_or_404(ref)
    if pickup.state not in bags.COLLECTIBLE:
        abort(404)
    drawn = code_picture(bags.pickup_url(pickup), bags.code_of(pickup))
    return Response(drawn, mimetype="image/png")


@bp.get("/p/<token>")
@policy("link")
@limiter.limit("60 per minute")
def open_code(token: str) -> AnyResponse:
    """Where a QR code leads any camera: it names neither people nor goods.

    Whoever hands bags over for its leader comes to the gate with it.
    """
    opened = look_up(None, token) if _TOKEN.fullmatch(token) else None
    if opened is None:
        abort(404)
    if any(p.may("pickup") and p.leader.id == opened.pickup.leader_id for p in posts()):
        session["desk"] = opened.pickup.leader_id  # a helper of several leaders works here now
        return redirect(url_for("gate_bag.show", key=token), 303)
    if opened.proxy and opened.proxy.ended_at and opened.pickup.state in bags.COLLECTIBLE:
        raise proxies.PassEnded
    return _pass(opened)


@bp.get("/sw.js")
@policy("public")
@limiter.exempt
def service_worker() -> Response:
    """What keeps the pages of this module on the phone; at the root, so it sees all pages."""
    name = assets.asset("service-worker.js").rpartition("/")[2]
    answer = Response((assets.DIST / name).read_bytes(), mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Service-Worker-Allowed"] = "/"
    return answer


@bp.after_app_request
def say_whose(answer: Response) -> Response:
    """Tell the service worker who is asking, so it forgets what it kept of anybody else."""
    is_page = answer.status_code < 300 or 400 <= answer.status_code < 500
    if is_page and answer.mimetype == "text/html":
        answer.headers["Person-Mark"] = _mark(me())
    return answer


@bp.after_request
def keep_the_code_secret(answer: Response) -> Response:
    """The address is the key: it must reach no other site and no search engine.

    Our own forms still need it: over HTTPS a form that says not where it comes from is refused.
    """
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _pass(opened: Opened) -> Response:
    pickup, proxy = opened
    waiting = [bag for bag in household.siblings(pickup) if bag.state in bags.COLLECTIBLE]
    # Strangers' codes stay out of a phone that only looked at them, such as the leader's.
    is_ours = proxy is not None or _is_mine(pickup)
    answer = make_response(
        render_template(
            "members/pickup_pass.html",
            pickup=pickup,
            proxy=proxy,
            bags=len(waiting),
            keep=is_ours,
            now=clock.now(),
            **_codes(),
        )
    )
    return _kept_offline(answer) if is_ours else answer


def _own_pickup_or_404(ref: str) -> Pickup:
    """The bag if it is theirs; somebody else's is as missing as one that never was."""
    if not _ID.fullmatch(ref):
        abort(404)
    own = sa.select(Pickup).join(Pickup.member).where(me().is_member(), Pickup.id == int(ref))
    pickup: Pickup | None = db.session.scalars(own).one_or_none()
    return pickup or abort(404)


def _is_mine(pickup: Pickup) -> bool:
    own = sa.select(Pickup.id).join(Pickup.member).where(me().is_member(), Pickup.id == pickup.id)
    return db.session.scalar(own) is not None


def _mark(person: Person) -> str:
    """The same for the same person, "-" for nobody, and it says nothing of who they are.

    A guest who orders from another leader is still the guest they were.
    """
    if person.user:
        return keyed_token("kept-for", f"user {person.user.id}")
    if person.guest_members:
        return keyed_token("kept-for", f"guest {min(person.guest_members)}")
    return "-"


def _kept_offline(answer: Response) -> Response:
    """Let the service worker show this page again where there is no network."""
    answer.headers["Keep-Offline"] = "yes"
    return answer


def _codes() -> dict[str, Any]:
    """What templates need to show the code of a bag or a pass."""

    def qr_of(key: Pickup | PickupProxy) -> Markup:
        return Markup(qr.svg(bags.pickup_url(key)))

    return {
        "qr_of": qr_of,
        "code_of": bags.code_of,
        "url_of": bags.pickup_url,
        "mask_name": mask_name,
    }


def _drawings(shown: list[household.Household]) -> dict[int, Any]:
    lines = [line for one in shown for bag in one.bags for line in bag.lines]
    return {line.id: drawing_of(line.item, "") for line in lines}
