"""Alipay's bill of a day (业务明细) as its site gives it: a zip, or the csv inside it."""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from typing import Literal

from groupbuy.core.money import parse_yuan
from groupbuy.payments.providers.alipay_gateway import instant
from groupbuy.payments.providers.reports import BillRow

_TRADE_NO, _OUT_TRADE_NO, _KIND, _AT = "支付宝交易号", "商户订单号", "业务类型", "完成时间"
_AMOUNT, _OUT_REFUND_NO, _FEE = "订单金额(元)", "退款批次号/请求号", "服务费(元)"
_COLUMNS = (_TRADE_NO, _OUT_TRADE_NO, _KIND, _AT, _AMOUNT, _OUT_REFUND_NO, _FEE)
_KINDS: dict[str, Literal["payment", "refund"]] = {"交易": "payment", "退款": "refund"}
_END = "业务明细列表结束"
_MOST_FILES, _MOST_BYTES = 20, 50 * 1024 * 1024


def read_bill(data: bytes) -> list[BillRow]:
    """Every payment and refund of the bill; `amount_fen` is never below 0, a fee given back is.

    Raises ValueError when it is not such a bill, or not the whole of it.
    """
    text = _details(data) if data.startswith(b"PK") else _decoded(data)
    lines = text.splitlines()
    if not any(line.startswith("#") and _END in line for line in lines):
        raise ValueError("the bill has no end")
    rows = csv.reader(line for line in lines if line.strip() and not line.startswith("#"))
    names = [unicodedata.normalize("NFKC", cell).strip() for cell in next(rows, [])]
    missing = [name for name in _COLUMNS if name not in names]
    if missing:
        raise ValueError(f"the bill has no column {missing[0]}")
    return [_row(names, cells) for cells in rows]


def _row(names: list[str], cells: list[str]) -> BillRow:
    if len(cells) != len(names):
        raise ValueError(f"a row of the bill is broken: {cells[:2]}")
    row = dict(zip(names, (cell.strip() for cell in cells), strict=True))
    kind = _KINDS.get(row[_KIND])
    amount_fen = _fen(row[_AMOUNT])
    if kind is None or (kind == "payment" and amount_fen < 0):
        raise ValueError(f"a row of the bill is neither payment nor refund: {row[_TRADE_NO]}")
    return BillRow(
        kind,
        instant(row[_AT]),
        row[_OUT_TRADE_NO],
        row[_TRADE_NO],
        (row[_OUT_REFUND_NO] or row[_OUT_TRADE_NO]) if kind == "refund" else "",
        row[_KIND],
        abs(amount_fen),
        -_fen(row[_FEE]),
    )


def _fen(text: str) -> int:
    """Yuan with a sign: what came in is above 0, what went out, fees too, below."""
    fen = parse_yuan(text.removeprefix("-") or "0")
    return -fen if text.startswith("-") else fen


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")  # saved again by a spreadsheet
    except UnicodeDecodeError:
        return data.decode("gb18030")


def _details(data: bytes) -> str:
    """The file with the single payments; the other one holds sums. File names come garbled."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = archive.infolist()
            if len(files) > _MOST_FILES or sum(file.file_size for file in files) > _MOST_BYTES:
                raise ValueError("the bill is too large")
            texts = [_decoded(archive.read(file)) for file in files]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ValueError("the bill is no zip that can be read") from error
    return next((text for text in texts if _END in text), "")
