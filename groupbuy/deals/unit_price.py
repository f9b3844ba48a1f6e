"""The price of a fixed amount, so that a big bag and a small one can be compared."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

_SPEC = re.compile(r"约?\s*([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*([a-zA-Z]+|[\u4e00-\u9fff]+?)\s*装?")
# A unit of the spec -> (grams or millilitres, the measure people compare by, how many that is).
_MEASURES = {
    "g": (1, "500 g", 500),
    "克": (1, "500 g", 500),
    "kg": (1000, "500 g", 500),
    "千克": (1000, "500 g", 500),
    "公斤": (1000, "500 g", 500),
    "斤": (500, "500 g", 500),
    "ml": (1, "100 ml", 100),
    "毫升": (1, "100 ml", 100),
    "l": (1000, "100 ml", 100),
    "升": (1000, "100 ml", 100),
}
_COUNTED = "枚个只颗根"


def unit_price(price_fen: int, spec: str) -> tuple[int, str] | None:
    """Fen per measure and the measure, or None where `spec` is not simply an amount.

    >>> unit_price(1980, "5 斤装"), unit_price(3780, "30枚"), unit_price(1650, "950 ml")
    ((396, '500 g'), (126, '枚'), (174, '100 ml'))
    >>> unit_price(3980, "2 盒共 600 g") is None
    True
    """
    found = _SPEC.fullmatch(spec.strip())
    if not found:
        return None
    amount, unit = Decimal(found[1]), found[2].lower()
    if unit in _MEASURES:
        scale, measure, whole = _MEASURES[unit]
        amount = amount * scale / whole
    elif unit in _COUNTED:
        measure = unit
    else:
        return None
    if amount <= 0 or (amount == 1 and measure == unit):
        return None
    return int((price_fen / amount).quantize(Decimal(1), ROUND_HALF_UP)), measure
