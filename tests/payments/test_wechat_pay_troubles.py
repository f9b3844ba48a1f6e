"""WeChat Pay does not answer, or answers what cannot be believed: then nothing is known."""

from __future__ import annotations

import logging
import threading
import traceback
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from groupbuy.payments.providers import wechat
from groupbuy.payments.providers.reports import Forged, Unreachable
from tests.fakes import wechat_pay_signing as signing
from tests.fakes.wechat_pay import FakeWeChatPay
from tests.payments.wechat_stage import AT, NUMBER, attempt, back, running


@pytest.fixture
def paid(app):
    """A trade that somebody has paid."""
    with running(app) as fake:
        wechat.begin(attempt())
        fake.pay(NUMBER, at=AT)
        yield fake


CALLS = {
    "pay": lambda: wechat.begin(attempt()),
    "query": lambda: wechat.query(NUMBER),
    "close": lambda: wechat.close(NUMBER),
    "refund": lambda: wechat.refund(back()),
    "query_refund": lambda: wechat.query_refund(back()),
}
TROUBLES = {
    "out of order": lambda fake: fake.status.update({"": 500}),
    "a proxy that is down": lambda fake: fake.status.update({"": 502}),
    "too many questions": lambda fake: fake.status.update({"": 429}),
    "never arrived": lambda fake: fake.drop.add(""),
    "done, then the line died": lambda fake: fake.hang_up.add(""),
    "done, then silence": lambda fake: fake.delay.update({"": 3}),
    "signed by somebody else": lambda fake: fake.forge.add(""),
    "signed under another serial": lambda fake: fake.unknown_serial.add(""),
    "another body than was signed": lambda fake: fake.garbage.update({"": b"{}"}),
    "no json": lambda fake: fake.garbage.update({"": b"<html>"}),
}


CASES = [(call, trouble) for call in CALLS for trouble in TROUBLES]
CASES.remove(("close", "no json"))  # there is no body in that answer
CASES.remove(("close", "another body than was signed"))


@pytest.mark.parametrize(("call", "trouble"), CASES)
def test_whatever_goes_wrong_on_the_way_nothing_is_known_and_nothing_is_given_away(
    paid, call, trouble, caplog
):
    if call in ("pay", "close"):
        paid.trades[NUMBER].state = "NOTPAY"
    if call == "query_refund":
        wechat.refund(back())
    TROUBLES[trouble](paid)
    with caplog.at_level(logging.DEBUG), pytest.raises(Unreachable) as silence:
        CALLS[call]()
    said = "".join(traceback.format_exception(silence.value)) + caplog.text
    assert silence.value.__cause__ is None
    assert silence.value.__context__ is None
    assert_tells_nothing(said, paid)
    assert paid.count("certificates") == 0


def assert_tells_nothing(said: str, fake: FakeWeChatPay) -> None:
    lines = signing.private_pem("merchant").splitlines()[1:-1]
    for secret in (fake.v3_key, fake.public_key_id, *lines, "signature=", "Authorization"):
        assert secret not in said


def test_after_success_then_silence_the_same_number_finds_what_was_done(paid):
    paid.hang_up = {"refund"}
    with pytest.raises(Unreachable):
        wechat.refund(back())
    paid.hang_up = set()
    assert wechat.query_refund(back()).state == "processing"
    assert wechat.refund(back()) == wechat.query_refund(back())
    assert paid.refunded_fen(status="PROCESSING") == 1200


def test_wrong_keys_of_ours_are_no_refusal(paid, app, monkeypatch):
    monkeypatch.setitem(app.config, "WECHAT_PAY_KEY", signing.private_pem("stranger"))
    for call in CALLS.values():
        with pytest.raises(Unreachable, match="401 SIGN_ERROR"):
            call()
    assert paid.refunded_fen(status="PROCESSING") == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"appid": "wx-other"},
        {"mchid": "1"},
        {"trade_state": "GONE"},
        {"out_trade_no": "GB-other"},
        {"amount": {"total": "3000"}},
        {"success_time": "today"},
        {"transaction_id": None},
    ],
    ids=str,
)
def test_an_answer_about_something_else_is_not_believed(paid, changed):
    answer = paid.told_of(NUMBER) | changed
    paid.told_of = lambda _number: answer
    with pytest.raises(Unreachable, match="cannot read the answer"):
        wechat.query(NUMBER)


@pytest.fixture
def post_box(app):
    """An address that reads notifications: those it believed, in order, and where to send them."""
    believed: list[str] = []

    class Box(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with app.app_context():
                try:
                    believed.append(wechat.parse(self.headers, body).state)
                    status = 200
                except Forged:
                    status = 401
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_line: object) -> None:
            """The test reads `believed`."""

    server = HTTPServer(("127.0.0.1", 0), Box)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/pay/wechat/notify", believed
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("knobs", "answers", "read"),
    [
        ({}, [200, 200], ["paid", "succeeded"]),
        ({"reorder": True}, [200, 200], ["succeeded", "paid"]),
        ({"duplicate": 2}, [200] * 4, ["paid", "paid", "succeeded", "succeeded"]),
        ({"lose": True}, [], []),
        ({"stale": 400}, [401, 401], []),
        ({"late": 0.1}, [200, 200], ["paid", "succeeded"]),
    ],
    ids=str,
)
def test_notifications_come_twice_late_in_any_order_or_not_at_all(
    paid, post_box, knobs, answers, read
):
    address, believed = post_box
    order = back()._replace(notify_url=address)
    wechat.refund(order)
    paid.finish_refund(order.out_refund_no)
    for name, value in knobs.items():
        setattr(paid, name, value)
    assert paid.deliver(address) == answers
    assert believed == read
    assert paid.deliver(address) == []
