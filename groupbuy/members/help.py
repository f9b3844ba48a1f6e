"""Help at every step: how to reach the leader, and a message that says where somebody is stuck."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import (
    Blueprint,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import HiddenField
from wtforms.widgets import TextArea

from groupbuy.access import policy
from groupbuy.accounts.following import approved_leader
from groupbuy.accounts.models import Follow, Leader, Member
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.settings import setting
from groupbuy.core.tokens import public_id
from groupbuy.deals import board
from groupbuy.deals.models import Deal
from groupbuy.extensions import db, limiter
from groupbuy.forms import ChoiceField, Form, NameField, PhoneField, TextField, needed
from groupbuy.members.person import me, own_order_or_404
from groupbuy.orders.models import Order
from groupbuy.support import asking

bp = Blueprint("help", __name__)
_KEY = re.compile("[0-9a-z]{24}")
_MOST_LEADERS = 20


class HelpForm(Form):
    """What is wrong, and how to answer."""

    leader = ChoiceField(_l("Whom do you ask?"))
    text = TextField(
        _l("What do you need help with?"),
        [needed(_l("Write a few words, so that you can be helped."))],
        longest=asking.LONGEST,
        widget=TextArea(),
    )
    name = NameField(_l("Name"), [needed(_l("Say who asks."))])
    phone = PhoneField(_l("Mobile number"), [needed(_l("The leader needs a number to reach you."))])
    key = HiddenField()


@dataclass(frozen=True)
class Stuck:
    """Where somebody is: `leaders` are those they can ask, one of them chosen where it is clear."""

    step: str
    leaders: Sequence[Leader]
    deal: Deal | None = None
    order: Order | None = None

    @property
    def leader(self) -> Leader | None:
        return self.leaders[0] if len(self.leaders) == 1 else None


@bp.get("/help")
@policy("own")
def ask() -> Response:
    """Who can help, when and how."""
    stuck = _stuck()
    return _page(stuck, _form(stuck, key=public_id(24), **_known()))


@bp.post("/help")
@policy("own")
@limiter.limit("5 per 10 minutes", deduct_when=lambda answer: answer.status_code == 303)
def send() -> Response:
    """Put the question before the leader."""
    stuck = _stuck()
    form = _form(stuck)
    if not stuck.leaders or not form.validate():
        return _page(stuck, form, 422)
    leader = stuck.leader or next(one for one in stuck.leaders if one.slug == form.leader.data)
    with transaction():
        asking.ask(leader, _question(stuck, form), me().user, now=clock.now())
    session.pop("last_error", None)
    return redirect(url_for(".sent", leader=leader.slug), 303)


@bp.get("/help/sent")
@policy("public")
def sent() -> str:
    """When an answer can be expected, and how it comes."""
    leader = approved_leader(request.args.get("leader", "")) or abort(404)
    return render_template("members/help_sent.html", leader=leader)


def _stuck() -> Stuck:
    """What the address, or the form, says; 404 for an order that is not theirs or no deal."""
    asked = request.values
    step = asked.get("step", "")
    step = step if step in asking.STEPS else "me"
    if number := asked.get("order"):
        order = own_order_or_404(number)
        return Stuck(step, _if_there(order.deal.leader), order.deal, order)
    if slug := asked.get("deal"):
        deal = board.published(slug) or abort(404)
        return Stuck(step, _if_there(deal.leader), deal)
    return Stuck(step, _leaders_known())


def _if_there(leader: Leader) -> list[Leader]:
    """Nobody, for a leader who is disabled: a question would never be read."""
    return [leader] if leader.state == "approved" else []


def _leaders_known() -> Sequence[Leader]:
    """The leaders whoever asks has ordered from or follows."""
    person = me()
    theirs = [Leader.id.in_(sa.select(Member.leader_id).where(person.is_member()))]
    if person.user:
        follows = sa.select(Follow.leader_id).where(Follow.user_id == person.user.id)
        theirs.append(Leader.id.in_(follows))
    known = sa.select(Leader).where(Leader.state == "approved", sa.or_(*theirs))
    return db.session.scalars(known.order_by(Leader.id).limit(_MOST_LEADERS)).all()


def _form(stuck: Stuck, **known: str) -> HelpForm:
    """The form; with a single leader there is nothing to choose."""
    form = HelpForm(**known)
    if len(stuck.leaders) < 2:
        del form.leader
    else:
        form.leader.choices = [(leader.slug, leader.name) for leader in stuck.leaders]
    return form


def _known() -> dict[str, str]:
    """How whoever asks was reached before."""
    person = me()
    if person.user:
        return {"name": person.user.name, "phone": person.user.phone or ""}
    latest = sa.select(Member).where(person.is_member()).order_by(Member.id.desc()).limit(1)
    member = db.session.scalars(latest).one_or_none()
    return {"name": member.name, "phone": member.phone or ""} if member else {}


def _question(stuck: Stuck, form: HelpForm) -> asking.Question:
    typed = form.key.data or ""
    return asking.Question(
        text=form.text.data,
        name=str(form.name.data),
        phone=str(form.phone.data),
        key=typed if _KEY.fullmatch(typed) else public_id(24),
        step=stuck.step,
        last_error=str(session.get("last_error", "")),
        deal=stuck.deal,
        order=stuck.order,
    )


def _page(stuck: Stuck, form: HelpForm, status: int = 200) -> Response:
    page = render_template(
        "members/help.html",
        stuck=stuck,
        form=form,
        last_error=session.get("last_error", ""),
        operator_contact=setting("OPERATOR_CONTACT"),
    )
    return make_response(page, status)
