"""A provider's bill against the books: each difference is a case, each fee is booked once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, WrongState
from groupbuy.extensions import db
from groupbuy.orders import paying, unplaced
from groupbuy.orders.models import Order
from groupbuy.payments import cases, ledger, reconciling
from groupbuy.payments.models import BillImport, BillLine, MoneyCase, Payment, Refund
from groupbuy.payments.providers.reports import Paid
from tests import factories
from tests.checks import count, refused
from tests.conftest import NOON
from tests.fakes import alipay_words as words
from tests.payments.test_alipay_bill import BACK, ROW

HOUR = timedelta(hours=1)


@pytest.fixture
def operator(app) -> int:
    with transaction():
        return factories.make_user().id


@pytest.fixture
def paid(alipay_there, operator) -> Payment:
    """An order of ¥75.60 paid by Alipay at NOON, their number T1."""
    with transaction():
        order = factories.make_order(factories.make_deal(), 2)
        payment = paying.begin(order, "alipay", "wap", now=NOON)
        told = Paid(payment.out_trade_no, "paid", "T1", 7560, paid_at=NOON)
        assert paying.receive(told, "alipay", now=NOON) == "paid"
    return payment


def row(payment: Payment, **values: str) -> dict[str, str]:
    own = {
        "支付宝交易号": "T1",
        "商户订单号": payment.out_trade_no,
        "完成时间": "2035-05-12 12:00:00",
        "订单金额（元）": "75.60",
        "服务费（元）": "-0.45",
    }
    return ROW | own | values


def frame(payment: Payment) -> list[dict[str, str]]:
    """Two payments that are nobody's, an hour before and after: the span of the bill."""
    return [
        row(
            payment,
            支付宝交易号=f"X{hour}",
            商户订单号=f"X{hour}",
            完成时间=f"2035-05-12 {hour}:00:00",
        )
        for hour in (11, 13)
    ]


def read(operator: int, *rows: dict[str, str]) -> BillImport:
    data = words.bill(list(rows))
    with transaction():
        return reconciling.import_bill("alipay", data, by_id=operator, now=NOON + HOUR)


def kinds(but: str = "bill_unknown_payment") -> list[str]:
    found = db.session.scalars(sa.select(MoneyCase.kind).order_by(MoneyCase.id))
    return [kind for kind in found if kind != but]


def test_a_bill_that_agrees_opens_no_case_and_its_fee_is_booked(paid, operator):
    bill = read(operator, row(paid))
    assert (bill.differences, kinds(), count(BillLine)) == (0, [], 1)
    assert (bill.first_at, bill.last_at) == (NOON, NOON)
    assert ledger.balance_fen("fees") == 45
    assert ledger.balance_fen("cash:alipay") == 7560 - 45


def test_the_same_file_twice_is_refused_and_a_longer_one_books_no_fee_twice(paid, operator):
    read(operator, row(paid))
    with pytest.raises(reconciling.SameBill, match="2035-05-12"):
        read(operator, row(paid))
    read(operator, row(paid), *frame(paid))
    assert ledger.balance_fen("fees") == 3 * 45
    assert count(BillImport) == 2


def test_a_fee_given_back_with_a_refund_is_booked_the_other_way(paid, operator):
    back = BACK | {"支付宝交易号": "T1", "商户订单号": paid.out_trade_no}
    read(operator, row(paid), back | {"完成时间": "2035-05-12 12:00:00"})
    assert ledger.balance_fen("fees") == 45 - 3
    assert kinds() == ["bill_unknown_refund"]


def test_what_is_missing_here_and_there_and_other_sums_become_cases(paid, operator):
    assert read(operator, *frame(paid)).differences == 3
    assert kinds() == ["bill_lacks_payment"]
    assert count(MoneyCase, MoneyCase.kind == "bill_unknown_payment") == 2
    read(operator, row(paid, **{"订单金额（元）": "75.61"}))
    assert kinds()[1:] == ["bill_other_sum"]


def test_money_the_bill_has_and_we_have_not_booked_becomes_a_case(alipay_there, operator):
    with transaction():
        order = factories.make_order(factories.make_deal(), 2)
        payment = paying.begin(order, "alipay", "wap", now=NOON)
    read(operator, row(payment))
    assert kinds() == ["bill_not_booked"]
    assert order.paid_fen == 0  # a bill is believed by nobody but people


def test_another_transaction_under_the_same_number_becomes_a_case(paid, operator):
    read(operator, row(paid), row(paid, 支付宝交易号="T2"))
    assert kinds() == ["bill_not_booked"]


def test_the_same_difference_in_two_bills_is_one_case(paid, operator):
    read(operator, *frame(paid))
    read(operator, *reversed(frame(paid)))
    assert count(MoneyCase) == 3


def test_what_is_no_bill_is_refused_kindly(operator):
    for data in (b"", b"\x00\xff", "你好".encode(), b"PK\x03\x04"):
        with pytest.raises(BadInput) as refusal, transaction():
            reconciling.import_bill("alipay", data, by_id=operator, now=NOON)
        assert refusal.value.field == "bill"
        assert "codec" not in refusal.value.sentence
    for way in ("cash", "nobody"):
        with pytest.raises(BadInput), transaction():
            reconciling.import_bill(way, b"", by_id=operator, now=NOON)
    assert count(BillImport) == 0


@pytest.fixture
def strange(app) -> MoneyCase:
    """¥20 that came by Alipay under a number that is not ours."""
    with transaction():
        told = Paid("STRANGE1", "paid", "T9", 2000, paid_at=NOON)
        assert cases.unknown_money(told, "alipay", now=NOON) == "unknown"
    return db.session.scalars(sa.select(MoneyCase)).one()


def test_suspended_money_is_not_talked_away(strange, operator):
    with refused(unplaced.MoneyStillThere):
        unplaced.close(strange, "passt schon", by_id=operator, now=NOON)
    assert (strange.closed_at, ledger.balance_fen("suspense")) == (None, -2000)


def test_suspended_money_that_was_sent_back_leaves_the_books(strange, operator):
    with refused(BadInput):
        unplaced.sent_back(strange, " ", by_id=operator, now=NOON)
    assert unplaced.sent_back(strange, "退了", by_id=operator, now=NOON) == 2000
    assert (ledger.balance_fen("suspense"), ledger.balance_fen("cash:alipay")) == (0, 0)
    with refused(WrongState):
        unplaced.sent_back(strange, "退了", by_id=operator, now=NOON)


def test_suspended_money_booked_to_an_order_places_it(strange, operator):
    leader = factories.make_leader()
    sku = factories.make_sku(leader, price_fen=2000)
    order = factories.make_order(factories.make_deal(leader=leader, skus=[sku]))
    assert unplaced.book(strange, order.number, "", by_id=operator, now=NOON) == "paid"
    db.session.refresh(order)
    assert (order.state, order.paid_fen, strange.closed_because) == ("placed", 2000, order.number)
    assert (ledger.balance_fen("suspense"), ledger.balance_fen("order", order.id)) == (0, -2000)


def test_suspended_money_booked_to_an_order_that_owes_other_money_goes_back(strange, operator):
    order = factories.make_order(factories.make_deal())
    assert unplaced.book(strange, order.number, "", by_id=operator, now=NOON) == "late"
    assert db.session.scalars(sa.select(Refund.amount_fen)).all() == [2000]
    assert db.session.get_one(Order, order.id).state == "pending"


def test_suspended_money_is_booked_to_no_order_that_is_not_there(strange, operator):
    with refused(BadInput):
        unplaced.book(strange, "20350512-NOTHERE", "", by_id=operator, now=NOON)
    assert ledger.balance_fen("suspense") == -2000


def test_a_second_payment_under_a_confirmed_number_can_only_go_back(paid, operator):
    with transaction():
        told = Paid(paid.out_trade_no, "paid", "T2", 7560, paid_at=NOON)
        assert paying.receive(told, "alipay", now=NOON) == "wrong"
    case = db.session.scalars(sa.select(MoneyCase)).one()
    number = db.session.get_one(Order, paid.order_id).number
    with refused(unplaced.NotForThatOrder):
        unplaced.book(case, number, "", by_id=operator, now=NOON)
    unplaced.sent_back(case, "退了", by_id=operator, now=NOON)
    assert ledger.balance_fen("cash:alipay") == 7560


def test_a_case_without_money_is_closed_with_a_reason(paid, operator):
    read(operator, *frame(paid))
    case = db.session.scalars(sa.select(MoneyCase)).first()
    with refused(BadInput):
        unplaced.close(case, "", by_id=operator, now=NOON)
    unplaced.close(case, "别的店", by_id=operator, now=NOON)
    assert case.closed_by_id == operator
