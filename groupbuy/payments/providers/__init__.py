"""The ways to pay, each a module with the same functions; they know nothing of the trade.

is_on() -> bool                       whether this installation has it set up
begin(Attempt) -> Begun               tell the provider; again with the same number is harmless
parse(headers, body) -> Paid | Refunded   a notification, believed only when its signature is good
query(out_trade_no) -> Paid           ask about an attempt
close(out_trade_no) -> None           nobody can pay it any more; Refused when it is paid
refund(RefundOrder) -> Refunded       give money back; again with the same number is the same
query_refund(RefundOrder) -> Refunded ask about a refund
read_bill(bytes) -> list[BillRow]     what the provider says of a day; ValueError when unreadable

All but is_on and read_bill may use the network, so they are called outside transactions. They
raise Unreachable when nothing is known afterwards, Refused when the provider says no, and parse
raises Forged. METHODS names the methods of each way, ONLINE says whether a provider can be asked.
"""

from __future__ import annotations

from types import ModuleType

from groupbuy.payments.providers import alipay, cash, sandbox, wechat

WAYS: dict[str, ModuleType] = {
    "cash": cash,
    "wechat": wechat,
    "alipay": alipay,
    "sandbox": sandbox,
}


def online(way: str) -> bool:
    """Whether there is somebody to ask about a payment in this way."""
    return bool(WAYS[way].ONLINE)


def online_ways() -> list[str]:
    """The ways in which there is somebody to ask."""
    return [name for name in WAYS if online(name)]


def ways_on() -> list[str]:
    """The ways in which this installation takes money."""
    return [name for name, way in WAYS.items() if way.is_on()]
