"""What somebody was told, and how they want to be told."""

from __future__ import annotations

import sqlalchemy as sa
from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import BooleanField
from wtforms.validators import ValidationError

from groupbuy.access import policy
from groupbuy.accounts import choices
from groupbuy.accounts.models import Member, User
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from groupbuy.forms import Form, LineField
from groupbuy.members.me import id_or_404, myself
from groupbuy.members.paging import page_asked
from groupbuy.notices import inbox, kinds, links, wording
from groupbuy.notices.models import Notice

bp = Blueprint("messages", __name__, url_prefix="/me")
_NIGHT = {"quiet_from": 22 * 60, "quiet_until": 7 * 60}  # proposed to those who have none


class ChoicesForm(Form):
    """Quiet hours; the boxes of the table are read by themselves."""

    quiet = BooleanField(_l("Send me nothing at night"))
    quiet_from = LineField(_l("From"), longest=8)
    quiet_until = LineField(_l("Until"), longest=8)

    def validate_quiet_from(self, field: LineField) -> None:
        self._read(field)

    def validate_quiet_until(self, field: LineField) -> None:
        self._read(field)

    @property
    def hours(self) -> tuple[int | None, int | None]:
        """Minutes after midnight, from and until; None for what is not wanted."""
        return self._read(self.quiet_from), self._read(self.quiet_until)

    def _read(self, field: LineField) -> int | None:
        if not self.quiet.data or not field.data:
            return None
        try:
            return choices.parse_clock(field.data)
        except ValueError:
            raise ValidationError(_("A time looks like 22:00.")) from None


@bp.get("/messages")
@policy("signed_in")
def show() -> str:
    """The messages, newest first."""
    user, page = myself(), page_asked()
    told = inbox.messages_of(user.id, page)
    full = len(told) == inbox.PER_PAGE
    return render_template(
        "members/me_messages.html",
        messages=told,
        wording=wording,
        unread=inbox.unread(user.id),
        page=page,
        more=full and bool(inbox.messages_of(user.id, page + 1)),
        now=clock.now(),
    )


@bp.post("/messages/<notice_id>")
@policy("signed_in")
def read(notice_id: str) -> Response:
    """Mark one as read, and go on to what it is about."""
    user = myself()
    notice = _own_message_or_404(user, id_or_404(notice_id))
    target = links.path_of(notice)
    with transaction():
        inbox.mark_read(user.id, notice.id, clock.now())
    return redirect(target, 303)


@bp.post("/messages/read")
@policy("signed_in")
def read_all() -> Response:
    """Mark everything as read."""
    user = myself()
    with transaction():
        inbox.mark_all_read(user.id, clock.now())
    flash(_("All messages are marked as read."), "success")
    return redirect(url_for(".show"), 303)


@bp.get("/choices")
@policy("signed_in")
def choose() -> Response:
    """What they want to be told, by which way, and when not."""
    user = myself()
    quiet = user.quiet_from is not None
    times = {name: getattr(user, name) if quiet else night for name, night in _NIGHT.items()}
    shown = {name: choices.show_clock(minutes) for name, minutes in times.items()}
    return _choices_page(user, ChoicesForm(quiet=quiet, **shown), choices.switched_off(user))


@bp.post("/choices")
@policy("signed_in")
def keep() -> Response:
    """Keep the choices."""
    user, form = myself(), ChoicesForm()
    pairs = [text.split(":") for text in request.form.getlist("wants")]
    wanted = {(pair[0], pair[1]) for pair in pairs if len(pair) == 2}
    if form.validate():
        try:
            with transaction():
                choices.choose(user, wanted)
                choices.set_quiet_hours(user, *form.hours)
        except BadInput as refusal:
            form.refuse(refusal)
        else:
            flash(_("Your choices are kept."), "success")
            return redirect(url_for(".choose"), 303)
    everything = {(topic, way) for topic in kinds.TOPICS for way in choices.channels_for(user)}
    return _choices_page(user, form, everything - wanted, 422)


def _choices_page(
    user: User, form: ChoicesForm, off: set[tuple[str, str]], status: int = 200
) -> Response:
    page = render_template(
        "members/me_choices.html",
        user=user,
        form=form,
        topics=choices.topics_for(user),
        channels=choices.channels_for(user),
        off=off,
    )
    return make_response(page, status)


def _own_message_or_404(user: User, notice_id: int) -> Notice:
    own = (
        sa.select(Notice)
        .outerjoin(Member, Member.id == Notice.member_id)
        .where(Notice.id == notice_id, Notice.kind.in_(kinds.KINDS))
        .where(sa.or_(Notice.user_id == user.id, Member.user_id == user.id))
    )
    notice: Notice | None = db.session.scalars(own).one_or_none()
    return notice or abort(404)
