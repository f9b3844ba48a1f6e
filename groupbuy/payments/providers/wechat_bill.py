"""The trade bill (交易账单, type ALL) of WeChat Pay, as its merchants download it.

Columns: pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html
Each value begins with a backtick and nothing is quoted, so a comma may stand inside a value.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from groupbuy.core.money import round_to_fen
from groupbuy.payments.providers.reports import BillRow

SHANGHAI = ZoneInfo("Asia/Shanghai")  # WeChat Pay's clock, wherever this site is
_WANTED = ("交易时间", "商户号", "微信订单号", "商户订单号", "交易状态", "货币种类", "手续费")
# Some merchants still get bills in which the first names are missing.
_PAID_FEN = ("订单金额", "应结订单金额", "总金额")
_REFUNDED_FEN = ("申请退款金额", "退款金额")
_TOTALS = "总交易单数"


def read(content: bytes, mchid: str) -> list[BillRow]:
    """The rows of a bill of the merchant `mchid`.

    Raises ValueError that says where, when it cannot be read, is cut short, or is another's.
    """
    lines = [line for line in _text(content).splitlines() if line.strip()]
    if not lines:
        raise ValueError("empty")
    names = [name.strip() for name in lines[0].split(",")]
    if missing := [name for name in _WANTED if name not in names]:
        raise ValueError(f"no column {missing[0]}")
    rows: list[BillRow] = []
    for place, line in enumerate(lines[1:], start=2):
        if line.startswith(_TOTALS):
            _check_totals(lines[place:], len(rows))
            return rows
        try:
            rows.append(_row(dict(zip(names, _values(line), strict=True)), mchid))
        except ValueError as wrong:
            raise ValueError(f"line {place}: {wrong}") from None
    raise ValueError("the totals at the end are missing")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")  # saved again by a spreadsheet


def _values(line: str) -> list[str]:
    if not line.startswith("`"):
        raise ValueError("no backtick")
    return [value.strip() for value in line.strip().removeprefix("`").split(",`")]


def _row(told: dict[str, str], mchid: str) -> BillRow:
    if told["商户号"] != mchid:
        raise ValueError(f"merchant {told['商户号'][:32]}")
    if told["货币种类"] != "CNY":
        raise ValueError(f"currency {told['货币种类'][:32]}")
    state = told["交易状态"]
    if state not in ("SUCCESS", "REFUND", "REVOKED"):
        raise ValueError(f"state {state[:32]}")
    is_payment = state == "SUCCESS"
    return BillRow(
        kind="payment" if is_payment else "refund",
        at=_instant(told["交易时间"]),
        out_trade_no=told["商户订单号"],
        transaction_no=told["微信订单号"],
        out_refund_no="" if is_payment else told.get("商户退款单号", ""),
        state=state if is_payment else told.get("退款状态", ""),
        amount_fen=_first(told, _PAID_FEN if is_payment else _REFUNDED_FEN),
        fee_fen=round_to_fen(told["手续费"]),
    )


def _instant(text: str) -> datetime:
    moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    return moment.astimezone(UTC)


def _first(told: dict[str, str], names: tuple[str, ...]) -> int:
    for name in names:
        if name in told:
            return round_to_fen(told[name])
    raise ValueError(f"no column {names[0]}")


def _check_totals(lines: list[str], rows: int) -> None:
    """A bill whose download broke off has fewer rows than it says."""
    counted = _values(lines[0])[0] if lines else ""
    if counted != str(rows):
        raise ValueError(f"{rows} rows, but {counted[:20] or 'none'} counted at the end")
