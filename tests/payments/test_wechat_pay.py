"""Every call to WeChat Pay, against a gateway that checks what we sign and signs what it says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from groupbuy.payments.providers import WAYS, ways_on, wechat
from groupbuy.payments.providers.reports import Paid, Refunded, Refused, Unreachable
from tests.fakes import wechat_pay_signing as signing
from tests.payments.wechat_stage import AT, BACK, NUMBER, attempt, back, running


@pytest.fixture
def fake(app):
    with running(app) as fake:
        yield fake


@pytest.fixture
def paid(fake):
    """A trade that somebody has paid."""
    wechat.begin(attempt())
    fake.pay(NUMBER, at=AT)
    return fake


def test_without_a_merchant_account_it_is_off(app):
    assert wechat.is_on() is False
    assert "wechat" not in ways_on()


def test_with_all_settings_it_is_on_and_one_missing_turns_it_off(fake, app, monkeypatch):
    assert wechat.is_on() is True
    assert WAYS["wechat"] is wechat
    for name in fake.settings:
        if name not in ("WECHAT_PAY_URL", "WECHAT_TIMEOUT"):
            with monkeypatch.context() as without:
                without.setitem(app.config, name, "")
                assert wechat.is_on() is False
    assert fake.asked == []  # and nobody was asked


def test_inside_wechat_the_page_gets_what_the_bridge_wants_signed_by_us(fake):
    begun = wechat.begin(attempt("jsapi"))
    params = begun.params
    assert (begun.kind, begun.url) == ("jsapi", "")
    assert set(params) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert (params["appId"], params["signType"]) == (fake.app_id, "RSA")
    assert params["package"] == f"prepay_id=wx{NUMBER}"
    lines = [params[name] for name in ("appId", "timeStamp", "nonceStr", "package")]
    message = "".join(f"{line}\n" for line in lines).encode()
    assert signing.is_signed("merchant", message, params["paySign"])
    assert fake.trades[NUMBER].told == {
        "appid": fake.app_id,
        "mchid": fake.mchid,
        "description": "邻里团 草莓 2 盒",
        "out_trade_no": NUMBER,
        "time_expire": "2035-05-12T12:20:06+08:00",
        "notify_url": "https://tuan.example/pay/wechat/notify",
        "amount": {"total": 3000, "currency": "CNY"},
        "payer": {"openid": "o-payer"},
    }


def test_on_another_screen_there_is_a_code_to_scan(fake):
    assert wechat.begin(attempt()) == ("qr", f"weixin://wxpay/bizpayurl?pr=wx{NUMBER}", {})


def test_in_a_browser_people_go_there_and_come_back_to_the_order(fake):
    begun = wechat.begin(attempt("h5"))
    assert begun.kind == "redirect"
    assert parse_qs(urlsplit(begun.url).query) == {
        "prepay_id": [f"wx{NUMBER}"],
        "redirect_url": ["https://tuan.example/o/1?paid=1&x=草"],
    }
    assert fake.trades[NUMBER].told["scene_info"] == {
        "payer_client_ip": "203.0.113.7",
        "h5_info": {"type": "Wap"},
    }


def test_inside_wechat_nobody_pays_without_being_known(fake):
    with pytest.raises(Refused) as refusal:
        wechat.begin(attempt("jsapi", openid=""))
    assert refusal.value.code == "OPENID_MISSING"
    assert fake.asked == []


def test_beginning_again_is_harmless_but_not_with_another_sum(fake):
    assert wechat.begin(attempt()) == wechat.begin(attempt())
    with pytest.raises(Refused) as refusal:
        wechat.begin(attempt(amount_fen=3001))
    assert refusal.value.code == "INVALID_REQUEST"
    assert fake.trades[NUMBER].told["amount"]["total"] == 3000


def test_a_long_or_odd_title_is_cut_to_what_is_allowed(fake):
    wechat.begin(attempt(title="草莓`,`\n" + "甜" * 200))
    title = fake.trades[NUMBER].told["description"]
    assert len(title.encode()) <= 127
    assert title.startswith("草莓',' 甜甜")


def test_a_trade_is_told_as_it_stands(fake):
    assert wechat.query(NUMBER) == Paid(NUMBER, "unknown")
    wechat.begin(attempt())
    assert wechat.query(NUMBER) == Paid(NUMBER, "unpaid")
    fake.pay(NUMBER, at=AT)
    known = wechat.query(NUMBER)
    number = fake.trades[NUMBER].transaction_id
    assert known == Paid(NUMBER, "paid", number, 3000, "CNY", AT)
    wechat.refund(back())
    assert wechat.query(NUMBER) == known  # what went back since was paid all the same


def test_another_sum_or_currency_is_told_as_it_is(fake):
    wechat.begin(attempt())
    fake.pay(NUMBER, fen=2999, currency="USD")
    for told in (wechat.query(NUMBER), wechat.parse(*fake.sealed(fake.waiting[0]))):
        assert (told.state, told.amount_fen, told.currency) == ("paid", 2999, "USD")


def test_a_closed_trade_cannot_be_paid_and_closing_twice_is_fine(fake):
    wechat.begin(attempt())
    wechat.close(NUMBER)
    wechat.close(NUMBER)
    assert wechat.query(NUMBER).state == "closed"
    wechat.close("GB-never-heard-of")
    with pytest.raises(ValueError, match="CLOSED"):
        fake.pay(NUMBER)
    with pytest.raises(Refused) as refusal:
        wechat.begin(attempt())
    assert refusal.value.code == "ORDER_CLOSED"


def test_what_is_paid_cannot_be_closed(paid):
    with pytest.raises(Refused) as refusal:
        wechat.close(NUMBER)
    assert refusal.value.code == "ORDERPAID"
    assert wechat.query(NUMBER).state == "paid"


def test_closing_while_somebody_types_the_password_tells_nothing(fake):
    wechat.begin(attempt())
    fake.pending = {"close"}
    with pytest.raises(Unreachable, match="202 USERPAYING"):
        wechat.close(NUMBER)


def test_a_refund_is_accepted_first_and_arrives_later(paid):
    assert wechat.query_refund(back()) == Refunded(BACK, "unknown")
    asked = wechat.refund(back())
    assert (asked.state, asked.refund_fen, asked.error) == ("processing", 1200, "")
    paid.finish_refund(BACK)
    arrived = asked._replace(state="succeeded")
    assert wechat.query_refund(back()) == arrived == wechat.refund(back())
    assert wechat.parse(*paid.sealed(paid.waiting[-1])) == arrived
    assert paid.refunded_fen() == 1200


@pytest.mark.parametrize("ended", ["ABNORMAL", "CLOSED"])
def test_a_refund_that_cannot_arrive_has_failed(paid, ended):
    wechat.refund(back())
    paid.finish_refund(BACK, ended)
    for told in (wechat.query_refund(back()), wechat.parse(*paid.sealed(paid.waiting[-1]))):
        assert (told.out_refund_no, told.state, told.error) == (BACK, "failed", ended)


def test_a_refund_of_another_sum_or_too_much_is_refused(paid):
    wechat.refund(back())
    for wrong in (back(1300), back(1801, "R7-again"), back(1)._replace(total_fen=2999)):
        with pytest.raises(Refused) as refusal:
            wechat.refund(wrong)
        assert refusal.value.code == "INVALID_REQUEST"
    with pytest.raises(Refused) as refusal:
        wechat.refund(back()._replace(out_trade_no="GB-unknown"))
    assert refusal.value.code == "RESOURCE_NOT_EXISTS"
    paid.no_money = True
    with pytest.raises(Refused) as refusal:
        wechat.refund(back(100, "R7-more"))
    assert refusal.value.code == "NOT_ENOUGH"
    assert paid.refunded_fen(status="PROCESSING") == 1200


def test_the_same_refund_asked_for_at_the_same_time_goes_back_once(paid, app):
    def ask(_turn: int) -> Refunded:
        with app.app_context():
            return wechat.refund(back())

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert paid.refunded_fen(status="PROCESSING") == 1200


def test_notifications_go_to_where_they_were_asked_for_as_often_as_they_like(paid):
    wechat.refund(back())
    paid.finish_refund(BACK)
    assert {n.url for n in paid.waiting} == {"https://tuan.example/pay/wechat/notify"}
    kinds = [type(wechat.parse(*paid.sealed(notice))) for notice in paid.waiting]
    assert kinds == [Paid, Refunded]
    twice = [wechat.parse(*paid.sealed(paid.waiting[0])) for _turn in range(2)]
    assert twice[0] == twice[1] == wechat.query(NUMBER)


def test_headers_may_come_in_any_case(paid):
    headers, body = paid.sealed(paid.waiting[0])
    assert wechat.parse({name.upper(): v for name, v in headers.items()}, body).state == "paid"


def test_the_fake_believes_nobody_but_our_merchant(fake):
    address = f"{fake.settings['WECHAT_PAY_URL']}/v3/pay/transactions/out-trade-no/{NUMBER}"
    assert requests.get(f"{address}?mchid={fake.mchid}", timeout=3).status_code == 401
    assert wechat.query(NUMBER).state == "unknown"  # signed, it is answered
