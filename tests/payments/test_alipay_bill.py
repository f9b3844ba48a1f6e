"""Reading the bill that Alipay's site gives for a day."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from groupbuy.payments.providers import alipay
from groupbuy.payments.providers.reports import Attempt, BillRow, RefundOrder
from tests.checks import unreadable
from tests.fakes import alipay_words as words

AT = datetime(2026, 1, 1, 4, 5, 6, tzinfo=UTC)
ROW = {
    "支付宝交易号": "2026010122001\t",
    "商户订单号": "GB1\t",
    "业务类型": "交易",
    "商品名称": "鸡蛋",
    "创建时间": "2026-01-01 12:05:00",
    "完成时间": "2026-01-01 12:05:06",
    "订单金额（元）": "19.80",
    "商家实收（元）": "19.80",
    "服务费（元）": "-0.12",
}
BACK = ROW | {
    "业务类型": "退款",
    "订单金额（元）": "-5.00",
    "退款批次号/请求号": "R1-short\t",
    "服务费（元）": "0.03",
}


def zipped(**files: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return held.getvalue()


def test_payments_and_refunds_are_read_with_their_fees():
    assert alipay.read_bill(words.bill([ROW, BACK])) == [
        BillRow("payment", AT, "GB1", "2026010122001", "", "交易", 1980, 12),
        BillRow("refund", AT, "GB1", "2026010122001", "R1-short", "退款", 500, -3),
    ]


def test_what_happened_at_the_gateway_stands_in_its_bill(alipay_there):
    later = datetime.now(UTC) + timedelta(minutes=15)
    url, notify_url = "https://tuan.example/o/1", "https://tuan.example/n"
    alipay_there.visit(alipay.begin(Attempt("GB1", 1980, "蛋", "page", later, url, notify_url)).url)
    alipay_there.pay("GB1", AT)
    alipay.refund(RefundOrder("GB1", "R1", 500, 1980, "x"))
    rows = alipay.read_bill(alipay_there.bill())
    known = [(row.kind, row.out_trade_no, row.out_refund_no, row.amount_fen) for row in rows]
    assert known == [("payment", "GB1", "", 1980), ("refund", "GB1", "R1", 500)]
    assert rows[0].at == AT
    assert rows[0].transaction_no == alipay.query("GB1").transaction_no


def test_a_day_without_payments_is_an_empty_bill():
    assert alipay.read_bill(words.bill([])) == []


def test_a_refund_without_a_number_has_that_of_its_trade():
    [row] = alipay.read_bill(words.bill([BACK | {"退款批次号/请求号": ""}]))
    assert row.out_refund_no == "GB1"


def test_the_columns_may_stand_in_any_order_and_new_ones_between_them():
    lines = words.bill([ROW]).decode("gb18030").splitlines()
    turned = [
        line if line.startswith("#") else ",".join([*line.split(",")[::-1], "new"])
        for line in lines
    ]
    [row] = alipay.read_bill("\n".join(turned).encode("gb18030"))
    assert (row.out_trade_no, row.amount_fen, row.fee_fen) == ("GB1", 1980, 12)


def test_a_title_with_a_comma_in_quotes_is_one_cell():
    [row] = alipay.read_bill(words.bill([ROW | {"商品名称": '"鸡蛋,12枚"'}]))
    assert row.amount_fen == 1980


def test_a_bill_saved_again_by_a_spreadsheet_is_read():
    saved = words.bill([ROW]).decode("gb18030").replace("（元）", "(元)").encode("utf-8-sig")
    assert len(alipay.read_bill(saved)) == 1


def test_the_zip_is_read_as_it_comes_from_the_site():
    sums = "#业务汇总列表\r\n门店编号,交易订单总笔数\r\n合计,1\r\n".encode("gb18030")
    data = zipped(**{"¦+-+¦.csv": sums, "ÒµÎñÃ÷Ï¸.csv": words.bill([ROW])})
    assert len(alipay.read_bill(data)) == 1


def without_its_end(bill: bytes) -> bytes:
    return bill[: bill.index("业务明细列表结束".encode("gb18030")) - 50]


def without_a_column(bill: bytes) -> bytes:
    return bill.replace("服务费（元）".encode("gb18030"), "费".encode("gb18030"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 no zip",
        b"\xff\xfe\x00\x81\x30",
        "交易时间,微信订单号\r\n".encode(),
        without_its_end(words.bill([ROW])),
        without_a_column(words.bill([ROW])),
        zipped(**{"a.txt": b"nothing"}),
        zipped(**{f"{n}.csv": b"" for n in range(21)}),
        words.bill([ROW | {"业务类型": "转账"}]),
        words.bill([ROW | {"订单金额（元）": "-19.80"}]),
        words.bill([ROW | {"订单金额（元）": "19.8.0"}]),
        words.bill([ROW | {"订单金额（元）": "1e3"}]),
        words.bill([ROW | {"服务费（元）": "--0.12"}]),
        words.bill([ROW | {"完成时间": "noon"}]),
        words.bill([ROW | {"完成时间": ""}]),
        words.bill([ROW | {"商品名称": "one,two"}]),
    ],
)
def test_what_is_no_whole_bill_is_refused(data):
    with unreadable():
        alipay.read_bill(data)


def test_a_zip_that_would_unpack_to_very_much_is_refused():
    with pytest.raises(ValueError, match="too large"):
        alipay.read_bill(zipped(**{"a.csv": bytes(51 * 1024 * 1024)}))
