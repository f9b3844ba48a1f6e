"""Paying out what is owed: commission to a leader, goods to a supplier. Two people and the bank."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader
from groupbuy.catalog.models import Supplier
from groupbuy.core import action_log
from groupbuy.core.db import sum_of
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.money import format_yuan
from groupbuy.core.text import label
from groupbuy.extensions import db
from groupbuy.payments import ledger
from groupbuy.payments.ledger import Leg
from groupbuy.settlement.cash import SomebodyElse
from groupbuy.settlement.desk_lock import lock
from groupbuy.settlement.models import Payout

OPEN_STATES = ("asked", "approved")


class NotThatMuch(RuleBroken):
    """More is asked for than is owed."""

    message = _l("At most %(fen)s can be paid out now.")

    def __init__(self, fen: int) -> None:
        super().__init__(fen=format_yuan(max(0, fen)))


def owed_fen(payee: Leader | Supplier) -> int:
    """The credited commission of a leader, or what a supplier is owed for goods.

    Below 0 when more was taken back afterwards than is left.
    """
    account = "commission" if isinstance(payee, Leader) else "supplier"
    return -ledger.balance_fen(account, payee.id)


def open_fen(payee: Leader | Supplier) -> int:
    """What is asked for and neither paid nor refused."""
    asked = sa.select(sum_of(Payout.amount_fen)).where(Payout.state.in_(OPEN_STATES), _to(payee))
    return db.session.scalars(asked).one()


def left_fen(payee: Leader | Supplier) -> int:
    """What can still be asked for; it stays true only under the leader's lock."""
    return owed_fen(payee) - open_fen(payee)


def ask_commission(
    leader: Leader, amount_fen: int, *, form_key: str, by_id: int, now: datetime
) -> Payout:
    """The leader wants commission paid; the same form again is the same wish.

    Raises BadInput for nothing, NotThatMuch for more than is credited and not asked for yet.
    """
    wish = Payout(leader_id=leader.id, payee_id=leader.user_id, amount_fen=amount_fen)
    return _ask(leader, wish, form_key, by_id, now)


def ask_for_supplier(
    supplier: Supplier, amount_fen: int, *, form_key: str, by_id: int, now: datetime
) -> Payout:
    """An operator wants a supplier paid for goods; refusals as in `ask_commission`."""
    wish = Payout(leader_id=supplier.leader_id, supplier_id=supplier.id, amount_fen=amount_fen)
    return _ask(supplier, wish, form_key, by_id, now)


def approve(payout: Payout, *, by_id: int, now: datetime) -> None:
    """A second person agrees. Raises SomebodyElse, WrongState, or NotThatMuch when by now so much
    was taken back that it is not owed any more."""
    if by_id in (payout.asked_by_id, payout.payee_id):
        raise SomebodyElse
    lock(payout.leader_id)
    payout.advance("approved", approved_at=now, approved_by_id=by_id)
    left = left_fen(_payee(payout))  # without this one, which counts among the open ones
    if left < 0:
        raise NotThatMuch(left + payout.amount_fen)
    _log("payout_approved", payout, by_id, now)


def pay(payout: Payout, reference: str, *, by_id: int, now: datetime) -> None:
    """The bank has paid, `reference` is its number. Raises BadInput, SomebodyElse or WrongState.

    It is not asked again whether so much is owed: the money has left, and what was taken back
    since is owed by the payee.
    """
    reference = label(reference, 100)
    if not reference:
        raise BadInput("reference", _l("Enter the number that the bank gave the payment."))
    if by_id == payout.payee_id:
        raise SomebodyElse
    payout.advance("paid", reference=reference, finished_at=now, finished_by_id=by_id)
    to_supplier = payout.supplier_id is not None
    account = "supplier" if to_supplier else "commission"
    of_id = payout.supplier_id if to_supplier else payout.leader_id
    ledger.enter(
        "payout",
        f"payout:{payout.id}",
        [Leg(account, of_id, payout.amount_fen), Leg("cash:bank", 0, -payout.amount_fen)],
        now=now,
        actor_id=by_id,
        leader_id=payout.leader_id,
    )
    _log("payout_paid", payout, by_id, now)


def refuse(payout: Payout, because: str, *, by_id: int, now: datetime) -> None:
    """It is not paid. Raises BadInput without a reason, or WrongState."""
    because = label(because, 300)
    if not because:
        raise BadInput("because", _l("Say why: they will read it."))
    payout.advance("refused", because=because, finished_at=now, finished_by_id=by_id)
    _log("payout_refused", payout, by_id, now)


def _ask(
    payee: Leader | Supplier, wish: Payout, form_key: str, by_id: int, now: datetime
) -> Payout:
    lock(wish.leader_id)
    same = (Payout.leader_id == wish.leader_id, Payout.form_key == form_key)
    known = db.session.scalars(sa.select(Payout).where(*same)).one_or_none()
    if known:
        return known
    if wish.amount_fen <= 0:
        raise BadInput("amount", _l("Say how much it shall be."))
    left = left_fen(payee)
    if wish.amount_fen > left:
        raise NotThatMuch(left)
    wish.state, wish.form_key = "asked", form_key
    wish.asked_at, wish.asked_by_id = now, by_id
    db.session.add(wish)
    db.session.flush()
    _log("payout_asked", wish, by_id, now)
    return wish


def _to(payee: Leader | Supplier) -> sa.ColumnElement[bool]:
    if isinstance(payee, Supplier):
        return Payout.supplier_id == payee.id
    return sa.and_(Payout.leader_id == payee.id, Payout.supplier_id.is_(None))


def _payee(payout: Payout) -> Leader | Supplier:
    return payout.supplier or payout.leader


def _log(action: str, payout: Payout, by_id: int, now: datetime) -> None:
    who = {"actor_id": by_id, "leader_id": payout.leader_id}
    detail = {"fen": payout.amount_fen, "supplier_id": payout.supplier_id}
    action_log.note(action, f"payout:{payout.id}", now=now, **who, **detail)
