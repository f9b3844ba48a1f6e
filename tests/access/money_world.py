"""Money that does not move on by itself, one thing of each kind that an address can name."""

from __future__ import annotations

import sqlalchemy as sa

from groupbuy.accounts.models import Leader
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.payments import cases
from groupbuy.payments.models import MoneyCase, Payment, Refund, RefundProposal
from groupbuy.payments.providers.reports import Paid
from groupbuy.pickup import bags, proposing
from groupbuy.pickup.back_plan import Wish
from groupbuy.pickup.models import Pickup


def stuck_money(leader: Leader, bag_id: str) -> dict[str, str]:
    """Cases, a proposal, a failed refund; and the order in the bag, of which one piece is left."""
    [line] = bags.lines_of(db.session.get_one(Pickup, int(bag_id)))
    order = db.session.get_one(Order, line.order_id)
    payment = _online(order)
    return {
        "an order to collect": order.number,
        "my_number": order.number,
        "my_left_line": f"{line.id}",
        "stuck_payment": f"{payment.id}",
        "/lead/refunds/<refund_id>": f"{_failed(payment)}",
        "a case": f"{_case(leader)}",
        "a case with money": f"{_case_with_money(leader)}",
        "a proposal": f"{_proposal(leader)}",
    }


def _online(order: Order) -> Payment:
    """Money that came in twice and is on its way back."""
    payment = Payment(
        leader_id=order.leader_id,
        order_id=order.id,
        way="alipay",
        out_trade_no=f"GB{order.id}AGAIN",
        transaction_no=f"T{order.id}",
        state="confirmed",
        amount_fen=100,
        refunded_fen=100,
        begun_at=clock.now(),
        confirmed_at=clock.now(),
    )
    db.session.add(payment)
    db.session.flush()
    return payment


def _failed(payment: Payment) -> int:
    refund = Refund(
        leader_id=payment.leader_id,
        order_id=payment.order_id,
        payment_id=payment.id,
        out_refund_no=f"{payment.out_trade_no}-again",
        state="failed",
        amount_fen=100,
        why="duplicate",
        requested_at=clock.now(),
        tries=9,
        last_error="NOTENOUGH",
    )
    db.session.add(refund)
    db.session.flush()
    return refund.id


def _case(leader: Leader) -> int:
    cases.open_case("refund_failed", f"R{leader.id}", now=clock.now(), leader_id=leader.id)
    return _last_case()


def _case_with_money(leader: Leader) -> int:
    number, now = f"GBLOST{leader.id}", clock.now()
    told = Paid(
        out_trade_no=number,
        state="paid",
        transaction_no=f"T{number}",
        amount_fen=900,
        currency="CNY",
        paid_at=now,
    )
    cases.unknown_money(told, "alipay", now=now)
    return _last_case()


def _last_case() -> int:
    return db.session.scalars(sa.select(sa.func.max(MoneyCase.id))).one()


def _proposal(leader: Leader) -> int:
    """Of an order that was handed over already, by its leader."""
    own = sa.select(OrderLine).join(Order).where(Order.leader_id == leader.id)
    given = own.where(Order.state == "fulfilled", OrderLine.picked_pieces > 0).order_by(
        OrderLine.id
    )
    line = db.session.scalars(given.limit(1)).one()
    proposing.ask(
        db.session.get_one(Order, line.order_id),
        {line.id: Wish(pieces=1)},
        because="坏了",
        nonce=f"proposal-{leader.id}-of-one",
        limit_fen=0,
        seen_fen=line.price_fen,
        by_id=leader.user_id,
        now=clock.now(),
    )
    newest = sa.select(sa.func.max(RefundProposal.id)).where(RefundProposal.leader_id == leader.id)
    return db.session.scalars(newest).one()
