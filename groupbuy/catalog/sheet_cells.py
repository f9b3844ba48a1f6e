"""The columns of a leader's goods in a workbook: what they are called, and how a cell is read.

A cell becomes a plain value that the database keeps or that names a row of it: text, a whole
number, True or False, None. Headings and words are known in Chinese and English, whoever reads.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from groupbuy.catalog import editing
from groupbuy.core.errors import BadInput
from groupbuy.core.money import parse_yuan

_COUNT = re.compile("[0-9]{1,7}")
_FAULTS = {"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"}
_STORAGE = {
    "fresh": ("fresh", "冷藏", "冷鲜", "生鲜"),
    "frozen": ("frozen", "冷冻"),
    "ambient": ("dry", "常温", "ambient"),
}
_AFTER_SALE = {
    "fresh": ("fresh goods", "生鲜", "fresh"),
    "standard": ("standard", "普通"),
    "no_return": ("no return", "不退换", "no_return"),
}
_ACTIVE = {
    True: ("yes", "是", "true", "1", "y", "在售"),
    False: ("no", "否", "false", "0", "n", "停售"),
}


class Column(NamedTuple):
    """`names`: English, Chinese, and others it goes by. `read` makes the value out of text.

    `needed`: nobody may leave it empty. `word` shows the value as a cell does.
    """

    key: str
    names: tuple[str, ...]
    read: Callable[[str], Any]
    needed: bool = False
    word: Callable[[Any], Any] = lambda value: value
    empty: Any = ""
    width: float = 14

    @property
    def heading(self) -> str:
        """What it is called in the language of whoever asks."""
        return self.names[_language()]


def read_cell(column: Column, cell: Any) -> Any:
    """The value of a cell. Raises BadInput with what is wrong in it."""
    text = _text(cell)
    if not text:
        if column.needed:
            raise BadInput(column.key, _l("This may not be empty."))
        return column.empty
    return column.read(text)


def _text(cell: Any) -> str:
    """A cell as the text somebody sees in it."""
    if cell is None:
        return ""
    if isinstance(cell, (date, datetime, time)):
        sentence = _l(
            "The spreadsheet made a date of this. Format the cell as text and type again."
        )
        raise BadInput("cell", sentence)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**15:
        cell = int(cell)
    text = str(cell).strip()
    if text in _FAULTS:
        raise BadInput("cell", _l("The formula in this cell has no result."))
    return text


def _line(key: str, longest: int) -> Callable[[str], str]:
    return lambda text: editing.line(key, text, longest)


def _any_text(key: str, longest: int) -> Callable[[str], str]:
    return lambda text: editing.text(key, text, longest)


def _pack(text: str) -> int:
    pieces = _whole(text)
    if pieces is None or not 1 <= pieces <= editing.LARGEST_PACK:
        raise BadInput("pack_size", _l("A case holds 1 to 1,000,000 pieces."))
    return pieces


def _warning(text: str) -> int:
    pieces = _whole(text)
    if pieces is None or pieces > editing.MOST_TO_WARN:
        raise BadInput("warn_below_pieces", _l("A whole number from 0 to 1,000,000."))
    return pieces


def _whole(text: str) -> int | None:
    plain = unicodedata.normalize("NFKC", text)
    return int(plain) if _COUNT.fullmatch(plain) else None


def _amount(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).removeprefix("¥").replace(",", "").strip()
    try:
        return parse_yuan(plain)
    except ValueError:
        raise BadInput("price", _l("An amount looks like 12 or 12.50.")) from None


def _one_of(words: Mapping[Any, tuple[str, ...]]) -> Callable[[str], Any]:
    known = {word: value for value, many in words.items() for word in many}

    def read(text: str) -> Any:
        word = unicodedata.normalize("NFKC", text).strip().lower()
        if word not in known:
            offered = "/".join(many[_language()] for many in words.values())
            raise BadInput("word", _l("Choose one of these: %(words)s"), words=offered)
        return known[word]

    return read


def _said(words: Mapping[Any, tuple[str, ...]]) -> Callable[[Any], str]:
    return lambda value: words[value][_language()]


def _yuan(fen: int | None) -> str:
    return "" if fen is None else f"{fen // 100}.{fen % 100:02}"


def _or_nothing(value: Any) -> Any:
    return "" if value is None else value


def _language() -> int:
    """0 for English, 1 for Chinese: the place in `names`."""
    return 1 if str(get_locale() or "zh").startswith("zh") else 0


CODE = Column(
    "code",
    ("SKU code", "规格编码", "编码", "商品编码", "sku编码", "货号", "code", "sku"),
    _line("code", editing.LONGEST_CODE),
    needed=True,
)
PRODUCT = Column(
    "product",
    ("Product", "商品名称", "商品", "品名", "name", "product name"),
    _line("product", editing.LONGEST_NAME),
    needed=True,
    width=28,
)
CATEGORY = Column(
    "category",
    ("Category", "分类", "类目"),
    _line("category", 200),
    empty=None,
    word=_or_nothing,
)
DESCRIPTION = Column(
    "description",
    ("Description", "说明", "描述", "商品描述"),
    _any_text("description", editing.LONGEST_DESCRIPTION),
    width=36,
)
SUPPLIER = Column(
    "supplier",
    ("Supplier", "供应商", "供应商名称", "supplier name"),
    _line("supplier", editing.LONGEST_NAME),
    needed=True,
    width=20,
)
ACTIVE = Column(
    "is_active",
    ("Active", "在售", "启用"),
    _one_of(_ACTIVE),
    word=_said(_ACTIVE),
    empty=True,
    width=8,
)
OF_PRODUCT = (PRODUCT, CATEGORY, DESCRIPTION)
OF_SKU = (
    Column("spec", ("Size", "规格", "spec"), _line("spec", editing.LONGEST_SPEC)),
    Column("unit", ("Unit", "单位"), _line("unit", editing.LONGEST_UNIT), True, width=8),
    Column(
        "pack_size",
        ("Pieces in a case", "每箱件数", "箱规", "pack size"),
        _pack,
        empty=1,
        width=10,
    ),
    Column("price_fen", ("Price", "售价", "价格", "单价"), _amount, True, _yuan, width=10),
    Column("cost_fen", ("Cost", "进价", "成本", "成本价"), _amount, False, _yuan, None, width=10),
    SUPPLIER,
    Column(
        "supplier_code",
        ("Supplier's code", "供应商货号", "供应商编码", "supplier code"),
        _line("supplier_code", editing.LONGEST_CODE),
    ),
    Column(
        "storage_class",
        ("Storage", "储存", "存储", "温层"),
        _one_of(_STORAGE),
        False,
        _said(_STORAGE),
        "ambient",
        width=10,
    ),
    Column(
        "after_sale_class",
        ("After-sale", "售后", "售后类型", "after sale"),
        _one_of(_AFTER_SALE),
        False,
        _said(_AFTER_SALE),
        "standard",
        width=12,
    ),
    Column(
        "warn_below_pieces",
        ("Warn at", "余量提醒", "余量提醒（件）", "库存预警"),
        _warning,
        empty=None,
        word=_or_nothing,
        width=10,
    ),
    ACTIVE,
)
GOODS = (CODE, *OF_PRODUCT, *OF_SKU)
SUPPLIERS = (
    SUPPLIER,
    Column(
        "contact_name",
        ("Contact", "联系人", "contact name"),
        _line("contact_name", editing.LONGEST_NAME),
    ),
    Column(
        "contact_phone",
        ("Phone", "电话", "手机", "联系电话", "手机号"),
        lambda text: editing.phone("contact_phone", text),
        empty=None,
        word=_or_nothing,
        width=16,
    ),
    Column(
        "email",
        ("E-mail", "邮箱", "电子邮箱", "email", "e-mail address"),
        lambda text: editing.email("email", text),
        empty=None,
        word=_or_nothing,
        width=24,
    ),
    Column("note", ("Note", "备注"), _any_text("note", editing.LONGEST_NOTE), width=36),
    ACTIVE,
)


def places_of(cells: tuple[Any, ...], columns: tuple[Column, ...]) -> dict[str, int]:
    """Which of `columns` the headings in `cells` name: key -> index of its first column."""
    known = {_plain(name): column.key for column in columns for name in column.names}
    places: dict[str, int] = {}
    for index, cell in enumerate(cells):
        key = known.get(_plain(str(cell))) if isinstance(cell, str) else None
        if key is not None:
            places.setdefault(key, index)
    return places


def _plain(heading: str) -> str:
    text = unicodedata.normalize("NFKC", heading).strip().lower().strip("*").replace("’", "'")
    return " ".join(text.split())
