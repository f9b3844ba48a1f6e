"""A resident with an order to pay by the sandbox, by the real clock, and what they tap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.payments.models import Payment, Refund
from groupbuy.payments.providers import sandbox
from groupbuy.payments.providers.reports import Paid
from tests.factories import make_deal, make_member, make_order
from tests.members.known import browser
from tests.pages.reading import words

HOUR = timedelta(hours=1)
NOTIFY = "/pay/sandbox/notify"


@dataclass
class Shopper:
    """A browser, and the order that is theirs."""

    client: FlaskClient
    order: Order

    @property
    def page(self) -> str:
        return f"/o/{self.order.number}/pay"

    def read(self, path: str = "") -> str:
        return words(self.client.get(path or self.page))

    def go_to_pay(self, way: str = "sandbox") -> TestResponse:
        """Choose a way; the sandbox answers with its page."""
        return self.client.post(self.page, data={"way": way})

    def end_with(self, act: str) -> TestResponse:
        """Begin, then press a button of the sandbox's page."""
        there = self.go_to_pay().location
        assert there.startswith("/sandbox/pay/")
        return self.client.post(there, data={"act": act})

    def now_is(self) -> tuple[str, int, int]:
        """State, fen paid, fen that go back, as they are now."""
        fresh()
        return self.order.state, self.order.paid_fen, self.order.refunded_fen


def shopper(app: Flask, deal: Deal | None = None, **values: Any) -> Shopper:
    """A guest with a pending order that they want to pay by the sandbox."""
    deal = deal or make_deal(opens_at=clock.now() - HOUR)
    member = make_member(deal.leader)
    values = {"way": "sandbox", "now": clock.now()} | values
    order = make_order(deal, 1, member=member, **values)
    db.session.commit()
    return Shopper(browser(app, None, member), order)


def fresh() -> None:
    """What other requests wrote is seen."""
    db.session.rollback()
    db.session.expire_all()


def payments(order: Order) -> list[Payment]:
    fresh()
    wanted = sa.select(Payment).where(Payment.order_id == order.id).order_by(Payment.id)
    return list(db.session.scalars(wanted))


def refunds(order: Order) -> list[Refund]:
    fresh()
    wanted = sa.select(Refund).where(Refund.order_id == order.id).order_by(Refund.id)
    return list(db.session.scalars(wanted))


def begun(someone: Shopper) -> Payment:
    """The attempt, after choosing the sandbox."""
    someone.go_to_pay()
    return payments(someone.order)[-1]


def told_of(payment: Payment, **other: Any) -> tuple[dict[str, str], bytes]:
    """A good notification that `payment` is paid, with `other` facts in place of the true ones."""
    told = Paid(
        payment.out_trade_no,
        "paid",
        f"SB{payment.id}",
        payment.amount_fen,
        paid_at=clock.now(),
    )
    return sandbox.notification(told._replace(**other))


def notify(app: Flask, headers: dict[str, str], body: bytes, way: str = "sandbox") -> TestResponse:
    return app.test_client().post(f"/pay/{way}/notify", headers=headers, data=body)
