"""One-time codes go to a phone or an address at once, or the person is told that they cannot."""

from __future__ import annotations

import logging
import time

import pytest

from groupbuy.notices import direct
from groupbuy.notices.direct import NotDelivered, send_code

PHONE, ADDRESS, CODE = "13800138000", "reader@example.com", "123456"


def test_in_development_codes_are_printed(app, capsys):
    assert direct.sms_configured()
    assert direct.email_configured()
    send_code("phone", PHONE, CODE)
    send_code("email", ADDRESS, CODE)
    sms, mail = capsys.readouterr().out.splitlines()
    assert sms.startswith(f"[sms] {PHONE}: {CODE} ")
    assert mail.startswith(f"[mail] {ADDRESS}: {CODE} ")


def test_in_production_nothing_is_printed(app, monkeypatch, capsys):
    monkeypatch.setitem(app.config, "DEVELOPMENT", False)
    monkeypatch.setitem(app.config, "SMS_SENDER", "")
    assert not direct.sms_configured()
    assert not direct.email_configured()
    for kind, address in (("phone", PHONE), ("email", ADDRESS)):
        with pytest.raises(NotDelivered, match="not configured"):
            send_code(kind, address, CODE)
    assert capsys.readouterr().out == ""


def test_a_provider_gets_phone_and_text(app, texting, capsys):
    send_code("phone", PHONE, CODE)
    [taken] = texting.taken
    assert taken["phone"] == PHONE
    assert CODE in taken["text"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("status", [302, 400, 401, 500])
def test_a_provider_that_does_not_take_it_is_a_failure(app, texting, status):
    texting.status = status
    with pytest.raises(NotDelivered, match=str(status)):
        send_code("phone", PHONE, CODE)
    assert texting.taken == []


def test_a_provider_that_does_not_answer_is_left_in_time(app, texting):
    texting.delay = 20
    began = time.monotonic()
    with pytest.raises(NotDelivered, match="Timeout"):
        send_code("phone", PHONE, CODE)
    assert time.monotonic() - began < 3


def test_codes_by_mail_go_through_the_mail_server(app, mail, capsys):
    send_code("email", ADDRESS, CODE)
    [(recipients, message)] = mail.messages
    assert recipients == [ADDRESS]
    assert CODE in message.get_content()
    assert CODE not in message["Subject"]
    assert capsys.readouterr().out == ""


def test_neither_code_nor_number_nor_token_is_logged(app, texting, mail, caplog):
    caplog.set_level(logging.DEBUG)
    texting.status = 500
    mail.refuse["MAIL"] = "451 later"
    said = []
    for kind, address in (("phone", PHONE), ("email", ADDRESS)):
        with pytest.raises(NotDelivered) as caught:
            send_code(kind, address, CODE)
        said.append(f"{caught.value} {caught.value.__context__}")
    for secret in (PHONE, ADDRESS, CODE, texting.token):
        assert secret not in caplog.text + "".join(said)
