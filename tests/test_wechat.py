"""Talking to WeChat: who is asking, share cards, template messages, and everything going wrong."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest

from groupbuy import wechat
from groupbuy.wechat import WeChatPerson, WeChatRefused
from tests.fakes.wechat import FakeWeChat

PAGE = "https://tuan.example/d/basket?x=1"
TOKEN, TICKET = "/cgi-bin/stable_token", "/cgi-bin/ticket/getticket"
SEND, SIGN_IN = "/cgi-bin/message/template/send", "/sns/oauth2/access_token"


@pytest.fixture
def fake(app, monkeypatch):
    """WeChat as the application sees it, without any token from before."""
    with FakeWeChat() as fake:
        for name, value in fake.settings.items():
            monkeypatch.setitem(app.config, name, value)
        app.extensions.pop("groupbuy_wechat", None)
        yield fake


def send(openid: str = "o-1") -> None:
    wechat.send_template(openid, "template-1", "https://tuan.example/o/1", {"thing1": "到货了"})


def share() -> dict[str, str | int]:
    return wechat.share_signature(PAGE)


def test_without_an_account_it_is_not_configured(app):
    assert wechat.configured() is False


def test_with_id_and_secret_it_is_configured(fake, app, monkeypatch):
    assert wechat.configured() is True
    monkeypatch.setitem(app.config, "WECHAT_APP_SECRET", "")
    assert wechat.configured() is False


def test_the_address_for_asking_carries_where_to_come_back_and_the_state(fake):
    address = wechat.authorize_url("https://tuan.example/wechat?next=/me", "a b&c")
    asked = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{fake.url}/connect/oauth2/authorize?")
    assert address.endswith("#wechat_redirect")
    assert asked == {
        "appid": [fake.app_id],
        "redirect_uri": ["https://tuan.example/wechat?next=/me"],
        "response_type": ["code"],
        "scope": ["snsapi_userinfo"],
        "state": ["a b&c"],
    }


def test_a_code_says_who_came_back(fake):
    assert wechat.openid_of(fake.allow("o-1", "小林")) == WeChatPerson("o-1", "小林")


def test_who_they_are_is_known_even_if_their_name_is_not(fake):
    fake.status["/sns/userinfo"] = 500
    assert wechat.openid_of(fake.allow("o-1", "小林")) == WeChatPerson("o-1", None)


def test_a_code_is_good_once(fake):
    code = fake.allow("o-1")
    wechat.openid_of(code)
    with pytest.raises(WeChatRefused, match="40163"):
        wechat.openid_of(code)


def test_an_invented_code_is_refused(fake):
    with pytest.raises(WeChatRefused, match="40029") as refusal:
        wechat.openid_of("invented")
    assert refusal.value.errcode == 40029


def test_who_looks_at_a_snapshot_is_nobody(fake):
    fake.snapshot = True
    with pytest.raises(WeChatRefused, match="snapshot"):
        wechat.openid_of(fake.allow("o-1"))


def test_a_wrong_secret_is_refused(fake, app, monkeypatch):
    monkeypatch.setitem(app.config, "WECHAT_APP_SECRET", "wrong")
    for act in (share, send, lambda: wechat.openid_of(fake.allow("o-1"))):
        with pytest.raises(WeChatRefused, match="40125"):
            act()


def test_a_share_card_is_signed_for_the_page_without_its_fragment(fake):
    signature = wechat.share_signature(f"{PAGE}#roll")
    assert set(signature) == {"appId", "timestamp", "nonceStr", "signature"}
    assert signature["appId"] == fake.app_id
    assert fake.signed(signature, PAGE)
    assert not fake.signed(signature, f"{PAGE}#roll")


def test_token_and_ticket_are_fetched_once_and_kept(fake):
    assert len({share()["nonceStr"] for _ in range(3)}) == 3
    send()
    assert (fake.count(TOKEN), fake.count(TICKET), fake.count(SEND)) == (1, 1, 1)


def test_eight_threads_at_once_fetch_one_token(fake, app):
    def send_one(number: int) -> None:
        with app.app_context():
            send(f"o-{number}")

    fake.delay[TOKEN] = 0.1
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send_one, range(8)))
    assert (fake.count(TOKEN), len(fake.sent)) == (1, 8)


def test_a_template_message_says_and_opens_what_it_should(fake):
    send()
    assert fake.sent == [
        {
            "touser": "o-1",
            "template_id": "template-1",
            "url": "https://tuan.example/o/1",
            "data": {"thing1": {"value": "到货了"}},
        }
    ]


def test_a_token_that_is_over_is_replaced_and_the_message_sent_once(fake):
    send()
    fake.end_token()
    send("o-2")
    assert [message["touser"] for message in fake.sent] == ["o-1", "o-2"]
    assert fake.count(TOKEN) == 2


def test_a_token_that_is_dead_without_being_over_is_replaced_by_force(fake, monkeypatch):
    send()
    monkeypatch.setattr(fake, "_tokens", ["access-token-1", "access-token-2"])
    living = fake._app_token
    answers = iter([{"access_token": "access-token-1", "expires_in": 7200}])
    monkeypatch.setattr(fake, "_app_token", lambda asked: next(answers, None) or living(asked))
    send("o-2")
    assert len(fake.sent) == 2
    assert fake.count(TOKEN) == 3


def test_a_token_that_is_always_refused_is_not_fetched_for_ever(fake):
    fake.errors[SEND] = 40001
    with pytest.raises(WeChatRefused, match="40001"):
        send()
    assert fake.count(SEND) == 2
    assert fake.count(TOKEN) <= 3


@pytest.mark.parametrize(
    ("errcode", "for_good"),
    [(43004, True), (40003, True), (43101, True), (-1, False), (45009, False), (40037, False)],
)
def test_a_refusal_says_whether_asking_again_makes_sense(fake, errcode, for_good):
    fake.errors[SEND] = errcode
    with pytest.raises(WeChatRefused) as refusal:
        send()
    assert (refusal.value.errcode, refusal.value.for_good) == (errcode, for_good)
    assert fake.count(SEND) == 1


BAD_BODIES = [b"", b"<html>", b"[]", b"null", b"{}", b'{"access_token": 7}', b"\xff\xfe", b'"x"']


@pytest.mark.parametrize("body", BAD_BODIES)
def test_what_cannot_be_understood_is_a_refusal(fake, body):
    fake.garbage[""] = body
    for act in (share, send, lambda: wechat.openid_of(fake.allow("o-1"))):
        with pytest.raises(WeChatRefused):
            act()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null"])
def test_a_message_is_only_sent_when_wechat_says_so(fake, body):
    fake.garbage[SEND] = body
    with pytest.raises(WeChatRefused):
        send()


@pytest.mark.parametrize("path", ["", SEND])
def test_a_server_in_trouble_is_a_refusal(fake, path):
    fake.status[path] = 502
    with pytest.raises(WeChatRefused):
        send()


def test_a_server_that_does_not_answer_is_left_in_time(fake):
    fake.delay[""] = 20
    for act in (share, send, lambda: wechat.openid_of(fake.allow("o-1"))):
        began = time.monotonic()
        with pytest.raises(WeChatRefused, match="Timeout"):
            act()
        assert time.monotonic() - began < 3


def test_a_server_that_is_not_there_is_a_refusal(fake, app, monkeypatch):
    monkeypatch.setitem(app.config, "WECHAT_API_URL", "http://127.0.0.1:1")
    for act in (share, send, lambda: wechat.openid_of("code-1")):
        with pytest.raises(WeChatRefused, match="ConnectionError"):
            act()


def test_no_secret_is_ever_logged_or_said(fake, app, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    said = []

    def attempt(act) -> None:
        try:
            act()
        except WeChatRefused as refusal:
            logging.getLogger("test").exception("it went wrong")
            said.append(f"{refusal} {refusal!r} {refusal.__context__} {refusal.__cause__}")

    acts = (share, send, lambda: wechat.openid_of(fake.allow("o-1")))
    for knob, value in (("status", 500), ("garbage", b"x"), ("errors", 40001), ("delay", 3)):
        app.extensions.pop("groupbuy_wechat", None)
        for act in acts:
            attempt(act)
        getattr(fake, knob)[""] = value
        for act in acts:
            attempt(act)
        getattr(fake, knob).clear()
    monkeypatch.setitem(app.config, "WECHAT_API_URL", "http://127.0.0.1:1")
    attempt(acts[2])
    everything = caplog.text + "\n".join(said)
    assert "it went wrong" in everything
    assert len(said) >= 9
    for secret in (fake.secret, "access-token-", "user-token-"):
        assert secret not in everything
