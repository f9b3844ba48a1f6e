"""Everybody who orders from a leader: found by name, phone or tag, and as a workbook."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from groupbuy.access import policy
from groupbuy.accounts.models import Leader
from groupbuy.core import action_log, clock, xlsx
from groupbuy.core.db import transaction
from groupbuy.core.text import label
from groupbuy.desk import leader
from groupbuy.leaders import member
from groupbuy.leaders.goods_pages import page_asked, shown
from groupbuy.leaders.members_reading import (
    ONLY,
    SORTS,
    Person,
    Wanted,
    everybody,
    found,
    tags_of,
)

bp = Blueprint("lead_members", __name__, url_prefix="/lead/members")
bp.register_blueprint(member.bp)

_TEXT = xlsx.Look(size=11, boxed=True, form="@")
_COUNT = _TEXT.but(form=xlsx.COUNT, align="right")
_MONEY = _TEXT.but(form=xlsx.MONEY, align="right")
_DAY = _TEXT.but(form="yyyy-mm-dd")


@bp.get("")
@policy("leader")
def index() -> str:
    """Fifty at a time, by `who`, `tag`, `only` and `sort` of the address."""
    wanted = _wanted(request.args)
    people, total = found(leader(), wanted, page_asked())
    query = {"who": wanted.who, "tag": wanted.tag, "only": wanted.only, "sort": wanted.sort}
    return render_template(
        "leaders/members.html",
        people=people,
        pages=shown(total, **query),
        wanted=wanted,
        tags=tags_of(leader()),
        now=clock.now(),
    )


@bp.post("/export")
@policy("leader")
def export() -> Response:
    """Everybody the filters find, as a workbook; `whole` asks for whole numbers. It is logged."""
    wanted, now = _wanted(request.form), clock.now()
    whole = bool(request.form.get("whole"))
    people = everybody(leader(), wanted)
    content = _workbook(leader(), people, whole, now)
    with transaction():
        action_log.note(
            "members_exported",
            f"leader:{leader().id}",
            actor_id=current_user.id,
            leader_id=leader().id,
            now=now,
            rows=len(people),
            whole_numbers=whole,
        )
    return download(content, f"members-{clock.local(now):%Y%m%d}.xlsx")


def download(content: bytes, name: str) -> Response:
    """A workbook to be saved under `name`, which is plain ASCII."""
    answer = Response(content, mimetype=xlsx.MIME_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _wanted(args: MultiDict[str, str]) -> Wanted:
    only, sort = args.get("only", ""), args.get("sort", "")
    return Wanted(
        who=label(args.get("who", ""), 40),
        tag=label(args.get("tag", ""), 20),
        only=only if only in ONLY else "",
        sort=sort if sort in SORTS else SORTS[0],
    )


def _workbook(owner: Leader, people: list[Person], whole: bool, now: datetime) -> bytes:
    book = xlsx.Book(_("Members of %(leader)s", leader=owner.name), owner.name, now=now)
    widths = (18, 18, 10, 14, 14, 12, 12, 24, 12, 36)
    sheet = book.sheet(_("Members"), xlsx.Page(widths, heading_row=1, still_columns=1))
    headings = (
        *(_("Name"), _("Phone"), _("Orders"), _("Turnover"), _("Last order")),
        *(_("Pieces not collected"), _("Bags not collected"), _("Tags"), _("Blocked"), _("Note")),
    )
    sheet.rows(*[_TEXT.but(bold=True, fill="E4F3EA", wrap=True)] * len(headings))(headings)
    looks = (_TEXT, _TEXT, _COUNT, _MONEY, _DAY, _COUNT, _COUNT, _TEXT, _TEXT, _TEXT.but(wrap=True))
    write = sheet.rows(*looks)
    for one in people:
        write(_row(one, whole))
    return book.to_bytes()


def _row(one: Person, whole: bool) -> tuple[object, ...]:
    totals = one.totals
    return (
        one.lead.name,
        (one.phone or "") if whole else one.masked_phone,
        totals.orders,
        xlsx.yuan(totals.turnover_fen),
        totals.last_at,
        totals.no_show_pieces,
        totals.uncollected,
        _(", ").join(one.tags),
        _("cannot order") if one.blocked_at else "",
        one.note,
    )
