"""One member, as one person: what they ordered, what staff note, whether they may order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts import membering
from groupbuy.accounts.models import Member
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.desk import leader, own_or_404
from groupbuy.extensions import db
from groupbuy.leaders.goods_pages import PAGE_SIZE, Shown, page_asked, shown
from groupbuy.leaders.members_reading import Person, person_of
from groupbuy.orders import online_limits
from groupbuy.orders.models import Order
from groupbuy.orders.online_limits import parse_limit
from groupbuy.orders.ways import online_limit_fen
from groupbuy.support import contacts

bp = Blueprint("one", __name__, url_prefix="/<member_id>")


@bp.get("")
@policy("leader")
def show(member_id: str) -> Response:
    """Everything the leader knows of somebody; the phone is masked."""
    return _page(own_or_404(Member, member_id))


@bp.post("/reveal")
@policy("leader")
def reveal(member_id: str) -> Response:
    """The same page with the whole phone number; it is logged."""
    member = own_or_404(Member, member_id)
    with transaction():
        membering.log_reveal(member, by_id=current_user.id, now=clock.now())
    return _page(member, revealed=True)


@bp.post("/tags")
@policy("leader")
def tags(member_id: str) -> Response:
    """Replace the tags by those in `tags`, with commas between."""
    member = own_or_404(Member, member_id)
    return _act(
        member, lambda: membering.set_tags(member, _typed("tags")), _("The tags are saved.")
    )


@bp.post("/note")
@policy("leader")
def note(member_id: str) -> Response:
    """Replace the note for staff by `note`."""
    member = own_or_404(Member, member_id)
    return _act(member, lambda: membering.set_note(member, _typed("note")), _("The note is saved."))


@bp.post("/limit")
@policy("leader")
def limit(member_id: str) -> Response:
    """What one order of theirs may cost online: `limit` in yuan; empty: as the group has it."""
    member = own_or_404(Member, member_id)
    who = {"by_id": current_user.id, "now": clock.now()}

    def save() -> None:
        online_limits.set_by_leader(leader(), member, parse_limit(_typed("limit")), **who)

    return _act(member, save, _("Saved. It counts for payments that begin from now on."))


@bp.post("/talk")
@policy("leader")
def talk(member_id: str) -> Response:
    """Write down what was `said` on the phone or at the door."""
    member = own_or_404(Member, member_id)
    who = {"by_id": current_user.id, "now": clock.now()}
    return _act(member, lambda: contacts.note_talk(member, _typed("said"), **who), _("Noted."))


@bp.post("/block")
@policy("leader")
def block(member_id: str) -> Response:
    """They cannot order any more, because of `because`."""
    member = own_or_404(Member, member_id)
    who = {"by_id": current_user.id, "now": clock.now()}
    done = _("They cannot order from you any more. What they have ordered stays as it is.")
    return _act(member, lambda: membering.block(member, _typed("because"), **who), done)


@bp.post("/unblock")
@policy("leader")
def unblock(member_id: str) -> Response:
    """They can order again."""
    member = own_or_404(Member, member_id)
    who = {"by_id": current_user.id, "now": clock.now()}
    return _act(member, lambda: membering.unblock(member, **who), _("They can order again."))


def _typed(name: str) -> str:
    return request.form.get(name, "")[:5000]


def _act(member: Member, act: Callable[[], Any], done: str) -> Response:
    """Do it and say so; what was typed wrongly comes back with what is wrong."""
    try:
        with transaction():
            act()
    except BadInput as refusal:
        return _page(member, 422, wrong={refusal.field: refusal.sentence})
    except RuleBroken as refusal:
        flash(refusal.sentence, "error")
        return _page(member, refusal.status)
    flash(done, "success")
    return make_response(redirect(url_for("lead_members.one.show", member_id=member.id), 303))


def _page(member: Member, status: int = 200, **more: Any) -> Response:
    one = person_of(membering.rows_of(member))
    orders, pages = _orders(one)
    facts = {"person": one, "orders": orders, "pages": pages, "wrong": {}, "now": clock.now()}
    facts["contacts"] = contacts.contacts_of(one.rows)
    facts["group_limit_fen"] = online_limit_fen(leader(), None)
    typed = {name: _typed(name) for name in more.get("wrong", ())}
    page = render_template("leaders/member.html", **facts | {"typed": typed} | more)
    answer = make_response(page, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _orders(one: Person) -> tuple[list[Order], Shown]:
    """A page of all their orders, the newest first."""
    theirs = Order.member_id.in_([row.id for row in one.rows])
    total = db.session.scalars(sa.select(sa.func.count()).select_from(Order).where(theirs)).one()
    newest = sa.select(Order).where(theirs).order_by(Order.placed_at.desc(), Order.id.desc())
    some = newest.limit(PAGE_SIZE).offset((page_asked() - 1) * PAGE_SIZE)
    rows = some.options(joinedload(Order.deal), joinedload(Order.point))
    return list(db.session.scalars(rows)), shown(total)
