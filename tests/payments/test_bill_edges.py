"""Bills that are odd, and what a bill sets off: asking, fees on a sheet, days that are compared."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from groupbuy.orders import paying
from groupbuy.orders.models import Order
from groupbuy.payments import attempts, ledger, reconciling
from groupbuy.payments.models import BillImport, BillLine, MoneyCase, Payment
from groupbuy.payments.providers.reports import Paid
from groupbuy.settlement import sheet
from tests import factories
from tests.checks import count
from tests.conftest import NOON
from tests.fakes import alipay_words as words
from tests.payments.test_alipay_bill import BACK, ROW

DAY = timedelta(days=1)


@pytest.fixture
def operator(app) -> int:
    with transaction():
        return factories.make_user().id


@pytest.fixture
def begun(alipay_there, operator) -> Payment:
    """An attempt at ¥75.60 that Alipay was told of at NOON."""
    with transaction():
        order = factories.make_order(factories.make_deal(), 2)
        return paying.begin(order, "alipay", "wap", now=NOON)


@pytest.fixture
def paid(begun) -> Payment:
    with transaction():
        told = Paid(begun.out_trade_no, "paid", "T1", 7560, paid_at=NOON)
        assert paying.receive(told, "alipay", now=NOON) == "paid"
    return begun


def row(number: str, **values: str) -> dict[str, str]:
    own = {
        "支付宝交易号": "T1",
        "商户订单号": number,
        "完成时间": "2035-05-12 12:00:00",
        "订单金额（元）": "75.60",
        "服务费（元）": "-0.45",
    }
    return ROW | own | values


def read(operator: int, *rows: dict[str, str], now=NOON + DAY) -> BillImport:
    with transaction():
        data = words.bill(list(rows))
        return reconciling.import_bill("alipay", data, by_id=operator, now=now)


def lacking() -> list[int | None]:
    found = sa.select(MoneyCase.payment_id).where(MoneyCase.kind == "bill_lacks_payment")
    return list(db.session.scalars(found))


@pytest.mark.parametrize(
    "odd",
    [{"商户订单号": "N" * 65}, {"支付宝交易号": "T" * 65}, {"支付宝交易号": "T\0"}],
    ids=["long number", "long transaction", "NUL"],
)
def test_what_a_database_does_not_take_is_no_bill(operator, odd):
    with pytest.raises(BadInput) as refusal:
        read(operator, row("N1", **odd))
    assert refusal.value.field == "bill"
    assert (count(BillImport), count(BillLine)) == (0, 0)


AT = NOON.isoformat()


@pytest.mark.parametrize(
    "line",
    [
        5,
        [],
        ["payment", None, "N", "T", "", "P", 1, 0],
        ["payment", "2035-05-12T00:00:00", "N", "T", "", "P", 1, 0],
        ["payment", AT, "N", "T", "", "P", 10**13, 0],
        ["payment", AT, "N", "T", "", "P", -1, 0],
        ["payment", AT, "N", "T", "", "P", 1, "x"],
        [[], AT, "N", "T", "", "P", 1, 0],
    ],
    ids=str,
)
def test_odd_lines_of_a_sandbox_bill_are_refused(app, operator, monkeypatch, line: Any):
    monkeypatch.setitem(app.config, "SANDBOX_PAY", True)
    data = f"sandbox bill\n{json.dumps(line)}\n".encode()
    with pytest.raises(BadInput) as refusal, transaction():
        reconciling.import_bill("sandbox", data, by_id=operator, now=NOON)
    assert refusal.value.field == "bill"


def test_where_the_sandbox_is_off_nobody_reads_its_bills(app, operator, monkeypatch):
    monkeypatch.setitem(app.config, "SANDBOX_PAY", False)
    with pytest.raises(BadInput) as refusal, transaction():
        reconciling.import_bill("sandbox", b"sandbox bill\n", by_id=operator, now=NOON)
    assert refusal.value.field == "way"
    assert reconciling.ways_with_bills() == ["wechat", "alipay"]


def test_money_that_only_the_bill_knows_of_is_asked_about_at_once(begun, operator):
    with transaction():
        attempts.end(begun.id, now=NOON)
    read(operator, row(begun.out_trade_no))
    db.session.refresh(begun)
    assert begun.next_ask_at == NOON + DAY
    assert attempts.due(NOON + DAY) == [begun.id]


def test_what_is_missing_on_the_day_of_the_bill_is_seen_outside_of_its_first_and_last_line(
    paid, operator
):
    read(operator, row("OTHER", 支付宝交易号="T2", 完成时间="2035-05-12 09:00:00"))
    assert lacking() == [paid.id]


def test_what_was_paid_on_another_day_is_not_missing(paid, operator):
    read(operator, row("OTHER", 支付宝交易号="T2", 完成时间="2035-05-11 23:59:00"))
    read(operator, row("OTHER", 支付宝交易号="T2", 完成时间="2035-05-13 00:01:00"))
    assert lacking() == []


def test_the_day_of_the_same_bill_is_told_by_the_clock_here(operator):
    after_midnight = datetime(2035, 5, 12, 17, tzinfo=UTC)
    read(operator, row("N1"), now=after_midnight)
    with pytest.raises(reconciling.SameBill, match="2035-05-13"):
        read(operator, row("N1"), now=after_midnight)


def test_fees_stand_on_the_sheet_of_the_deal_and_one_given_back_is_no_money_that_came(
    paid, operator
):
    deal = db.session.get_one(Order, paid.order_id).deal
    back = BACK | {"支付宝交易号": "T1", "商户订单号": paid.out_trade_no}
    read(operator, row(paid.out_trade_no), row("OTHER", 支付宝交易号="T2"), back)
    told = sheet.figures(deal)
    assert (told["fees"], told["received"]) == (45 - 3, 7560)
    assert ledger.balance_fen("fees") == 2 * 45 - 3
