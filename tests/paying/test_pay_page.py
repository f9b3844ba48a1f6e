"""What residents can choose, and what they read when paying does not go as it should."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from groupbuy import jobs
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.orders.vouching import vouch
from groupbuy.payments.providers import alipay, sandbox, wechat
from groupbuy.payments.providers.reports import Begun, Refused, Unreachable
from tests.checks import count
from tests.factories import make_deal
from tests.members.test_cart import two_kinds
from tests.members.test_checkout import filled, orders, send, with_cart
from tests.pages.reading import words
from tests.paying.stage import HOUR, begun, fresh, payments, shopper

IN_WECHAT = "Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0.50"
PHONE = "Mozilla/5.0 (Linux; Android 14) Mobile Safari"
COMPUTER = "Mozilla/5.0 (X11; Linux) Firefox"


@pytest.fixture
def all_ways(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this site had accounts with everybody."""
    for provider in (wechat, alipay):
        monkeypatch.setattr(provider, "is_on", lambda: True)


def test_the_checkout_leads_to_paying_for_who_wants_to_pay_online(app: Flask):
    deal = two_kinds()
    client = with_cart(app, deal)
    answer = send(client, deal, filled(client, deal, way="sandbox"))
    [order] = orders()
    assert (answer.status_code, answer.location) == (303, f"/o/{order.number}/pay")
    assert (order.way, order.state) == ("sandbox", "pending")
    assert order.pay_by == order.placed_at + timedelta(minutes=15)
    page = words(client.get(answer.location, headers={"Accept-Language": "en"}))
    assert "¥ 42.30" in page
    assert "Pay by" in page


def test_cash_stays_the_way_of_whoever_chooses_nothing(app: Flask):
    deal = two_kinds()
    client = with_cart(app, deal)
    assert send(client, deal, filled(client, deal)).status_code == 303
    [order] = orders()
    assert (order.way, order.pay_by) == ("cash", None)


@pytest.mark.parametrize("way", ["paypal", "wechat", "", "\x00"])
def test_a_way_that_is_none_is_refused_at_its_field(app: Flask, way: str):
    deal = two_kinds()
    client = with_cart(app, deal)
    answer = send(client, deal, filled(client, deal, way=way))
    assert answer.status_code == 422
    assert "请从中选一个" in words(answer)
    assert orders() == []
    someone = shopper(app)
    assert someone.go_to_pay(way).status_code == 422
    assert [payment.method for payment in payments(someone.order)] == [""]


@pytest.mark.parametrize(
    ("agent", "seen"),
    [
        (IN_WECHAT, ["Without leaving WeChat"]),
        (PHONE, ["WeChat opens", "Alipay opens"]),
        (COMPUTER, ["Scan a code", "Alipay opens"]),
    ],
)
def test_each_device_sees_what_works_there(app: Flask, all_ways, agent: str, seen: list[str]):
    someone = shopper(app)
    page = words(someone.client.get(someone.page, headers={"User-Agent": agent}))
    for guide in ("Without leaving WeChat", "WeChat opens", "Alipay opens", "Scan a code"):
        assert (guide in page) is (guide in seen), guide


def test_a_leader_may_take_only_some_ways(app: Flask, all_ways):
    deal = make_deal(opens_at=clock.now() - HOUR)
    deal.ways = ["cash", "sandbox"]
    someone = shopper(app, deal)
    assert "Alipay" not in someone.read()
    assert someone.go_to_pay("alipay").status_code == 422


def test_a_code_to_scan_stays_on_the_page(app: Flask, all_ways, monkeypatch):
    told = Begun("qr", url="weixin://wxpay/bizpayurl?pr=abc")
    monkeypatch.setattr(wechat, "begin", lambda attempt: told)
    someone = shopper(app)
    someone.client.environ_base["HTTP_USER_AGENT"] = COMPUTER
    answer = someone.go_to_pay("wechat")
    assert answer.location == someone.page
    page = someone.client.get(someone.page).text
    assert "<svg xmlns" in page
    assert "I have paid" in page
    assert payments(someone.order)[-1].method == "native"


def test_another_device_gets_a_number_of_its_own(app: Flask, all_ways, monkeypatch):
    monkeypatch.setattr(wechat, "begin", lambda attempt: Begun("redirect", "https://pay.example/x"))
    someone = shopper(app)
    for agent in (COMPUTER, PHONE):
        someone.client.environ_base["HTTP_USER_AGENT"] = agent
        answer = someone.go_to_pay("wechat")
        assert answer.status_code == 200
        assert 'content="0;url=https://pay.example/x"' in answer.text
    assert [(p.method, p.state) for p in payments(someone.order)[1:]] == [
        ("native", "void"),
        ("h5", "begun"),
    ]


def test_inside_wechat_its_words_are_on_the_button(app: Flask, all_ways, monkeypatch):
    params = {"appId": "wx1", "package": "prepay_id=\"<'&"}
    monkeypatch.setattr(wechat, "begin", lambda attempt: Begun("jsapi", params=params))
    someone = shopper(app)
    someone.client.environ_base["HTTP_USER_AGENT"] = IN_WECHAT
    refused = someone.go_to_pay("wechat")
    assert (refused.status_code, "who you are" in words(refused)) == (409, True)
    someone.client.environ_base["HTTP_USER_AGENT"] = PHONE
    assert someone.go_to_pay("wechat").location == someone.page
    page = someone.client.get(someone.page).text
    assert "data-wechat-pay=" in page
    assert "<'" not in page


@pytest.mark.parametrize(
    ("trouble", "sentence", "state"),
    [
        (Unreachable("timeout"), "does not answer", "begun"),
        (Refused("RISK"), "refused this payment", "void"),
    ],
)
def test_trouble_with_the_provider_is_told_and_can_be_tried_again(
    app: Flask, monkeypatch, trouble, sentence, state
):
    def troubled(attempt):
        raise trouble

    someone = shopper(app)
    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "begin", troubled)
        assert someone.go_to_pay().location == someone.page
    assert sentence in someone.read()
    assert payments(someone.order)[0].state == state
    someone.end_with("pay")
    assert someone.now_is() == ("placed", 3780, 0)


def test_a_provider_who_does_not_answer_is_asked_again(app: Flask, monkeypatch):
    def silent(number):
        raise Unreachable("timeout")

    someone = shopper(app)
    someone.end_with("silent")
    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "query", silent)
        someone.client.post(f"{someone.page}/ask")
    assert "nothing is lost" in someone.read()
    assert someone.now_is() == ("pending", 0, 0)


def test_looking_at_the_page_asks_nobody_and_writes_nothing(app: Flask, monkeypatch):
    someone = shopper(app)
    begun(someone)
    monkeypatch.setattr(sandbox, "query", lambda number: pytest.fail("asked"))
    assert "Waiting to hear" in someone.read()
    itself = {"HX-Request": "true"}
    assert someone.client.get(someone.page, headers=itself).status_code == 204
    sandbox.pay(payments(someone.order)[-1].out_trade_no)
    assert someone.client.get(someone.page, headers=itself).status_code == 204


def test_the_page_that_waits_hears_of_the_money(app: Flask):
    someone = shopper(app)
    someone.end_with("pay")
    answer = someone.client.get(someone.page, headers={"HX-Request": "true"})
    assert (answer.status_code, 'id="pay"' in answer.text) == (200, True)


def test_when_the_time_to_pay_is_over_the_page_says_what_that_means(app: Flask):
    someone = shopper(app)
    someone.order.pay_by = clock.now() - timedelta(seconds=1)
    db.session.commit()
    assert "The time to pay is over" in someone.read()
    assert someone.go_to_pay().status_code == 409
    fresh()
    jobs.expire_unpaid(clock.now())
    assert someone.now_is() == ("expired", 0, 0)
    assert "This order has ended" in someone.read()
    assert someone.go_to_pay().status_code == 409


def test_when_the_sum_changed_the_new_one_is_to_be_paid(app: Flask):
    someone = shopper(app)
    number = begun(someone).out_trade_no
    line = someone.order.lines[0]
    form = {
        f"q-{line.item_id}": "2",
        "point": str(someone.order.point_id),
        "key": "k" * 24,
        "version": str(someone.order.version),
        "confirmed": "7560",
    }
    assert someone.client.post(f"/o/{someone.order.number}/change", data=form).status_code == 303
    assert "The sum of the order has changed" in someone.read()
    someone.end_with("pay")
    assert someone.now_is() == ("placed", 7560, 0)
    sandbox.pay(number)
    db.session.rollback()
    jobs.ask_payments(clock.now() + timedelta(seconds=30))
    assert someone.now_is() == ("placed", 7560 + 3780, 3780)


def test_above_the_limit_only_cash_is_taken(app: Flask, monkeypatch):
    monkeypatch.setitem(app.config, "ORDER_LIMIT_FEN", 3779)
    deal = two_kinds()
    client = with_cart(app, deal)
    answer = send(client, deal, filled(client, deal, way="sandbox"))
    assert answer.status_code == 409
    assert "¥37.79" in words(answer)
    assert count(Order) == 0
    someone = shopper(app, way="cash")
    assert "cannot be paid online" in someone.read()
    assert "Demo payment" not in someone.read()
    assert someone.go_to_pay().status_code == 409
    someone.order.member.order_limit_fen = 3780
    db.session.commit()
    assert someone.go_to_pay().status_code == 303


def test_a_leaders_limit_goes_before_the_sites(app: Flask):
    someone = shopper(app)
    someone.order.deal.leader.order_limit_fen = 100
    db.session.commit()
    assert someone.go_to_pay().status_code == 409
    assert "¥1.00" in someone.read()


def test_the_order_leads_to_paying_as_long_as_it_is_owed(app: Flask):
    someone = shopper(app)
    order_page = f"/o/{someone.order.number}"
    assert "Pay ¥37.80 now" in someone.read(order_page)
    someone.end_with("pay")
    assert f"{order_page}/pay" not in someone.client.get(order_page).text


def test_cash_given_to_the_leader_ends_the_attempt(app: Flask):
    someone = shopper(app)
    begun(someone)
    order = someone.order
    vouch(order, by_id=order.deal.leader.user_id, now=clock.now())
    db.session.commit()
    assert "Paid" in someone.read()
    assert someone.go_to_pay().status_code == 409


def test_of_a_deal_paid_at_the_pickup_money_is_taken_before(app: Flask):
    deal: Deal = make_deal(opens_at=clock.now() - HOUR, pay_at_pickup=True)
    someone = shopper(app, deal)
    assert (someone.order.state, someone.order.pay_by) == ("placed", None)
    someone.end_with("pay")
    assert someone.now_is() == ("placed", 3780, 0)


def test_nobody_pays_or_asks_for_another(app: Flask):
    mine, theirs = shopper(app), shopper(app)
    for path in (theirs.page, f"{theirs.page}/ask"):
        assert mine.client.post(path, data={"way": "sandbox"}).status_code == 404
    assert mine.client.get(theirs.page).status_code == 404
    assert [payment.method for payment in payments(theirs.order)] == [""]
