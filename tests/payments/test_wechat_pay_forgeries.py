"""Notifications that are not WeChat Pay's, not for us, or not of now: refused, and nobody asked."""

from __future__ import annotations

import json
import logging
import time
import traceback

import pytest

from groupbuy.payments.providers import wechat
from groupbuy.payments.providers.reports import Forged
from tests.fakes import wechat_pay_signing as signing
from tests.payments.wechat_stage import AT, BACK, NUMBER, attempt, back, running


@pytest.fixture
def fake(app):
    """WeChat Pay with a paid trade of which a part went back; both notifications wait."""
    with running(app) as fake:
        wechat.begin(attempt())
        fake.pay(NUMBER, at=AT)
        wechat.refund(back())
        fake.finish_refund(BACK)
        yield fake


def headed(how):
    """A good notification with other headers."""

    def forge(fake):
        headers, body = fake.sealed(fake.waiting[0])
        how(headers)
        return headers, body

    return forge


def at(moment: str):
    """Rightly signed, at another time."""

    def forge(fake):
        _headers, body = fake.sealed(fake.waiting[0])
        return signing.signed(body, fake.public_key_id, at=moment), body

    return forge


def bodied(change, *, whole: bool = False):
    """A rightly signed other body: `change` gets the envelope, or with `whole` the bytes."""

    def forge(fake):
        _headers, body = fake.sealed(fake.waiting[0])
        if whole:
            body = change(body)
        else:
            envelope = json.loads(body)
            change(envelope)
            body = json.dumps(envelope).encode()
        return signing.signed(body, fake.public_key_id), body

    return forge


def told(event: str = "", *, of: int = 0, **changes):
    """Rightly signed and encrypted, but telling something else."""

    def forge(fake):
        notice = fake.waiting[of]
        resource = notice.resource | changes
        return fake.sealed(notice._replace(event=event or notice.event, resource=resource))

    return forge


def sealed_with(key: str):
    def forge(fake):
        notice = fake.waiting[0]
        body = signing.sealed(notice.event, notice.resource, key)
        return signing.signed(body, fake.public_key_id), body

    return forge


def by_a_stranger(fake):
    _headers, body = fake.sealed(fake.waiting[0])
    return signing.signed(body, fake.public_key_id, by="stranger"), body


def with_the_body_of_another(fake):
    headers, _body = fake.sealed(fake.waiting[0])
    return headers, fake.sealed(fake.waiting[1])[1]


def an_answer_as_notification(fake):
    body = json.dumps(fake.told_of(NUMBER)).encode()
    return signing.signed(body, fake.public_key_id), body


def ago(seconds: int) -> str:
    return str(int(time.time()) - seconds)


NO_MONEY = {"total": 0, "currency": "CNY"}
FORGERIES = {
    "no headers": lambda fake: ({}, fake.sealed(fake.waiting[0])[1]),
    "no serial": headed(lambda h: h.pop("Wechatpay-Serial")),
    "the serial of a stranger": headed(lambda h: h.update({"Wechatpay-Serial": "PUB_KEY_ID_9"})),
    "the serial of a certificate": headed(lambda h: h.update({"Wechatpay-Serial": "5157F09EFDC0"})),
    "stale": at(ago(301)),
    "of the future": at(ago(-100_000)),  # from the import on, and the tests take minutes
    "no number as time": at("yesterday"),
    "a time in other digits": at("１７２２８５０４２１"),
    "a time beyond all times": at("9" * 12),
    "no time": headed(lambda h: h.pop("Wechatpay-Timestamp")),
    "another time than was signed": headed(lambda h: h.update({"Wechatpay-Timestamp": ago(9)})),
    "another nonce than was signed": headed(lambda h: h.update({"Wechatpay-Nonce": "abc"})),
    "a nonce that is no text": headed(lambda h: h.update({"Wechatpay-Nonce": "\ud800"})),
    "no signature": headed(lambda h: h.pop("Wechatpay-Signature")),
    "a signature that is none": headed(lambda h: h.update({"Wechatpay-Signature": "!草莓"})),
    "signed for a test": headed(
        lambda h: h.update({"Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + "A" * 300})
    ),
    "signed by a stranger": by_a_stranger,
    "another type of signature": headed(
        lambda h: h.update({"Wechatpay-Signature-Type": "WECHATPAY2-SM2-WITH-SM3"})
    ),
    "no type of signature": headed(lambda h: h.pop("Wechatpay-Signature-Type")),
    "the body of another": with_the_body_of_another,
    "a body cut short": lambda fake: (lambda h, b: (h, b[:-1]))(*fake.sealed(fake.waiting[0])),
    "no body": bodied(lambda _body: b"", whole=True),
    "no json": bodied(lambda _body: b"<xml/>", whole=True),
    "no object": bodied(lambda _body: b"[1]", whole=True),
    "no text": bodied(lambda _body: b"\xff\xfe", whole=True),
    "deep beyond reading": bodied(lambda _body: b"[" * 60000, whole=True),
    "huge": bodied(lambda body: body + b" " * 65536, whole=True),
    "an answer as notification": an_answer_as_notification,
    "nothing encrypted": bodied(lambda e: e.update(resource_type="plain")),
    "another cipher": bodied(lambda e: e["resource"].update(algorithm="AES-128")),
    "another nonce of the cipher": bodied(lambda e: e["resource"].update(nonce="0" * 12)),
    "a nonce of no length": bodied(lambda e: e["resource"].update(nonce="0")),
    "encrypted for somebody else": sealed_with("another-key-of-32-characters-xxx"),
    "other data beside the cipher": bodied(lambda e: e["resource"].update(associated_data="x")),
    "an unknown event": told("TRANSACTION.GONE"),
    "an event that is no text": bodied(lambda e: e.update(event_type=7)),
    "a payment as refund": told("REFUND.SUCCESS"),
    "a refund as payment": told("TRANSACTION.SUCCESS", of=1),
    "a refund that ended otherwise": told("REFUND.CLOSED", of=1),
    "another app": told(appid="wx-other"),
    "another merchant": told(mchid="1900000002"),
    "the refund of another merchant": told(of=1, mchid="1900000002"),
    "not paid": told(trade_state="NOTPAY"),
    "no number": told(out_trade_no=""),
    "a number that is no text": told(out_trade_no="GB\ud800"),
    "a number that leads elsewhere": told(out_trade_no="../../refunds"),
    "a transaction that is no text": told(transaction_id="4200\ud800"),
    "no money": told(amount=NO_MONEY),
    "less than no money": told(amount=NO_MONEY | {"total": -3000}),
    "money that is no whole number": told(amount=NO_MONEY | {"total": 3000.0}),
    "money beyond all": told(amount=NO_MONEY | {"total": 10**12}),
    "true money": told(amount=NO_MONEY | {"total": True}),
    "a currency that is none": told(amount={"total": 3000, "currency": "\ud800"}),
    "no amount": told(amount=None),
    "a time without a zone": told(success_time="2035-05-12T12:05:06"),
    "no time of success": told(success_time=None),
    "a refund of nothing": told(of=1, amount={"refund": 0}),
    "no refund number": told(of=1, out_refund_no=None),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_refused_and_nobody_is_asked_and_nothing_is_given_away(fake, forgery, caplog):
    headers, body = FORGERIES[forgery](fake)
    asked = list(fake.asked)
    with caplog.at_level(logging.DEBUG), pytest.raises(Forged) as refusal:
        wechat.parse(headers, body)
    assert fake.asked == asked
    assert refusal.value.__context__ is None
    said = "".join(traceback.format_exception(refusal.value)) + caplog.text
    key = signing.private_pem("merchant").splitlines()[1]
    for secret in (fake.v3_key, fake.public_key_id, key, NUMBER, "o-payer"):
        assert secret not in said
    said.encode()  # whatever it was, it can be written into a log


BEFORE_THE_LIBRARY = {
    "no headers": "unknown serial",
    "the serial of a stranger": "unknown serial",
    "the serial of a certificate": "unknown serial",
    "another type of signature": "unknown type of signature",
    "no time": "no timestamp",
    "stale": "not of now",
    "of the future": "not of now",
    "huge": "too large",
}


@pytest.mark.parametrize("forgery", BEFORE_THE_LIBRARY)
def test_what_strangers_can_make_up_is_refused_before_any_key_is_used(fake, forgery):
    with pytest.raises(Forged, match=BEFORE_THE_LIBRARY[forgery]):
        wechat.parse(*FORGERIES[forgery](fake))


def test_the_same_tools_make_notifications_that_are_believed(fake):
    genuine = [headed(lambda _h: None), at(ago(290)), at(ago(-290)), told(), told(of=1)]
    genuine += [bodied(lambda _e: None), sealed_with(fake.v3_key)]
    states = [wechat.parse(*make(fake)).state for make in genuine]
    assert states == ["paid"] * 4 + ["succeeded"] + ["paid"] * 2
