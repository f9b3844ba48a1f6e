"""What staff do about a refund that does not arrive: try it again, or give the money by hand."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core import action_log
from groupbuy.core.errors import BadInput, RuleBroken, WrongState
from groupbuy.core.text import label
from groupbuy.extensions import db
from groupbuy.payments import refunding
from groupbuy.payments.models import Payment, Refund
from groupbuy.payments.providers import online

SHOWN = ("to_send", "sent", "failed", "by_hand", "arrived")


class StillOnItsWay(RuleBroken):
    """The provider may give it back any moment: by hand it would go back twice."""

    message = _l("The provider may still give this back. By hand only what has failed is given.")


class GivenAtTheDoor(RuleBroken):
    """Cash goes back from hand to hand; the leader says when."""

    message = _l("Cash is given back by the leader, on the page of money to collect.")


def shown(state: str) -> sa.ColumnElement[bool]:
    """The condition for one of SHOWN, as people tell refunds apart."""
    return {
        "to_send": Refund.state == "requested",
        "sent": Refund.state == "submitted",
        "failed": Refund.state == "failed",
        "by_hand": sa.and_(Refund.state == "succeeded", Refund.by_hand),
        "arrived": sa.and_(Refund.state == "succeeded", ~Refund.by_hand),
    }[state]


def state_of(refund: Refund) -> str:
    """The one of SHOWN that `refund` is in."""
    if refund.state == "succeeded":
        return "by_hand" if refund.by_hand else "arrived"
    return {"requested": "to_send", "submitted": "sent", "failed": "failed"}[refund.state]


def retry(refund: Refund, *, by_id: int, now: datetime) -> None:
    """Try a failed refund again, with the same number. Raises WrongState, or GivenAtTheDoor."""
    _lock(refund)
    if refund.state != "failed":  # what has not failed is tried without being asked
        raise WrongState(refund.state, "failed")
    refunding.retry(refund, now=now)
    _log(refund, "refund_retried", by_id, now)


def by_hand(refund: Refund, because: str, *, by_id: int, now: datetime) -> None:
    """An operator gave the money back another way, `because` says which.

    Raises BadInput without a note, StillOnItsWay, GivenAtTheDoor, or WrongState.
    """
    because = label(because, 300)
    if not because:
        raise BadInput("because", _l("Say how the money went back."))
    _lock(refund)
    if refund.state in ("requested", "submitted"):
        raise StillOnItsWay
    refunding.finish_by_hand(refund, by_id=by_id, now=now)
    _log(refund, "refund_by_hand", by_id, now, because=because)


def _lock(refund: Refund) -> None:
    db.session.refresh(refund, with_for_update={"key_share": True})
    if not online(db.session.get_one(Payment, refund.payment_id).way):
        raise GivenAtTheDoor


def _log(refund: Refund, action: str, by_id: int, now: datetime, **detail: str) -> None:
    action_log.note(
        action,
        f"refund:{refund.id}",
        actor_id=by_id,
        leader_id=refund.leader_id,
        now=now,
        fen=refund.amount_fen,
        no=refund.out_refund_no,
        **detail,
    )
