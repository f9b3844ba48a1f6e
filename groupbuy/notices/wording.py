"""The words of each kind of message, made from the rows it points at when it is shown or sent.

A fact that may change is of the moment of the event where the one who owed it wrote it down in
`detail`: {"closes_at", "pickup_starts_at", "pickup_ends_at": ISO instants, "due_fen": fen,
"because", "place": text, "text": what somebody typed, "item": its name, "left": pieces}.
"""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from groupbuy.core.clock import local
from groupbuy.core.money import format_yuan
from groupbuy.notices.kinds import KINDS
from groupbuy.notices.models import Notice
from groupbuy.notices.waiting import counts

_NAMES = (
    *("deal", "leader", "order", "because", "closes", "until", "money", "roll_no", "text", "place"),
    *("item", "left"),
)


def words(notice: Notice) -> str:
    """What happened, what it means and what to do, in the language that is active.

    Raises KeyError for an unknown kind.
    """
    return KINDS[notice.kind].sentence() % _facts(notice)


def title(notice: Notice) -> str:
    """A few words for the head of a list or a mail. Raises KeyError for an unknown kind."""
    return KINDS[notice.kind].title()


def topic(kind: str) -> str:
    """The one of TOPICS that people choose by. Raises KeyError for an unknown kind."""
    return KINDS[kind].topic


def _facts(notice: Notice) -> dict[str, object]:
    facts: dict[str, object] = dict.fromkeys(_NAMES, "")
    if deal := notice.deal:
        facts |= {"deal": deal.title, "leader": deal.leader.name, "because": deal.ended_because}
        facts |= {"closes": _time(deal.closes_at), "until": _time(deal.pickup_ends_at)}
        facts["pickup"] = _span(deal.pickup_starts_at, deal.pickup_ends_at)
    if order := notice.order:
        facts |= {"order": order.number, "roll_no": order.roll_no or ""}
        facts["money"] = format_yuan(order.due_fen)
    facts |= _of_the_moment(notice.detail or {})
    return facts | {name: _sentence(str(facts[name])) for name in ("because", "text")}


def _sentence(reason: str) -> str:
    """A leader's reason, with the full stop that most leave out."""
    ended = not reason or reason[-1] in ".!?。！？…"
    return reason if ended else reason + _(".")


def _of_the_moment(detail: dict[str, object]) -> dict[str, object]:
    facts = dict(detail)
    if "closes_at" in detail:
        facts["closes"] = _time(_instant(detail["closes_at"]))
    if "pickup_starts_at" in detail or "pickup_ends_at" in detail:
        names = ("pickup_starts_at", "pickup_ends_at")
        facts["pickup"] = _span(*(_instant(detail.get(name)) for name in names))
    if isinstance(due_fen := detail.get("due_fen"), int):
        facts["money"] = format_yuan(due_fen)
    facts["waiting"] = ", ".join(counts(detail))
    return facts


def _instant(said: object) -> datetime | None:
    return datetime.fromisoformat(str(said)) if said else None


def _span(starts_at: datetime | None, ends_at: datetime | None) -> str:
    """“05-13 17:00–20:00”; the day of the end only where it is another one."""
    if starts_at is None or ends_at is None:
        return _time(starts_at or ends_at) or _("the leader will tell you when")
    same_day = local(starts_at).date() == local(ends_at).date()
    return f"{_time(starts_at)}–{f'{local(ends_at):%H:%M}' if same_day else _time(ends_at)}"


def _time(instant: datetime | None) -> str:
    return f"{local(instant):%m-%d %H:%M}" if instant else ""
