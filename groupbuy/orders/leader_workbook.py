"""A deal's orders as the workbook leaders are used to: customers, products, points, explanation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from flask_babel import gettext as _

from groupbuy.core.settings import setting
from groupbuy.core.text import mask_phone
from groupbuy.core.xlsx import COUNT, MONEY, Book, Look, Page, Sheet, width_for, yuan
from groupbuy.deals.models import Deal, DealItem
from groupbuy.orders import leader_workbook_words as words
from groupbuy.orders.leader_customers import Customer, Sold, customers

_PALE = "E6F2EA"
_TITLE = Look(size=16, bold=True)
_HEADING = Look(size=11, bold=True, fill=_PALE, align="center", wrap=True, boxed=True)
_TEXT = Look(wrap=True, boxed=True, indent=1, form="@")
_NAME = _TEXT.but(bold=True)
_NUMBER = Look(align="right", boxed=True, indent=1, form=COUNT)
_MONEY = Look(align="right", boxed=True, indent=1, form=MONEY)
_TIME = Look(boxed=True, form="yyyy-mm-dd hh:mm")
_PRODUCTS_A_PAGE = 10
_FACTS_OF_A_PRODUCT = 8  # columns before the numbers

_Column = tuple[str, float, Look]


@dataclass(frozen=True)
class Asked:
    """Which orders (conditions on Order), the same in words, and what may be seen of people.

    `whole_phones`: phone numbers in full. `costs`: what the goods cost the leader, too.
    """

    conditions: Sequence[Any]
    words: Sequence[str] = ()
    whole_phones: bool = False
    costs: bool = False


class Written(NamedTuple):
    """A finished workbook, and how many customers, orders and rows of goods are in it."""

    file: bytes
    customers: int
    orders: int
    rows: int


def build(deal: Deal, asked: Asked, *, now: datetime) -> Written:
    """The workbook in the reader's language; the statements do not grow with the orders."""
    everybody = customers(asked.conditions)
    book = Book(_("Orders of %(deal)s", deal=deal.title), setting("SITE_NAME"), now=now)
    rows = _write_customers(book, deal, everybody, asked)
    _write_products(book, deal, everybody, asked)
    _write_points(book, deal, everybody)
    _write_explanation(book, deal, everybody, asked, now)
    orders = sum(len(customer.orders) for customer in everybody)
    return Written(book.to_bytes(), len(everybody), orders, rows)


def _sheet(book: Book, title: str, columns: Sequence[_Column], **page: Any) -> tuple[Sheet, Any]:
    """A sheet with a title and headings, and what writes its rows."""
    widths = [width for _heading, width, _look in columns]
    sheet = book.sheet(title, Page(widths, heading_row=2, **page))
    sheet.rows(_TITLE)([f"{title} · {book.title}"])
    sheet.rows(*[_HEADING] * len(columns))([heading for heading, _width, _look in columns])
    return sheet, sheet.rows(*(look for _heading, _width, look in columns))


def _totals(sheet: Sheet, columns: Sequence[_Column], values: Sequence[Any]) -> None:
    sheet.rows(*(look.but(bold=True, fill=_PALE) for _h, _w, look in columns))(values)


def _write_customers(book: Book, deal: Deal, everybody: Sequence[Customer], asked: Asked) -> int:
    questions = list(deal.questions)
    columns = [
        *_columns_of_goods(),
        *_columns_of_people(),
        *((question.label, 16, _TEXT) for question in questions),
        (_("Order numbers"), 21, _TEXT),
        (_("Ordered at"), 18, _TIME),
    ]
    sheet, write = _sheet(book, _("Customers"), columns, still_columns=2, pages_wide=2)
    rows = 0
    for customer in everybody:
        who, where = _who(customer), _where(customer, asked)
        more = [customer.answer(question.id) for question in questions]
        money = [yuan(fen) for fen in _money(customer)]
        for sold in customer.sold.values():
            write([*who, *_goods(sold), *money, *where, *more, *_when(customer)])
            money = [None] * len(money)
            rows += 1
    sums: list[Any] = [None] * len(columns)
    sums[1], sums[6:13] = _("Total"), _sums(everybody)
    _totals(sheet, columns, sums)
    return rows


def _columns_of_goods() -> list[_Column]:
    return [
        (_("Roll no."), 9, _NAME),
        (_("Orderer"), 12, _NAME),
        (_("State"), 10, _TEXT),
        (_("Product"), 28, _TEXT),
        (_("Spec"), 12, _TEXT),
        (_("Unit price (yuan)"), 11, _MONEY),
        (_("Pieces"), 8, _NUMBER.but(bold=True)),
        (_("Pieces short"), 8, _NUMBER),
        (_("Goods (yuan)"), 12, _MONEY),
        (_("All orders (yuan)"), 12, _MONEY),
        (_("Paid (yuan)"), 12, _MONEY),
        (_("Goes back (yuan)"), 12, _MONEY),
        (_("To pay (yuan)"), 12, _MONEY),
    ]


def _columns_of_people() -> list[_Column]:
    return [
        (_("Pickup point"), 18, _TEXT),
        (_("Address of the point"), 24, _TEXT),
        (_("Recipient"), 12, _TEXT),
        (_("Phone"), 15, _TEXT),
        (_("Building"), 9, _TEXT),
        (_("Unit (staircase)"), 9, _TEXT),
        (_("Room"), 9, _TEXT),
        (_("Note of the member"), 24, _TEXT),
        (_("Note of staff"), 24, _TEXT),
    ]


def _who(customer: Customer) -> list[Any]:
    numbers = (f"#{order.roll_no}" for order in customer.orders if order.roll_no)
    states = Customer.joined(_(order.state) for order in customer.orders)
    return ["\n".join(numbers) or "–", customer.member.name, states]


def _goods(sold: Sold) -> list[Any]:
    price, amount = yuan(sold.price_fen), yuan(sold.amount_fen)
    return [sold.item.name, sold.item.spec, price, sold.pieces, sold.short or None, amount]


def _money(customer: Customer) -> tuple[int, int, int, int]:
    """Of all orders of the customer, so it stands once and columns can be added up."""
    return customer.due_fen, customer.paid_fen, customer.refunded_fen, customer.owed_fen


def _where(customer: Customer, asked: Asked) -> list[Any]:
    contact = customer.contact
    phone = contact["phone"]
    phone = phone if asked.whole_phones or not phone else mask_phone(phone)
    home = [contact[name] for name in ("building", "unit", "room")]
    notes = [Customer.joined(order.note for order in customer.orders)]
    notes.append(Customer.joined(order.staff_note for order in customer.orders))
    return [customer.point.name, customer.point.address, contact["name"], phone, *home, *notes]


def _when(customer: Customer) -> list[Any]:
    numbers = "\n".join(order.number for order in customer.orders)
    return [numbers, min(order.placed_at for order in customer.orders)]


def _sums(everybody: Sequence[Customer]) -> list[Any]:
    goods = [sold for customer in everybody for sold in customer.sold.values()]
    money = [yuan(sum(column)) for column in zip(*map(_money, everybody), strict=True)]
    return [
        sum(sold.pieces for sold in goods),
        sum(sold.short for sold in goods) or None,
        yuan(sum(sold.amount_fen for sold in goods)),
        *(money or [yuan(0)] * 4),
    ]


def _write_products(book: Book, deal: Deal, everybody: Sequence[Customer], asked: Asked) -> None:
    columns = _columns_of_products(costs=asked.costs)
    room = len(columns) - _FACTS_OF_A_PRODUCT
    sheet, write = _sheet(book, _("Products"), columns, still_columns=2)
    sold = _by_item(everybody)
    sums = [0] * 5
    for item in deal.items:
        figures = _figures(item, sold.get(item.id, []))
        sums = [total + number for total, number in zip(sums, figures, strict=True)]
        left = None if item.stock is None else item.stock - item.sold
        facts = [item.code, item.name, item.spec, item.unit, item.supplier.name]
        write([*facts, yuan(item.price_fen), item.stock, left, *_as_cells(figures)[:room]])
    total = [None, _("Total"), *[None] * (_FACTS_OF_A_PRODUCT - 2)]
    _totals(sheet, columns, [*total, *_as_cells(sums)[:room]])


def _columns_of_products(*, costs: bool) -> list[_Column]:
    columns: list[_Column] = [
        (_("Code"), 14, _TEXT),
        (_("Product"), 30, _NAME),
        (_("Spec"), 14, _TEXT),
        (_("Unit"), 7, _TEXT),
        (_("Supplier"), 18, _TEXT),
        (_("Price now (yuan)"), 11, _MONEY),
        (_("Stock"), 10, _NUMBER),
        (_("Stock left"), 10, _NUMBER),
        (_("Pieces"), 10, _NUMBER.but(bold=True)),
        (_("Pieces short"), 10, _NUMBER),
        (_("Goods (yuan)"), 14, _MONEY),
    ]
    if costs:
        columns += [(_("Cost (yuan)"), 14, _MONEY), (_("Margin (yuan)"), 14, _MONEY)]
    return columns


def _by_item(everybody: Sequence[Customer]) -> dict[int, list[Sold]]:
    found: dict[int, list[Sold]] = {}
    for customer in everybody:
        for sold in customer.sold.values():
            found.setdefault(sold.item.id, []).append(sold)
    return found


def _figures(item: DealItem, own: Sequence[Sold]) -> list[int]:
    """Pieces, pieces that did not come, fen of the goods, of their cost, and the difference."""
    pieces = sum(sold.pieces for sold in own)
    amount = sum(sold.amount_fen for sold in own)
    cost = amount if item.cost_fen is None else pieces * item.cost_fen
    return [pieces, sum(sold.short for sold in own), amount, cost, amount - cost]


def _as_cells(figures: Sequence[int]) -> list[Any]:
    pieces, short, *fen = figures
    return [pieces, short or None, *(yuan(amount) for amount in fen)]


def _write_points(book: Book, deal: Deal, everybody: Sequence[Customer]) -> None:
    sold = _by_item(everybody)
    items = [item for item in deal.items if item.id in sold]
    columns: list[_Column] = [
        (_("Pickup point"), 22, _NAME),
        (_("Address of the point"), 28, _TEXT),
        (_("Customers"), 10, _NUMBER),
        (_("Orders"), 9, _NUMBER),
        (_("Pieces"), 10, _NUMBER.but(bold=True)),
        (_("All orders (yuan)"), 14, _MONEY),
        (_("Goes back (yuan)"), 14, _MONEY),
        *(
            (f"{item.name} {item.spec}".strip(), width_for(item.sold, least=11), _NUMBER)
            for item in items
        ),
    ]
    pages = -(-len(items) // _PRODUCTS_A_PAGE) or 1
    sheet, write = _sheet(
        book, _("Points and products"), columns, still_columns=1, pages_wide=pages
    )
    by_point: dict[int, list[Customer]] = {}
    for customer in everybody:
        by_point.setdefault(customer.point.id, []).append(customer)
    for own in by_point.values():
        write([own[0].point.name, own[0].point.address, *_row_of_point(own, items)])
    _totals(sheet, columns, [_("Total"), None, *_row_of_point(everybody, items)])


def _row_of_point(own: Sequence[Customer], items: Sequence[DealItem]) -> list[Any]:
    sold = _by_item(own)
    pieces = [sum(one.pieces for one in sold.get(item.id, ())) for item in items]
    return [
        len(own),
        sum(len(customer.orders) for customer in own),
        sum(pieces),
        yuan(sum(customer.due_fen for customer in own)),
        yuan(sum(customer.refunded_fen for customer in own)),
        *(count or None for count in pieces),
    ]


def _write_explanation(
    book: Book, deal: Deal, everybody: Sequence[Customer], asked: Asked, now: datetime
) -> None:
    title = _("About this workbook")
    sheet = book.sheet(title, Page([24, 112]))
    sheet.rows(_TITLE)([f"{title} · {book.title}"])
    write = sheet.rows(_TEXT.but(bold=True, fill=_PALE), _TEXT)
    for explained in words.sheets_explained(costs=asked.costs):
        write(explained)
    for explained in words.range_explained(deal, everybody, asked.words):
        write(explained)
    write(words.phones_explained(whole=asked.whole_phones))
    write([_("Workbook written"), words.spoken_time(now)])
