"""Cash in a leader's hands: what came in, less what was given back or over to the operator."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader
from groupbuy.core import action_log
from groupbuy.core.db import sum_of
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.money import format_yuan
from groupbuy.core.text import label
from groupbuy.extensions import db
from groupbuy.payments import ledger
from groupbuy.payments.ledger import Leg
from groupbuy.settlement.desk_lock import lock
from groupbuy.settlement.models import CashHandover


class NotInHand(RuleBroken):
    """More is handed over than there is."""

    message = _l("That is more than there is: %(fen)s in cash are in hand.")

    def __init__(self, fen: int) -> None:
        super().__init__(fen=format_yuan(fen))


class SomebodyElse(RuleBroken):
    """Nobody decides about money that passes through their own hands."""

    message = _l("Somebody else has to decide this: it is about your own money.")


def in_hand_fen(leader: Leader) -> int:
    """What the books say lies with `leader`; reported handovers count once confirmed."""
    return ledger.balance_fen("cash:leader", leader.id)


def reported_fen(leader: Leader) -> int:
    """What `leader` says was handed over and nobody has confirmed yet."""
    open_ones = (CashHandover.leader_id == leader.id, CashHandover.state == "reported")
    return db.session.scalars(sa.select(sum_of(CashHandover.amount_fen)).where(*open_ones)).one()


def is_too_much(leader: Leader, fen: int) -> bool:
    """Whether `fen` is above what may lie with `leader`; it is warned of, never refused:
    money that was taken is a fact."""
    return leader.cash_limit_fen is not None and fen > leader.cash_limit_fen


def set_limit(leader: Leader, fen: int | None, *, by_id: int, now: datetime) -> None:
    """Say how much may lie with `leader`; None: as much as comes."""
    before, leader.cash_limit_fen = leader.cash_limit_fen, fen
    db.session.flush()
    detail = {"from_fen": before, "to_fen": fen}
    who = {"actor_id": by_id, "leader_id": leader.id}
    action_log.note("cash_limit", f"leader:{leader.id}", now=now, **who, **detail)


def report(
    leader: Leader, amount_fen: int, note: str, *, form_key: str, by_id: int, now: datetime
) -> CashHandover:
    """The leader says that cash was given to the operator; the same form again is the same report.

    Raises BadInput for nothing, NotInHand for more than lies there unreported.
    """
    lock(leader.id)
    same = (CashHandover.leader_id == leader.id, CashHandover.form_key == form_key)
    known = db.session.scalars(sa.select(CashHandover).where(*same)).one_or_none()
    if known:
        return known
    if amount_fen <= 0:
        raise BadInput("amount", _l("Say how much it was."))
    left = in_hand_fen(leader) - reported_fen(leader)
    if amount_fen > left:
        raise NotInHand(left)
    handover = CashHandover(
        leader_id=leader.id,
        state="reported",
        amount_fen=amount_fen,
        note=label(note, 300),
        form_key=form_key,
        reported_at=now,
        reported_by_id=by_id,
    )
    db.session.add(handover)
    db.session.flush()
    return handover


def confirm(handover: CashHandover, *, by_id: int, now: datetime) -> None:
    """The operator has counted the cash. Raises SomebodyElse, NotInHand or WrongState."""
    _require_another(handover, by_id)
    lock(handover.leader_id)
    handover.advance("confirmed", decided_at=now, decided_by_id=by_id)
    fen = in_hand_fen(handover.leader)
    if handover.amount_fen > fen:
        raise NotInHand(fen)
    ledger.enter(
        "cash_handed_over",
        f"cash-handover:{handover.id}",
        [
            Leg("cash:bank", 0, handover.amount_fen),
            Leg("cash:leader", handover.leader_id, -handover.amount_fen),
        ],
        now=now,
        actor_id=by_id,
        leader_id=handover.leader_id,
    )
    _log("cash_confirmed", handover, by_id, now)


def refuse(handover: CashHandover, because: str, *, by_id: int, now: datetime) -> None:
    """The cash is not there. Raises BadInput without a reason, SomebodyElse or WrongState."""
    _require_another(handover, by_id)
    because = label(because, 300)
    if not because:
        raise BadInput("because", _l("Say why: they will read it."))
    handover.advance("refused", decided_at=now, decided_by_id=by_id, decided_because=because)
    _log("cash_refused", handover, by_id, now)


def _require_another(handover: CashHandover, by_id: int) -> None:
    if by_id in (handover.reported_by_id, handover.leader.user_id):
        raise SomebodyElse


def _log(action: str, handover: CashHandover, by_id: int, now: datetime) -> None:
    who = {"actor_id": by_id, "leader_id": handover.leader_id}
    subject = f"cash_handover:{handover.id}"
    action_log.note(action, subject, now=now, fen=handover.amount_fen, **who)
