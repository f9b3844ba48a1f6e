"""Money is whole fen. Text becomes fen through `Decimal`, never through a float."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

_MONEY = re.compile(r"[0-9]{1,7}(\.[0-9]{1,2})?")
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")


def parse_yuan(text: str) -> int:
    """Fen from what a person typed. Raises ValueError when it is not an amount.

    >>> parse_yuan("19.8"), parse_yuan("１２")
    (1980, 1200)
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if not _MONEY.fullmatch(plain):
        raise ValueError(text)
    return int(Decimal(plain) * 100)


def round_to_fen(text: str) -> int:
    """Fen from another program's export: any number of decimals, rounded half up.

    >>> round_to_fen("2.555"), round_to_fen("0.001"), round_to_fen("¥1,250.00")
    (256, 0, 125000)

    Raises ValueError when `text` is not a number; negative amounts are returned as they are.
    """
    plain = unicodedata.normalize("NFKC", text).strip().removeprefix("¥").replace(",", "")
    try:
        amount = Decimal(plain)
        if not amount.is_finite():
            raise ValueError(text)
        return int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))
    except ArithmeticError as error:  # no number, or one with an exponent beyond all use
        raise ValueError(text) from error


def format_yuan(fen: int) -> str:
    """`¥` and two decimals, as people see money.

    >>> format_yuan(125050), format_yuan(-5)
    ('¥1,250.50', '-¥0.05')
    """
    yuan, cents = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}¥{yuan:,}.{cents:02}"


def parse_percent(typed: str) -> int:
    """Basis points from a percentage. Raises ValueError for anything but 0 to 100.

    >>> parse_percent("8.5"), parse_percent("１０%"), parse_percent("0")
    (850, 1000, 0)
    """
    plain = unicodedata.normalize("NFKC", typed).strip().removesuffix("%").strip()
    if not _PERCENT.fullmatch(plain) or Decimal(plain) > 100:
        raise ValueError(typed)
    return int(Decimal(plain) * 100)


def format_percent(bp: int) -> str:
    """Basis points as a percentage.

    >>> format_percent(850), format_percent(1000), format_percent(5)
    ('8.5%', '10%', '0.05%')
    """
    whole, rest = divmod(bp, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") + "%" if rest else f"{whole}%"


def split_by_weight(total: int, weights: Sequence[int]) -> list[int]:
    """Divide `total` in proportion to `weights` by largest remainder; the parts add up to it.

    Ties go to the earlier weight. All weights zero gives zeros.

    >>> split_by_weight(100, [1, 1, 1])
    [34, 33, 33]
    >>> split_by_weight(5, [0, 0])
    [0, 0]
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[: total - sum(shares)]:
        shares[i] += 1
    return shares
