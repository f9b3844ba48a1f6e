"""How Alipay writes money, times, signatures and bills."""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

BEIJING = ZoneInfo("Asia/Shanghai")
COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    "对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,"
    "商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,"
    "退款批次号/请求号,服务费（元）,分润（元）,备注"
)
_LINE = "-" * 41


@functools.cache
def _key(_whose: str) -> rsa.RSAPrivateKey:
    """One pair for each, made once in a run: making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"


def fen(yuan: str) -> int:
    """As Alipay wants it: two decimals."""
    whole, _point, cents = yuan.partition(".")
    assert len(cents) == 2
    return int(whole + cents)


def beijing(instant: datetime) -> str:
    return instant.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def sign(text: str, whose: str) -> str:
    """RSA2 by the private key of "app", "alipay" or a stranger."""
    made = _key(whose).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(made).decode()


def text_to_sign(said: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(said.items()))


def private_pem(whose: str) -> str:
    kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return _key(whose).private_bytes(serialization.Encoding.PEM, kind, plain).decode()


def public_pem(whose: str) -> str:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return _key(whose).public_key().public_bytes(serialization.Encoding.PEM, kind).decode()


def is_signed(said: dict[str, str], whose: str) -> bool:
    """Whether `sign` in `said` is right for all the rest of it that is not empty."""
    rest = {name: value for name, value in said.items() if value and name != "sign"}
    made = base64.b64decode(said.get("sign", ""))
    try:
        _key(whose).public_key().verify(
            made, text_to_sign(rest).encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        return False
    return True


def bill(rows: Iterable[dict[str, str]]) -> bytes:
    """A bill of a day; what a row does not say by the name of its column stays empty."""
    names = COLUMNS.split(",")
    return "\r\n".join(
        [
            "#支付宝业务明细查询",
            "#账号：[20880000000000010156]",
            "#起始日期：[2026年01月01日 00:00:00]   终止日期：[2026年01月02日 00:00:00]",
            f"#{_LINE}业务明细列表{_LINE}",
            COLUMNS,
            *(",".join(row.get(name, "") for name in names) for row in rows),
            f"#{_LINE}业务明细列表结束{_LINE}",
            "#导出时间：[2026年01月02日 09:00:00]",
            "",
        ]
    ).encode("gb18030")


def bill_row(kind: str, trade: Any, fen: int, at: datetime, number: str = "") -> dict[str, str]:
    """A row of a bill; numbers end with a tab there, and the fee is 0.6 %, which goes back too."""
    sign, fee_sign = ("-", "") if kind == "退款" else ("", "-")
    return {
        "支付宝交易号": f"{trade.trade_no}\t",
        "商户订单号": f"{trade.out_trade_no}\t",
        "业务类型": kind,
        "商品名称": trade.subject,
        "创建时间": beijing(trade.paid_at),
        "完成时间": beijing(at),
        "对方账户": "lin***@example.com",
        "订单金额（元）": sign + yuan(fen),
        "商家实收（元）": sign + yuan(fen),
        "退款批次号/请求号": f"{number}\t" if number else "",
        "服务费（元）": fee_sign + yuan((fen * 6 + 500) // 1000),
        "分润（元）": "0.00",
    }
