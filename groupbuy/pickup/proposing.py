"""A refund above the limit of one person: proposed by one, agreed to by another.

Of an order one proposal waits at a time. Nothing is held for it: what is agreed to is worked out
again then, and must come to the same sum.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core import action_log
from groupbuy.core.errors import RuleBroken
from groupbuy.core.settings import setting
from groupbuy.deals.window import lock_for_deciding
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderEvent
from groupbuy.payments.models import RefundProposal
from groupbuy.pickup import giving_back
from groupbuy.pickup.back_plan import Plan, Wish, plan
from groupbuy.pickup.bags import OrdersChanged


class AlreadyProposed(RuleBroken):
    """Two proposals for one order would be agreed to one after the other."""

    message = _l("A refund of this order waits for a second person already.")


class SamePerson(RuleBroken):
    """Whoever proposed it cannot be the second person."""

    message = _l("You proposed this refund yourself: somebody else must agree to it.")


class Answer(NamedTuple):
    """What became of a wish: `fen` given back, or proposed; None when the form did it before."""

    fen: int
    proposed: bool


def limit_fen(is_operator: bool) -> int:
    """The most that a leader, or an operator, may give back of one order without a second one."""
    return int(setting("OPERATOR_REFUND_LIMIT_FEN" if is_operator else "REFUND_LIMIT_FEN"))


def ask(
    order: Order,
    wishes: Mapping[int, Wish],
    *,
    because: str,
    nonce: str,
    limit_fen: int,
    seen_fen: int,
    by_id: int,
    now: datetime,
) -> Answer | None:
    """Give `wishes` back, or propose it when one person may not, as `above` says.

    None when the form with `nonce` did it before. Raises what giving_back.give_back does, or
    AlreadyProposed.
    """
    because = giving_back.reason(because)
    lock_for_deciding(order.deal)
    if giving_back.was_done(order.leader_id, nonce):
        return None
    giving_back.lock([order.id])
    planned = plan(order, wishes)
    if planned.fen != seen_fen:
        raise OrdersChanged
    if not above(limit_fen, [planned]):
        giving_back.carry_out(
            order.deal, [planned], because=because, nonce=nonce, by_id=by_id, now=now
        )
        return Answer(planned.fen, proposed=False)
    _propose(planned, wishes, because, by_id, now)
    _log("refund_proposed", order, f"back:{nonce}", by_id, now, fen=planned.fen, because=because)
    return Answer(planned.fen, proposed=True)


def above(limit_fen: int, plans: Collection[Plan]) -> set[int]:
    """Ids of the orders of which more would be given back without a second person than may be.

    What was given back of them so before counts: the limit is of an order, not of an act.
    """
    ids = [each.order.id for each in plans]
    alone: Counter[int] = Counter({each.order.id: each.fen for each in plans})
    told = sa.select(OrderEvent.order_id, OrderEvent.detail)
    told = told.where(OrderEvent.order_id.in_(ids), OrderEvent.kind == "given_back")
    for order_id, detail in db.session.execute(told):
        alone[order_id] += detail["less_fen"]
    agreed = sa.select(RefundProposal.order_id, RefundProposal.amount_fen)
    agreed = agreed.where(RefundProposal.order_id.in_(ids), RefundProposal.state == "approved")
    for order_id, fen in db.session.execute(agreed):
        alone[order_id] -= fen
    return {order_id for order_id, fen in alone.items() if fen > limit_fen}


def approve(proposal: RefundProposal, *, by_id: int, now: datetime) -> int:
    """A second person agrees: the money goes back; returns the fen.

    Raises SamePerson, WrongState when it was decided, or what giving back raises by now.
    """
    order = db.session.get_one(Order, proposal.order_id)
    lock_for_deciding(order.deal)
    _decide(proposal, "approved", by_id, now)
    wishes = {int(line_id): Wish(**wish) for line_id, wish in proposal.lines.items()}
    given = giving_back.give_back(
        order,
        wishes,
        because=proposal.why,
        nonce=f"proposal{proposal.id}",
        by_id=by_id,
        now=now,
        seen_fen=proposal.amount_fen,
    )
    _log("refund_approved", order, f"proposal:{proposal.id}", by_id, now, fen=proposal.amount_fen)
    return given or 0


def refuse(proposal: RefundProposal, *, by_id: int, now: datetime) -> None:
    """A second person does not agree. Raises SamePerson, or WrongState when it was decided."""
    order = db.session.get_one(Order, proposal.order_id)
    _decide(proposal, "refused", by_id, now)
    _log("refund_refused", order, f"proposal:{proposal.id}", by_id, now, fen=proposal.amount_fen)


def waiting() -> Sequence[RefundProposal]:
    """Every proposal that waits for a second person, the oldest first, at most 50."""
    asked = sa.select(RefundProposal).where(RefundProposal.state == "waiting")
    return db.session.scalars(asked.order_by(RefundProposal.id).limit(50)).all()


def orders_of(proposals: Sequence[RefundProposal]) -> dict[int, Order]:
    """Order id -> the order, of each of `proposals`."""
    ids = [proposal.order_id for proposal in proposals]
    return {row.id: row for row in db.session.scalars(sa.select(Order).where(Order.id.in_(ids)))}


def waiting_for(order: Order) -> RefundProposal | None:
    """The proposal of `order` that waits, if there is one."""
    its = (RefundProposal.order_id == order.id, RefundProposal.state == "waiting")
    found: RefundProposal | None = db.session.scalars(sa.select(RefundProposal).where(*its)).first()
    return found


def _propose(
    planned: Plan, wishes: Mapping[int, Wish], because: str, by_id: int, now: datetime
) -> None:
    if waiting_for(planned.order):
        raise AlreadyProposed
    lines = {str(line_id): wish._asdict() for line_id, wish in wishes.items() if any(wish)}
    proposal = RefundProposal(
        leader_id=planned.order.leader_id,
        order_id=planned.order.id,
        state="waiting",
        lines=lines,
        amount_fen=planned.fen,
        why=because,
        proposed_at=now,
        proposed_by_id=by_id,
    )
    db.session.add(proposal)
    db.session.flush()


def _decide(proposal: RefundProposal, new_state: str, by_id: int, now: datetime) -> None:
    if proposal.proposed_by_id == by_id:
        raise SamePerson
    proposal.advance(new_state, decided_at=now, decided_by_id=by_id)


def _log(action: str, order: Order, subject: str, by_id: int, now: datetime, **detail: Any) -> None:
    action_log.note(
        action,
        subject,
        actor_id=by_id,
        leader_id=order.leader_id,
        now=now,
        order=order.number,
        **detail,
    )
