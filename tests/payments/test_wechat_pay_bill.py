"""The trade bill as merchants download it, and settings that must be whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import config
from groupbuy.payments.providers import wechat
from groupbuy.payments.providers.reports import BillRow, RefundOrder
from tests.fakes import wechat_pay_signing as signing
from tests.fakes.wechat_pay_books import BILL, TOTALS
from tests.payments.wechat_stage import NOTIFY, attempt, running

AT = datetime(2035, 5, 11, 16, 0, 1, tzinfo=UTC)  # one second into the day, in Shanghai


@pytest.fixture
def bill(app):
    """Two trades, one with a refund that is on its way."""
    with running(app) as fake:
        for number, fen, title in (("GB-1", 1999, "苹果, 红富士"), ("GB-2", 123456, "=1+1")):
            wechat.begin(attempt(out_trade_no=number, amount_fen=fen, title=title))
            fake.pay(number, at=AT)
        wechat.begin(attempt(out_trade_no="GB-3-never-paid"))
        wechat.refund(RefundOrder("GB-2", "R2-short", 3456, 123456, "short", NOTIFY))
        fake.trades["GB-2"].refunds["R2-short"].made_at = AT + timedelta(hours=2)
        yield fake.bill()


def test_a_bill_tells_payments_and_refunds_in_fen_and_in_utc(bill):
    first, second, back = wechat.read_bill(bill)
    assert first == BillRow(
        "payment", AT, "GB-1", first.transaction_no, "", "SUCCESS", 1999, 12
    )  # a fee of 0.11994
    assert (second.amount_fen, second.fee_fen) == (123456, 741)
    assert back == BillRow(
        kind="refund",
        at=AT + timedelta(hours=2),
        out_trade_no="GB-2",
        transaction_no=second.transaction_no,
        out_refund_no="R2-short",
        state="PROCESSING",
        amount_fen=3456,
        fee_fen=-21,
    )


def test_columns_are_found_by_name_and_a_spreadsheets_encoding_is_understood(bill):
    lines = bill.decode("utf-8-sig").splitlines()
    turned = [",".join(reversed(lines[0].split(",")))]
    for line in lines[1:-2]:
        turned.append(",".join(f"`{v}" for v in reversed(line[1:].split(",`"))))
    other = "\n".join([*turned, *lines[-2:]]).encode("gb18030")
    assert wechat.read_bill(other) == wechat.read_bill(bill)


def test_the_bill_of_an_early_merchant_has_other_names_for_the_sums(bill):
    early = bill.decode().replace(",订单金额,申请退款金额,", ",甲,乙,", 1)
    early = early.replace("应结订单金额", "总金额", 1)
    assert wechat.read_bill(early.encode()) == wechat.read_bill(bill)


def test_a_day_without_trade_is_an_empty_bill(app):
    empty = f"{BILL}\r\n{TOTALS}\r\n`0,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00\r\n"
    assert wechat.read_bill(empty.encode()) == []


SPOILT = {
    "empty": ("empty", lambda _t: ""),
    "cut before the totals": ("totals", lambda t: t[: t.index("总交易单数")]),
    "cut at the totals": ("3 rows, but none", lambda t: t[: t.index("`3,`")]),
    "a row missing": (
        "2 rows, but 3",
        lambda t: "\n".join(t.splitlines()[:1] + t.splitlines()[2:]),
    ),
    "no bill exists": ("no column", lambda _t: '{"code":"NO_STATEMENT_EXIST"}'),
    "a column missing": ("no column 商户订单号", lambda t: t.replace("商户订单号", "单号", 1)),
    "another merchant": ("line 2: merchant", lambda t: t.replace("`1900000001", "`1900000002")),
    "another currency": ("line 2: currency", lambda t: t.replace("`CNY", "`USD")),
    "an unknown state": ("line 2: state", lambda t: t.replace("`SUCCESS", "`DONE")),
    "a sum that is none": ("line 2", lambda t: t.replace("`19.99", "`1e9999999")),
    "a day that is none": ("line 2", lambda t: t.replace("`2035-05-12 00", "`2035-02-30 00")),
    "no backticks": ("line 2: no backtick", lambda t: t.replace("`", "")),
    "a field too many": ("line 2", lambda t: t.replace("`OTHERS", "`OTHERS,`OTHERS")),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_bill_that_is_unreadable_cut_or_anothers_is_refused_whole(bill, how):
    sentence, spoil = SPOILT[how]
    with pytest.raises(ValueError, match=sentence):
        wechat.read_bill(spoil(bill.decode("utf-8-sig")).encode())


def test_bytes_that_are_no_text_are_no_bill(app):
    with pytest.raises(ValueError):  # noqa: PT011  (whatever the decoder says)
        wechat.read_bill(b"\xff\xff\xff\xff")


@pytest.fixture
def whole(tmp_path) -> dict[str, str]:
    """All that is needed, with one key as text and the other in a file."""
    file = tmp_path / "pub_key.pem"
    file.write_text(signing.public_pem("wechat").replace("\n", "\r\n"))
    return {
        "INSTANCE_DIR": str(tmp_path / "instance"),
        "WECHAT_APP_ID": "wx-test",
        "WECHAT_PAY_MCHID": "1900000001",
        "WECHAT_PAY_SERIAL": "5157F09EFDC096DE15EBE81A47057A72",
        "WECHAT_PAY_KEY": signing.private_pem("merchant").replace("\n", "\\n"),
        "WECHAT_PAY_V3_KEY": "a-secret-v3-key-of-32-characters",
        "WECHAT_PAY_PUBLIC_KEY": str(file),
        "WECHAT_PAY_PUBLIC_KEY_ID": "PUB_KEY_ID_01",
    }


def test_keys_are_read_from_text_or_file(whole):
    settings = config.load(whole | {"WECHAT_PAY_URL": "https://api2.mch.weixin.qq.com/"})
    assert settings["WECHAT_PAY_KEY"] == signing.private_pem("merchant")
    assert settings["WECHAT_PAY_PUBLIC_KEY"] == signing.public_pem("wechat")
    assert settings["WECHAT_PAY_URL"] == "https://api2.mch.weixin.qq.com"
    assert (
        config.load({"INSTANCE_DIR": whole["INSTANCE_DIR"]})["WECHAT_PAY_URL"]
        == "https://api.mch.weixin.qq.com"
    )


@pytest.mark.parametrize("missing", ["WECHAT_APP_ID", *config._WECHAT_PAY])
def test_half_a_merchant_account_stops_the_start_and_is_named(whole, missing):
    with pytest.raises(RuntimeError, match=f"the setting {missing} is missing"):
        config.load(whole | {missing: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WECHAT_PAY_KEY", "/nowhere/apiclient_key.pem"),
        ("WECHAT_PAY_KEY", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"),
        ("WECHAT_PAY_PUBLIC_KEY", "-----BEGIN PUBLIC KEY-----\nc2VjcmV0\n-----END PUBLIC KEY-----"),
        ("WECHAT_PAY_V3_KEY", "too-short-c2VjcmV0"),
    ],
)
def test_a_key_that_is_none_stops_the_start_and_is_not_shown(whole, name, value):
    with pytest.raises(RuntimeError, match=f"the setting {name} ") as refusal:
        config.load(whole | {name: value})
    assert "c2VjcmV0" not in str(refusal.value)
    assert "nowhere" not in str(refusal.value)
