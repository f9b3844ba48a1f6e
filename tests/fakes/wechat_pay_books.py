"""What WeChat Pay knows of trades and refunds, and how it refuses."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

Answer = dict[str, Any]
BILL = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
TOTALS = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)


class Refusal(Exception):
    """How WeChat Pay says no: HTTP status and code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


@dataclass
class Trade:
    """An order as it was told, and what became of it."""

    kind: str
    told: Answer
    state: str = "NOTPAY"
    transaction_id: str = ""
    fen: int = 0
    currency: str = "CNY"
    paid_at: datetime | None = None
    refunds: dict[str, Refund] = field(default_factory=dict)

    @property
    def shown_state(self) -> str:
        return "REFUND" if self.state == "SUCCESS" and self.refunds else self.state


@dataclass
class Refund:
    told: Answer
    refund_id: str
    made_at: datetime
    status: str = "PROCESSING"


def rfc3339(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo("Asia/Shanghai")).isoformat(timespec="seconds")


class Books:
    """Trades by out_trade_no; every act is whole or refused, whoever asks at the same time."""

    def __init__(self, mchid: str, app_id: str) -> None:
        self.mchid, self.app_id = mchid, app_id
        self.trades: dict[str, Trade] = {}
        self.refund_status = "PROCESSING"  # how a refund that is asked for begins
        self.no_money = False  # refunds: NOT_ENOUGH
        self._lock = threading.RLock()
        self._made = 0

    def _next(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}{self._made:020}"

    def order(self, kind: str, told: Answer) -> Answer:
        """A new trade, or the known one when it is told in the same words."""
        for name in ("appid", "mchid", "description", "out_trade_no", "notify_url", "amount"):
            if not told.get(name):
                raise Refusal(400, "PARAM_ERROR")
        if (told["mchid"], told["appid"]) != (self.mchid, self.app_id):
            raise Refusal(400, "APPID_MCHID_NOT_MATCH")
        if kind == "jsapi" and not told.get("payer", {}).get("openid"):
            raise Refusal(400, "PARAM_ERROR")
        if kind == "h5" and not told.get("scene_info", {}).get("payer_client_ip"):
            raise Refusal(400, "PARAM_ERROR")
        if type(told["amount"]["total"]) is not int or told["amount"]["total"] < 1:
            raise Refusal(400, "PARAM_ERROR")
        with self._lock:
            known = self.trades.setdefault(told["out_trade_no"], Trade(kind, told))
            if (known.kind, known.told) != (kind, told):
                raise Refusal(400, "INVALID_REQUEST")
            if known.state != "NOTPAY":
                raise Refusal(400, "ORDERPAID" if known.state == "SUCCESS" else "ORDER_CLOSED")
        prepay = f"wx{told['out_trade_no']}"
        return {
            "jsapi": {"prepay_id": prepay},
            "native": {"code_url": f"weixin://wxpay/bizpayurl?pr={prepay}"},
            "h5": {"h5_url": f"https://wx.tenpay.com/checkmweb?prepay_id={prepay}"},
        }[kind]

    def _trade(self, number: str, code: str = "ORDER_NOT_EXIST") -> Trade:
        if number not in self.trades:
            raise Refusal(404, code)
        return self.trades[number]

    def pay(
        self, number: str, *, at: datetime | None = None, fen: int = 0, currency: str = "CNY"
    ) -> None:
        """Somebody pays. ValueError when it is paid or closed: the real one does not let them.

        Neither does it let them pay other `fen` or `currency` than were asked for.
        """
        with self._lock:
            trade = self.trades[number]
            if trade.state != "NOTPAY":
                raise ValueError(trade.state)
            trade.state, trade.paid_at = "SUCCESS", at or datetime.now(UTC)
            trade.transaction_id = self._next("4200")
            trade.fen, trade.currency = fen or trade.told["amount"]["total"], currency

    def told_of(self, number: str) -> Answer:
        trade = self._trade(number)
        state = trade.shown_state
        answer: Answer = {
            "appid": self.app_id,
            "mchid": self.mchid,
            "out_trade_no": number,
            "trade_state": state,
            "trade_state_desc": "支付成功",
            "amount": {},
        }
        if trade.paid_at:
            answer |= {
                "transaction_id": trade.transaction_id,
                "trade_type": trade.kind.upper(),
                "bank_type": "OTHERS",
                "success_time": rfc3339(trade.paid_at),
                "payer": {"openid": "o-payer"},
                "amount": {
                    "total": trade.fen,
                    "payer_total": trade.fen,
                    "currency": trade.currency,
                    "payer_currency": trade.currency,
                },
            }
        return answer

    def close(self, number: str) -> None:
        with self._lock:
            trade = self._trade(number)
            if trade.state != "NOTPAY":
                raise Refusal(400, "ORDERPAID" if trade.state == "SUCCESS" else "ORDER_CLOSED")
            trade.state = "CLOSED"

    def refund(self, told: Answer) -> Answer:
        """Give back; the same number in the same words is the same refund."""
        number, amount = told["out_refund_no"], told["amount"]
        with self._lock:
            trade = self._trade(told.get("out_trade_no", ""), "RESOURCE_NOT_EXISTS")
            if trade.state != "SUCCESS":
                raise Refusal(404, "RESOURCE_NOT_EXISTS")
            if any(number in other.refunds for other in self.trades.values()):
                if self.find_refund(number)[1].told != told:
                    raise Refusal(400, "INVALID_REQUEST")
            else:
                spent = sum(r.told["amount"]["refund"] for r in trade.refunds.values())
                right = (amount["total"], amount["currency"]) == (trade.fen, trade.currency)
                if not right or not 0 < amount["refund"] <= trade.fen - spent:
                    raise Refusal(400, "INVALID_REQUEST")
                if self.no_money:
                    raise Refusal(403, "NOT_ENOUGH")
                made = Refund(told, self._next("5030"), datetime.now(UTC), self.refund_status)
                trade.refunds[number] = made
        return self.told_of_refund(number)

    def find_refund(self, number: str) -> tuple[Trade, Refund]:
        found = [(t, t.refunds[number]) for t in self.trades.values() if number in t.refunds]
        if not found:
            raise Refusal(404, "RESOURCE_NOT_EXISTS")
        return found[0]

    def finish_refund(self, number: str, status: str = "SUCCESS") -> None:
        """The money arrives (SUCCESS), or cannot (ABNORMAL, CLOSED)."""
        self.find_refund(number)[1].status = status

    def refunded_fen(self, *, status: str = "SUCCESS") -> int:
        """All money that has gone back, for whoever compares."""
        refunds = [r for trade in self.trades.values() for r in trade.refunds.values()]
        return sum(r.told["amount"]["refund"] for r in refunds if r.status == status)

    def told_of_refund(self, number: str) -> Answer:
        trade, refund = self.find_refund(number)
        return {
            "refund_id": refund.refund_id,
            "out_refund_no": number,
            "transaction_id": trade.transaction_id,
            "out_trade_no": trade.told["out_trade_no"],
            "channel": "ORIGINAL",
            "user_received_account": "支付用户零钱",
            "create_time": rfc3339(refund.made_at),
            "status": refund.status,
            "amount": {
                **refund.told["amount"],
                "payer_total": trade.fen,
                "payer_refund": refund.told["amount"]["refund"],
            },
        }

    def bill(self) -> bytes:
        """The trade bill of everything there is, in the form of type ALL; fee 0.6 %."""
        rows = []
        for number, trade in self.trades.items():
            if trade.paid_at:
                rows.append(self._bill_row(number, trade, None))
            rows += [self._bill_row(number, trade, refund) for refund in trade.refunds.values()]
        lines = [BILL, *rows, TOTALS, f"`{len(rows)},`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00"]
        return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()

    def _bill_row(self, number: str, trade: Trade, refund: Refund | None) -> str:
        back = refund.told["amount"]["refund"] if refund else 0
        paid = 0 if refund else trade.fen
        moment = refund.made_at if refund else trade.paid_at
        assert moment
        title = str(trade.told["description"])
        values = [
            moment.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S"),
            *(self.app_id, self.mchid, "0", "", trade.transaction_id, number, "o-payer"),
            *(trade.kind.upper(), "REFUND" if refund else "SUCCESS", "OTHERS", trade.currency),
            *(_yuan(paid), "0.00"),
            *((refund.refund_id, refund.told["out_refund_no"]) if refund else ("0", "0")),
            *(_yuan(back), "0.00", "ORIGINAL" if refund else "", refund.status if refund else ""),
            *(title, "", f"{'-' if refund else ''}{_fee(paid or back)}", "0.60%"),
            *(_yuan(paid), _yuan(back), ""),
        ]
        return ",".join(f"`{value}" for value in values)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"


def _fee(fen: int) -> str:
    parts = fen * 6  # 0.6 % in hundred-thousandths of a yuan
    return f"{parts // 100000}.{parts % 100000:05}"
