"""What Alipay tells us by itself, what it does not, and what somebody else tells in its name."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlencode

import pytest

from groupbuy.payments.providers import alipay, alipay_gateway
from groupbuy.payments.providers.reports import Attempt, Forged, Paid, Refunded, RefundOrder
from tests.fakes import alipay_words as words
from tests.fakes.alipay_words import beijing

NUMBER = "GB20350512ABCDEFGHJKMNPQ"
AT = datetime(2035, 5, 12, 4, 5, 6, tzinfo=UTC)
TITLE = "周末团 + 鸡蛋%26 12枚"


def open_trade(fake, number: str = NUMBER, notify_url: str = "https://tuan.example/n") -> None:
    later = datetime.now(UTC) + timedelta(minutes=15)
    told = Attempt(number, 1980, TITLE, "wap", later, "https://tuan.example/o/1", notify_url)
    fake.visit(alipay.begin(told).url)


@pytest.fixture
def opened(alipay_there):
    """A fake in which NUMBER waits to be paid."""
    open_trade(alipay_there)
    return alipay_there


def told(fake, **facts: str) -> Paid | Refunded:
    notification = fake.note(NUMBER, **facts)
    return alipay.parse(notification.headers, notification.body)


def resigned(body: bytes, **changes: str) -> bytes:
    """`body` with other facts, signed by Alipay all the same."""
    said = dict(parse_qsl(body.decode(), keep_blank_values=True)) | changes
    rest = {name: value for name, value in said.items() if name not in ("sign", "sign_type")}
    return urlencode(said | {"sign": words.sign(words.text_to_sign(rest), "alipay")}).encode()


def without(body: bytes, *names: str) -> bytes:
    return urlencode([pair for pair in parse_qsl(body.decode()) if pair[0] not in names]).encode()


def test_money_that_came_in_is_told(opened):
    notification = opened.pay(NUMBER, AT)
    trade_no = opened.trades[NUMBER].trade_no
    assert alipay.parse(notification.headers, notification.body) == Paid(
        NUMBER, "paid", trade_no, 1980, "CNY", AT
    )


@pytest.mark.parametrize(
    ("state", "means"),
    [
        ("WAIT_BUYER_PAY", "unpaid"),
        ("TRADE_SUCCESS", "paid"),
        ("TRADE_FINISHED", "paid"),
        ("TRADE_CLOSED", "closed"),
    ],
)
def test_every_state_is_understood(opened, state, means):
    assert told(opened, trade_status=state).state == means


def test_the_sum_and_the_currency_are_told_as_they_are(opened):
    assert told(opened, total_amount="0.1").amount_fen == 10
    assert told(opened, total_amount="9999999.99").amount_fen == 999999999
    assert told(opened, trans_currency="USD").currency == "USD"


def test_a_field_we_do_not_know_and_an_empty_one_are_part_of_what_is_signed(opened):
    assert told(opened, trade_status="TRADE_SUCCESS", fresh="x=y", body="").state == "paid"


@pytest.mark.parametrize("given_back", [500, 1980])
def test_a_refund_is_never_taken_for_a_payment(opened, given_back):
    opened.pay(NUMBER, AT)
    alipay.refund(RefundOrder(NUMBER, "R1-short", given_back, 1980, "shortage"))
    notification = opened.waiting[-1]
    said = alipay.parse(notification.headers, notification.body)
    assert said == Refunded("R1-short", "processing")


@pytest.mark.parametrize("state", ["TRADE_SUCCESS", "TRADE_CLOSED"])
@pytest.mark.parametrize(
    "fact", [{"refund_fee": "0.01"}, {"gmt_refund": "2035-05-13 10:00:00.320"}]
)
def test_either_sign_of_a_refund_is_enough(opened, state, fact):
    said = told(opened, trade_status=state, **fact)
    assert said == Refunded(NUMBER, "processing")  # refunds without a number have the trade's


def test_the_end_of_a_trade_of_which_something_went_back_is_no_payment_either(opened):
    said = told(opened, trade_status="TRADE_FINISHED", refund_fee="5.00")
    assert said == Paid(NUMBER, "closed")


def test_the_last_try_of_a_notification_is_still_believed(opened):
    first = datetime.now(UTC) - timedelta(hours=24, minutes=22)
    assert told(opened, notify_time=beijing(first)).state == "unpaid"


def too_long(body):
    return body + b"&body=" + b"x" * 65536


def changed(**changes: str):
    return lambda body: urlencode(dict(parse_qsl(body.decode())) | changes).encode()


def signed_anew(**changes: str):
    return lambda body: resigned(body, **changes)


def time_shifted(**by: float):
    return lambda body: resigned(body, notify_time=beijing(datetime.now(UTC) + timedelta(**by)))


def signed_by_a_stranger(body):
    said = {n: v for n, v in parse_qsl(body.decode()) if n not in ("sign", "sign_type")}
    sign = words.sign(words.text_to_sign(said), "a stranger")
    return urlencode(said | {"sign_type": "RSA2", "sign": sign}).encode()


def split_anew(body):
    """The same signed text, but what stood in the title becomes a sum of its own."""
    said = dict(parse_qsl(resigned(body, subject="x&total_amount=1.00&total_b=").decode()))
    said |= {"subject": "x", "total_amount": "1.00", "total_b": "&total_amount=19.80"}
    return urlencode(said).encode()


def glued(body):
    """The same signed text, but two facts have become one."""
    said = dict(parse_qsl(body.decode()))
    said["seller_id"] += f"&subject={said.pop('subject')}"
    return urlencode(said).encode()


FORGERIES = {
    "nothing": lambda _body: b"",
    "no form": lambda _body: b"<xml>TRADE_SUCCESS</xml>",
    "JSON": lambda _body: b'{"trade_status":"TRADE_SUCCESS"}',
    "too long": too_long,
    "too many fields": lambda body: body + b"".join(b"&f%d=1" % n for n in range(101)),
    "another charset": lambda body: body + "&body=鸡蛋".encode("gb18030"),
    "bytes that are no UTF-8": lambda body: body + b"&body=%C4%E3",
    "another charset said": signed_anew(charset="GBK"),
    "a fact twice": lambda body: body + b"&total_amount=0.01",
    "the same fact twice": lambda body: body + b"&trade_status=TRADE_SUCCESS",
    "a strange name": lambda body: body + b"&total_amount%00=1",
    "split anew": split_anew,
    "two facts as one": glued,
    "another sum": changed(total_amount="0.01"),
    "another number": changed(out_trade_no="GB-of-somebody-else"),
    "another state": changed(trade_status="TRADE_FINISHED"),
    "an added fact": lambda body: body + b"&trans_currency=USD",
    "a missing fact": lambda body: without(body, "receipt_amount"),
    "no signature": lambda body: without(body, "sign"),
    "an empty signature": changed(sign=""),
    "a signature that is none": changed(sign="bm9uZQ=="),
    "a signature in no letters": changed(sign="签名"),
    "a stranger's signature": signed_by_a_stranger,
    "an old kind of signature": changed(sign_type="RSA"),
    "no kind of signature": lambda body: without(body, "sign_type"),
    "another app": signed_anew(app_id="2021000000000002"),
    "another seller": signed_anew(seller_id="2088000000000002"),
    "no seller": lambda body: without(body, "seller_id"),
    "another kind of notification": signed_anew(notify_type="dut_user_sign"),
    "too old": time_shifted(hours=-25, seconds=-1),
    "of the future": time_shifted(minutes=6),
    "of no time": signed_anew(notify_time="yesterday"),
    "of a time before all": signed_anew(notify_time="0001-01-01 00:00:00"),
    "an unknown state": signed_anew(trade_status="TRADE_PENDING"),
    "no sum": signed_anew(total_amount="1e3"),
    "a sum below nothing": signed_anew(total_amount="-19.80"),
    "a sum with parts of a fen": signed_anew(total_amount="19.801"),
    "paid at no time": signed_anew(gmt_payment="12:05"),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_is_refused_and_nobody_is_asked(opened, forge):
    notification = opened.pay(NUMBER, AT)
    assert alipay.parse({}, notification.body).state == "paid"
    before = opened.requests
    body = forge(notification.body)
    assert body != notification.body
    with pytest.raises(Forged) as refusal:
        alipay.parse(notification.headers, body)
    assert opened.requests == before
    assert opened.app_id not in str(refusal.value)
    assert "19.80" not in str(refusal.value)


@pytest.mark.parametrize("forge", [split_anew, glued])
def test_control_what_is_read_in_another_way_carries_a_good_signature(opened, forge):
    fields = dict(parse_qsl(forge(opened.pay(NUMBER).body).decode()))
    assert alipay_gateway.is_signed(fields)


def test_nobody_is_believed_while_alipay_is_not_set_up(opened, app, monkeypatch):
    body = resigned(opened.pay(NUMBER).body, app_id="", seller_id="")
    for name in ("ALIPAY_APP_ID", "ALIPAY_SELLER_ID", "ALIPAY_KEY", "ALIPAY_PUBLIC_KEY"):
        monkeypatch.setitem(app.config, name, "")
    with pytest.raises(Forged, match="not set up"):
        alipay.parse({}, body)


def test_the_title_we_send_cannot_be_split_anew(alipay_there):
    later = datetime.now(UTC) + timedelta(minutes=15)
    title = "x&total_amount=1.00&total_b="
    notify_url = "https://tuan.example/n"
    attempt = Attempt(NUMBER, 1980, title, "page", later, "https://tuan.example/o/1", notify_url)
    alipay_there.visit(alipay.begin(attempt).url)
    assert "&" not in alipay_there.trades[NUMBER].subject
    notification = alipay_there.pay(NUMBER)
    assert alipay.parse({}, notification.body).amount_fen == 1980


@pytest.fixture
def listener(app):
    """Where notifications go: what came, and what was answered."""
    came: list[Paid | Refunded | str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with app.app_context():
                try:
                    came.append(alipay.parse(self.headers, body))
                    text, kind = alipay.ACCEPTED
                except Forged as forged:
                    came.append(str(forged))
                    text, kind = "fail", "text/plain"
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_line: object) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/pay/alipay/notify", came
        server.shutdown()


def test_the_fake_sends_its_notifications_as_its_knobs_say(alipay_there, listener):
    url, came = listener
    fake = alipay_there
    open_trade(fake, notify_url=url)
    fake.note(NUMBER)
    fake.pay(NUMBER)
    fake.copies, fake.backwards, fake.late = 2, True, 0.01
    assert fake.deliver() == ["success"] * 4
    assert [said.state for said in came] == ["paid", "paid", "unpaid", "unpaid"]
    fake.dropped = True
    fake.pay(NUMBER)
    assert fake.deliver() == []
    fake.dropped, fake.copies = False, 1
    fake.say = {"total_amount": "0.01"}
    fake.pay(NUMBER)
    assert fake.deliver() == ["success"]
    assert came[-1].amount_fen == 1
    fake.spoil = {"total_amount": "0.02"}
    fake.pay(NUMBER)
    assert fake.deliver() == ["fail"]
