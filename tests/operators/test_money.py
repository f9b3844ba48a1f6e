"""The operator's board of stuck money, refunds, bills, and second persons."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.wording import words as told
from groupbuy.orders import paying
from groupbuy.payments import cases, ledger, refunding, refunds, stuck
from groupbuy.payments.ledger import Leg
from groupbuy.payments.models import BillImport, MoneyCase, Payment, Refund, RefundProposal
from groupbuy.payments.providers.reports import Paid, Refunded
from groupbuy.pickup import proposing
from groupbuy.pickup.back_plan import whole
from tests import factories
from tests.checks import assert_everything_true, count
from tests.fakes import alipay_words
from tests.leaders.orders import EN, at_desk, helper_of
from tests.operators.desks import as_user, logged, make_operator
from tests.pages.reading import words
from tests.payments.conftest import alipay_there  # noqa: F401
from tests.payments.test_alipay_bill import ROW
from tests.pickup.rows import closed_deal, orders_of

HOUR = timedelta(hours=1)


@pytest.fixture
def operator(app):
    return make_operator()


@pytest.fixture
def browser(app, operator):
    operator.locale = "en"
    return as_user(app, operator)


def post(browser, path: str, **fields: str):
    return browser.post(f"/operator{path}", data=fields, headers=EN, follow_redirects=True)


def board(browser) -> str:
    page = browser.get("/operator/money", headers=EN)
    assert page.status_code == 200
    return words(page)


@pytest.fixture
def online(alipay_there) -> Payment:  # noqa: F811
    """An attempt by Alipay that was told to them 40 minutes ago, by the clock that pages read."""
    with transaction():
        opens_at = clock.now() - HOUR
        order = factories.make_order(factories.make_deal(opens_at=opens_at), 2, now=clock.now())
        payment = paying.begin(order, "alipay", "wap", now=clock.now())
        payment.begun_at = clock.now() - timedelta(minutes=40)
    return payment


@pytest.fixture
def failed(online) -> Refund:
    """Money that came for an order which had been paid by then, refused by Alipay."""
    with transaction():
        order = db.session.get_one(paying.Order, online.order_id)
        answer = Paid(online.out_trade_no, "paid", "T1", 7560, paid_at=clock.now())
        paying.receive(answer, "alipay", now=clock.now())
        line = order.lines[0]
        order.due_fen, line.price_fen = 5560, 2780
        db.session.flush()
        [refund] = refunds.request(order, 2000, why="x", key="x", now=clock.now())
        assert refunding.claim(refund.id, now=clock.now())
        refund.tries = len(refunding.TRY_AGAIN)
        db.session.flush()
        no = Refunded(refund.out_refund_no, "failed", error="卡已注销")
        refunding.write_down(no, now=clock.now())
    return refund


def test_an_empty_board_says_so(browser):
    assert "Nothing is stuck" in board(browser)


def test_an_attempt_that_nobody_knows_the_end_of_is_asked_about(browser, online, alipay_there):  # noqa: F811
    assert "¥75.60" in board(browser)
    page = post(browser, f"/money/payments/{online.id}/ask")
    assert "not paid so far" in words(page)
    alipay_there.errors[""] = "40004 ACQ.SYSTEM_ERROR"
    assert "does not answer" in words(post(browser, f"/money/payments/{online.id}/ask"))


def test_a_refund_that_failed_is_tried_again_or_given_by_hand_once(browser, failed):
    assert "卡已注销" in board(browser)
    assert "Failed" in words(browser.get("/operator/refunds?state=failed", headers=EN))
    page = post(browser, f"/refunds/{failed.id}/by-hand", because="")
    assert page.status_code == 422
    post(browser, f"/refunds/{failed.id}/retry")
    assert failed.state == "submitted"
    page = post(browser, f"/refunds/{failed.id}/by-hand", because="银行转账")
    assert page.status_code == 409
    with transaction():
        failed.state = "failed"
    page = post(browser, f"/refunds/{failed.id}/by-hand", because="银行转账")
    assert "by hand" in words(page)
    assert (failed.state, failed.by_hand, len(logged("refund_by_hand"))) == ("succeeded", True, 1)
    assert post(browser, f"/refunds/{failed.id}/by-hand", because="x").status_code == 409
    assert ledger.balance_fen("cash:bank") == -2000
    assert_everything_true("I3c", "I17")


def test_a_leader_reads_why_a_refund_failed_and_only_an_operator_reads_the_code(
    app, browser, failed
):
    own = db.session.get_one(paying.Order, failed.order_id).deal.leader
    desk = at_desk(app, own)
    for error, said in (
        ("40004 ACQ.SELLER_BALANCE_NOT_ENOUGH", "holds too little"),
        ("USER_ACCOUNT_ABNORMAL", "takes no money"),
        ("ACQ.TRADE_HAS_FINISHED", "too old"),
        ("PARAM_ERROR 卡已注销", "did not give it back: 卡已注销"),
        ("", "did not give it back."),
    ):
        with transaction():
            failed.last_error = error
        seen = words(desk.get("/lead/refunds", headers=EN))
        assert said in seen
        assert "_" not in seen
        code = words(browser.get("/operator/refunds", headers=EN))
        assert said in code
        assert error in code


def test_a_leader_sees_only_their_own_refunds(app, failed):
    own = db.session.get_one(paying.Order, failed.order_id).deal.leader
    other = factories.make_leader()
    assert "¥20.00" in words(at_desk(app, own).get("/lead/refunds?state=failed", headers=EN))
    stranger = at_desk(app, other)
    assert "¥20.00" not in words(stranger.get("/lead/refunds", headers=EN))
    assert stranger.post(f"/lead/refunds/{failed.id}/retry").status_code == 404
    assert at_desk(app, own).post(f"/lead/refunds/{failed.id}/retry").status_code == 303
    assert failed.state == "submitted"


@pytest.fixture
def strange(app) -> MoneyCase:
    with transaction():
        answer = Paid("STRANGE1", "paid", "T9", 2000, paid_at=clock.now())
        cases.unknown_money(answer, "alipay", now=clock.now())
    return db.session.scalars(sa.select(MoneyCase)).one()


def test_suspended_money_is_sent_back_or_booked_and_never_just_closed(browser, strange):
    assert "¥20.00" in board(browser)
    assert post(browser, f"/money/cases/{strange.id}/close", because="x").status_code == 409
    page = post(browser, f"/money/cases/{strange.id}/book", number="nothing", because="")
    assert page.status_code == 422
    page = post(browser, f"/money/cases/{strange.id}/sent-back", because="原路退")
    assert "¥20.00 noted" in words(page)
    assert ledger.balance_fen("suspense") == 0
    assert_everything_true()


def test_a_bill_is_read_in_once_and_its_differences_are_cases(browser):
    def send(data: bytes, way: str = "alipay"):
        fields = {"way": way, "bill": (io.BytesIO(data), "a.csv")}
        return browser.post("/operator/bills", data=fields, headers=EN, follow_redirects=True)

    bill = alipay_words.bill([ROW])
    assert "1 difference" in words(send(bill))
    assert "read in already" in words(send(bill))
    assert send(b"nonsense").status_code == 422
    assert send(bill, "cash").status_code == 422
    assert browser.post("/operator/bills", headers=EN).status_code == 422
    case = db.session.scalars(sa.select(MoneyCase)).one()
    assert "closed" in words(post(browser, f"/money/cases/{case.id}/close", because="别家的"))
    assert (count(BillImport), count(MoneyCase)) == (1, 1)
    assert "Alipay" in words(browser.get("/operator/bills", headers=EN))


def test_more_cash_than_agreed_is_on_the_board(browser):
    leader = factories.make_leader()
    leader.cash_limit_fen = 100
    legs = (Leg("cash:leader", leader.id, 5000), Leg("suspense", 0, -5000))
    ledger.enter("x", "x", legs, now=clock.now())
    db.session.commit()
    assert "at most ¥1.00" in board(browser)


@pytest.fixture
def proposed(app) -> RefundProposal:
    deal = closed_deal((2,))
    [order] = orders_of(deal)
    proposing.ask(
        order,
        whole(order),
        because="全坏了",
        nonce="n" * 20,
        limit_fen=0,
        seen_fen=2000,
        by_id=deal.leader.user_id,
        now=clock.now(),
    )
    db.session.commit()
    return db.session.scalars(sa.select(RefundProposal)).one()


def test_an_operator_agrees_to_a_refund_or_not(browser, proposed):
    assert "全坏了" in board(browser)
    assert "¥20.00 less" in words(post(browser, f"/money/proposals/{proposed.id}/approve"))
    assert post(browser, f"/money/proposals/{proposed.id}/refuse").status_code == 409
    assert_everything_true()


def test_an_operator_cannot_agree_with_themselves(app, browser, operator, proposed):
    proposed.proposed_by_id = operator.id
    db.session.commit()
    assert post(browser, f"/money/proposals/{proposed.id}/approve").status_code == 409
    assert count(Refund) == 0


def test_an_operator_gives_back_from_the_page_of_the_order(browser):
    [order] = orders_of(closed_deal((2,)))
    line_id, number = order.lines[0].id, order.number
    db.session.commit()
    path = f"/operator/orders/{number}/refund"
    assert "¥10.00 less" in words(browser.get(f"{path}?pieces-{line_id}=1", headers=EN))
    fields = {f"pieces-{line_id}": "1", "seen": "1000", "because": "坏", "nonce": "n" * 20}
    page = browser.post(path, data=fields, headers=EN, follow_redirects=True)
    assert "¥10.00 less" in words(page)
    assert db.session.scalars(sa.select(Refund.amount_fen)).all() == [1000]


def test_operators_are_told_of_stuck_money_once_a_day(operator, strange):
    now = clock.now()
    for hours in (0, 0, 25):
        with transaction():
            stuck.alert(now + hours * HOUR)
    notices = db.session.scalars(sa.select(Notice).where(Notice.kind == "money_stuck")).all()
    assert [notice.user_id for notice in notices] == [operator.id] * 2
    assert notices[0].detail == {"stuck_cases": 1}
    assert told(notices[0])


def test_helpers_give_no_money_back(app):
    deal = closed_deal((2,))
    [order] = orders_of(deal)
    helper = helper_of(deal.leader, orders=True)
    path = f"/lead/deals/{deal.slug}/orders/{order.number}/refund"
    client = at_desk(app, helper)
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404
    batch = {"act": "refund", "order": order.id}
    address = f"/lead/deals/{deal.slug}/orders/batch"
    assert client.get(address, query_string=batch).status_code == 404
