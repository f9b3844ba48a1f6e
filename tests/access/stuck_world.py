"""Money stuck at a leader's: a refund that failed, cases, what a second person decides."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from groupbuy.accounts.models import Leader
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.orders import paying
from groupbuy.payments import attempts, cases, refunding
from groupbuy.payments.models import MoneyCase, Payment, Refund, RefundProposal
from groupbuy.payments.providers.reports import Paid, Refunded
from groupbuy.pickup import bags, proposing
from groupbuy.pickup.back_plan import whole
from groupbuy.pickup.models import Pickup
from tests import factories

Things = dict[str, str]


def stuck_money(leader: Leader, bag_id: str) -> Things:
    """`bag_id` is of a bag that waits to be collected."""
    bag = db.session.get_one(Pickup, int(bag_id))
    [line] = bags.lines_of(bag)
    payment = _paid_twice(leader)
    refund = _failed(payment)
    return {
        "/lead/refunds/<refund_id>": f"{refund.id}",
        "stuck_payment": f"{payment.id}",
        "a case": f"{_case('refund_failed', leader)}",
        "a case with money": f"{_suspended(leader)}",
        "a proposal": f"{_proposed(bag, leader)}",
        "an order to collect": line.order.number,
        "my_number": line.order.number,
        "my_left_line": f"{line.id}",
    }


def _paid_twice(leader: Leader) -> Payment:
    """The attempt by Alipay of an order whose money had come in cash by then."""
    now = clock.now()
    deal = factories.make_deal(leader=leader, opens_at=now - timedelta(hours=1))
    order = factories.make_order(deal, now=now)
    payment = attempts.switch(order, "alipay", now=now)
    number, fen = payment.out_trade_no, payment.amount_fen
    factories.vouch(order, by_id=leader.user_id, now=now)
    paying.receive(Paid(number, "paid", f"A{number}", fen, paid_at=now), "alipay", now=now)
    db.session.refresh(payment)
    return payment


def _failed(payment: Payment) -> Refund:
    refund = db.session.scalars(sa.select(Refund).where(Refund.payment_id == payment.id)).one()
    refunding.claim(refund.id, now=clock.now())
    db.session.refresh(refund)
    refunding.write_down(Refunded(refund.out_refund_no, "failed", error="no"), now=clock.now())
    return refund


def _case(kind: str, leader: Leader) -> int:
    cases.open_case(kind, f"world:{leader.id}", now=clock.now(), leader_id=leader.id)
    return _of(f"{kind}:world:{leader.id}")


def _suspended(leader: Leader) -> int:
    number = f"STRANGE{leader.id}"
    told = Paid(number, "paid", f"S{leader.id}", 100, paid_at=clock.now())
    cases.unknown_money(told, "alipay", now=clock.now())
    return _of(f"unknown_payment:alipay:{number}:S{leader.id}")


def _of(key: str) -> int:
    return db.session.scalars(sa.select(MoneyCase.id).where(MoneyCase.key == key)).one()


def _proposed(bag: Pickup, leader: Leader) -> int:
    [line] = bags.lines_of(bag)
    db.session.expire_all()
    told = {"because": "坏了", "by_id": leader.user_id, "now": clock.now()}
    fen = line.cost_of(line.kept_pieces)
    proposing.ask(line.order, whole(line.order), nonce="w" * 20, limit_fen=0, seen_fen=fen, **told)
    its = sa.select(RefundProposal.id).where(RefundProposal.order_id == line.order_id)
    return db.session.scalars(its).one()
