"""Which column of another tool's export holds what: by its headings, or as `--map` says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

from groupbuy.core.errors import RuleBroken
from groupbuy.core.text import label

HEADING_ROWS = 20  # titles and notes may stand above the headings

# The headings of 快团团 and 群接龙, and plain ones; of several in one file the first listed counts.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "order": (
        *("订单号", "订单编号", "商城订单号", "order", "order number", "order no", "order id"),
        *("跟团号", "跟团号/下单序号", "接龙号", "下单序号"),
    ),
    "sku": (
        *("规格编码", "SKU编码", "SKU编号", "商品编码", "商品编号", "商家编码", "货号", "商品ID"),
        *("sku", "sku code", "code"),
    ),
    "name": ("商品名称", "商品", "商品名", "SKU名称", "品名", "name", "item", "product"),
    "spec": ("规格", "商品规格", "SKU规格", "规格名称", "spec"),
    "quantity": ("数量", "商品数量", "购买数量", "SKU数量", "件数", "份数", "quantity", "qty"),
    "price": ("单价", "商品单价", "价格", "商品价格", "团购价", "售价", "price", "unit price"),
    "amount": ("商品金额", "金额", "小计", "商品总价", "amount"),
    "member": (
        *("下单人", "下单人昵称", "微信昵称", "昵称", "团员", "团员昵称", "用户昵称", "买家昵称"),
        *(
            "收货人",
            "收件人",
            "收货人姓名",
            "收件人姓名",
            "姓名",
            "member",
            "customer",
            "name of member",
        ),
    ),
    "phone": (
        "联系电话",
        "手机号",
        "手机",
        "电话",
        "联系方式",
        "收货人电话",
        "收件人手机号码",
        "phone",
    ),
    "point": ("自提点", "自提点名称", "提货点", "取货点", "自提地点", "pickup point", "point"),
    "at": (
        "下单时间",
        "支付时间",
        "付款时间",
        "接龙时间",
        "跟团时间",
        "订单时间",
        "at",
        "ordered at",
    ),
    "status": ("订单状态", "状态", "取消状态", "status", "order status", "state"),
}
# Each group needs one of its columns; the first names the group to people.
REQUIRED = (("order", "member"), ("sku", "name"), ("quantity",), ("price", "amount"))

Cells = Sequence[Any]


class MissingColumns(RuleBroken):
    """No row of the file has headings for everything that is needed."""

    message = _l("The file has no column for %(missing)s; its columns are: %(columns)s")
    status = 422


class BadMapping(RuleBroken):
    """`--map` does not say which column is which."""

    message = _l("“%(part)s” is not KEY=COLUMN with one of the keys %(keys)s.")
    status = 422


def parse_mapping(text: str) -> dict[str, str]:
    """Key -> column from `--map`; a column's name may hold commas. Raises BadMapping.

    >>> parse_mapping("order=Transaction ID,price=Price, yuan,point=Gate")
    {'order': 'Transaction ID', 'price': 'Price, yuan', 'point': 'Gate'}
    """
    mapping = {}
    known = "|".join(HEADINGS)
    for part in re.split(rf",(?=\s*(?:{known})\s*=)", text) if text.strip() else ():
        key, equals, column = (piece.strip() for piece in part.partition("="))
        if not equals or not column or key not in HEADINGS:
            raise BadMapping(part=label(part), keys=", ".join(HEADINGS))
        mapping[key] = column
    return mapping


def find_headings(
    rows: Iterator[tuple[int, Cells]], mapping: Mapping[str, str]
) -> tuple[list[str], dict[str, int]]:
    """Advance `rows` past the headings. Raises MissingColumns with the nearest row it saw."""
    nearest: tuple[int, list[str], list[str]] | None = None
    for number, row in rows:
        headings = [label(as_text(cell)) for cell in row]
        while headings and not headings[-1]:
            headings.pop()
        columns, missing = _recognise(headings, mapping)
        if not missing:
            return headings, columns
        if headings and (nearest is None or len(columns) > nearest[0]):
            nearest = (len(columns), missing, headings)
        if number >= HEADING_ROWS:
            break
    _, missing, headings = nearest or (0, [group[0] for group in REQUIRED], [])
    raise MissingColumns(missing=", ".join(missing), columns=label(", ".join(headings), 300))


def _recognise(
    headings: Sequence[str], mapping: Mapping[str, str]
) -> tuple[dict[str, int], list[str]]:
    """Which column holds what, and what was asked for or is needed but is not there."""
    exact = {heading: index for index, heading in reversed(list(enumerate(headings)))}
    plain = {_plain(heading): index for heading, index in reversed(exact.items())}
    columns: dict[str, int] = {}
    missing = []
    for key, wanted in mapping.items():
        index = exact.get(label(wanted), plain.get(_plain(wanted)))
        if index is None:
            missing.append(f"{key} (“{label(wanted)}”)")
        else:
            columns[key] = index
    for key in [key for key in HEADINGS if key not in mapping]:
        known = (plain[_plain(name)] for name in HEADINGS[key] if _plain(name) in plain)
        found = next((index for index in known if index not in columns.values()), None)
        if found is not None:
            columns[key] = found
    missing += [
        group[0] for group in REQUIRED if not {*group} & {*columns} and not {*group} & {*mapping}
    ]
    return columns, missing


def _plain(heading: str) -> str:
    """A heading without case, width, spaces and what stands in brackets.

    >>> _plain("Price (yuan)"), _plain("单价（元）"), _plain("Order_Number")
    ('price', '单价', 'ordernumber')
    """
    text = unicodedata.normalize("NFKC", heading).casefold()
    return re.sub(r"[\s_*:#-]", "", re.sub(r"[(\[].*?[)\]]", "", text))


def as_text(value: Any) -> str:
    """A cell as a csv would hold it: whole numbers without a point, times in ISO 8601."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)
