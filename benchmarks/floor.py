"""`python -m benchmarks.floor --database URL --port N`: the least application that takes an order.

Flask and SQLAlchemy Core with the settings of the site, and nothing else: no sign-in, no form
token, no window, no limits, no events, no notices. What the site costs beyond it, people pay for
what it knows. Orders come in two ways: `/order` takes statements for each line, `/order-few` as
few as there can be without one database's own dialect. `/hand-over` gives a bag away, once.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import secrets
from typing import Any

import sqlalchemy as sa
from flask import Flask, abort, redirect, request
from werkzeug.wrappers import Response

from groupbuy.core import clock
from groupbuy.core.db import UtcDateTime
from groupbuy.core.engines import engine_options, set_up_engine

POOL_SIZE = 4  # of each worker, as the site's
ITEMS = 100

metadata = sa.MetaData()
# SQLite only numbers rows by itself when the key is exactly INTEGER.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Item = sa.Table(
    "item",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("deal", sa.String(20), index=True),
    sa.Column("name", sa.String(200)),
    sa.Column("price_fen", sa.BigInteger),
    sa.Column("stock", sa.BigInteger),
    sa.Column("sold", sa.BigInteger),
)
Order = sa.Table(
    "placed_order",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("number", sa.String(40), unique=True),
    sa.Column("due_fen", sa.BigInteger),
    sa.Column("placed_at", UtcDateTime),
)
Line = sa.Table(
    "line",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("order_id", sa.ForeignKey("placed_order.id"), index=True),
    sa.Column("item_id", sa.ForeignKey("item.id")),
    sa.Column("price_fen", sa.BigInteger),
    sa.Column("quantity", sa.BigInteger),
)
Bag = sa.Table(
    "bag",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("token_hash", sa.String(64), unique=True),
    sa.Column("state", sa.String(20)),
)
BagLine = sa.Table(
    "bag_line",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("bag_id", sa.ForeignKey("bag.id"), index=True),
    sa.Column("quantity", sa.BigInteger),
    sa.Column("picked", sa.BigInteger),
)
Handed = sa.Table(
    "handed",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("bag_id", sa.ForeignKey("bag.id"), index=True),
    sa.Column("nonce", sa.String(64)),
    sa.Column("at", UtcDateTime),
)
HandedLine = sa.Table(
    "handed_line",
    metadata,
    sa.Column("handed_id", sa.ForeignKey("handed.id"), primary_key=True),
    sa.Column("line_id", sa.ForeignKey("bag_line.id"), primary_key=True),
    sa.Column("pieces", sa.BigInteger),
)
PAGE = """<!doctype html><html lang="zh"><title>{{ deal }}</title><h1>{{ deal }}</h1>
<form method="post" action="/order">
{% for item in items %}
<article><h2>{{ item.name }}</h2><p>¥{{ "%.2f" % (item.price_fen / 100) }}</p>
<p>{{ item.stock - item.sold }}</p><input name="q-{{ item.id }}" value="0" type="number"></article>
{% endfor %}
<button>OK</button></form></html>"""


class SoldOut(Exception):
    """Too little of an item is left; nothing is written."""


class Gone(Exception):
    """The bag was handed over before, or never was."""


def create_app(url: str = "") -> Flask:
    """The application on the database behind `url`, or behind FLOOR_DATABASE."""
    url = url or os.environ["FLOOR_DATABASE"]
    engine = sa.create_engine(url, **engine_options(url, POOL_SIZE))
    set_up_engine(engine)
    app = Flask(__name__)
    page = app.jinja_env.from_string(PAGE)

    @app.get("/deal/<deal>")
    def show(deal: str) -> str:
        with engine.connect() as connection:
            items = connection.execute(sa.select(Item).where(Item.c.deal == deal)).all()
        return page.render(deal=deal, items=items)

    def take(place: Any) -> Response:
        wanted = {int(n[2:]): int(v) for n, v in request.form.items() if n.startswith("q-")}
        try:
            with engine.connect() as connection:
                writing = connection.execution_options(groupbuy_writes=True)
                with writing.begin():
                    place(writing, dict(sorted(wanted.items())))
        except SoldOut:
            abort(409)
        return redirect("/", 303)

    @app.post("/hand-over/<token>")
    def hand_over(token: str) -> Response:
        try:
            with engine.connect() as connection:
                writing = connection.execution_options(groupbuy_writes=True)
                with writing.begin():
                    give(writing, token, request.form["nonce"])
        except Gone:
            abort(409)
        return redirect("/", 303)

    app.post("/order", endpoint="order")(lambda: take(by_line))
    app.post("/order-few", endpoint="order_few")(lambda: take(by_few))
    return app


def by_line(connection: sa.Connection, wanted: dict[int, int]) -> None:
    """Place an order with an INSERT and a guarded UPDATE for each line."""
    prices = _prices(connection, wanted)
    order_id = _add_order(connection, prices, wanted)
    for row in _lines(order_id, prices, wanted):
        connection.execute(sa.insert(Line), row)
    for item_id, pieces in wanted.items():
        enough = Item.c.sold + pieces <= Item.c.stock
        taken = sa.update(Item).where(Item.c.id == item_id, enough)
        if connection.execute(taken.values(sold=Item.c.sold + pieces)).rowcount == 0:
            raise SoldOut


def by_few(connection: sa.Connection, wanted: dict[int, int]) -> None:
    """Place an order in five statements, whatever its lines."""
    prices = _prices(connection, wanted)
    order_id = _add_order(connection, prices, wanted)
    lines = sa.insert(Line).returning(Line.c.id)
    connection.execute(lines, _lines(order_id, prices, wanted)).all()
    mine = sa.select(Item.c.id).where(Item.c.id.in_(wanted)).order_by(Item.c.id)
    connection.execute(mine.with_for_update(key_share=True))  # without it baskets deadlock
    grown = Item.c.sold + sa.case(wanted, value=Item.c.id)
    taken = sa.update(Item).where(Item.c.id.in_(wanted), grown <= Item.c.stock)
    if connection.execute(taken.values(sold=grown)).rowcount < len(wanted):
        raise SoldOut


def give(connection: sa.Connection, token: str, nonce: str) -> None:
    """Hand over a bag with all that is in it, in six statements."""
    hashed = hashlib.sha256(token.encode()).hexdigest()
    bag_id = connection.scalar(sa.select(Bag.c.id).where(Bag.c.token_hash == hashed))
    waits = sa.update(Bag).where(Bag.c.id == bag_id, Bag.c.state == "ready")
    if connection.execute(waits.values(state="collected")).rowcount == 0:
        raise Gone
    inside = sa.select(BagLine.c.id, BagLine.c.quantity).where(BagLine.c.bag_id == bag_id)
    lines = connection.execute(inside).all()
    row = {"bag_id": bag_id, "nonce": nonce, "at": clock.now()}
    handed_id = connection.execute(sa.insert(Handed).returning(Handed.c.id), row).scalar_one()
    rows = [{"handed_id": handed_id, "line_id": line_id, "pieces": n} for line_id, n in lines]
    connection.execute(sa.insert(HandedLine), rows)
    picked = sa.update(BagLine).where(BagLine.c.bag_id == bag_id)
    connection.execute(picked.values(picked=BagLine.c.quantity))


def add_bags(url: str, *, count: int, lines: int) -> list[str]:
    """Make so many bags of so many lines: their tokens."""
    engine = sa.create_engine(url, **engine_options(url, 1))
    set_up_engine(engine)
    tokens = [secrets.token_hex(13) for _ in range(count)]
    hashes = [hashlib.sha256(token.encode()).hexdigest() for token in tokens]
    with engine.begin() as connection:
        metadata.create_all(connection)
        first = (connection.scalar(sa.select(sa.func.max(Bag.c.id))) or 0) + 1
        ids = range(first, first + count)
        made = zip(ids, hashes, strict=True)
        connection.execute(
            sa.insert(Bag), [{"id": n, "token_hash": h, "state": "ready"} for n, h in made]
        )
        inside = [{"bag_id": n, "quantity": 2, "picked": 0} for n in ids for _ in range(lines)]
        connection.execute(sa.insert(BagLine), inside)
    engine.dispose()
    return tokens


def _prices(connection: sa.Connection, wanted: dict[int, int]) -> dict[int, int]:
    rows = connection.execute(sa.select(Item.c.id, Item.c.price_fen).where(Item.c.id.in_(wanted)))
    return dict(rows.all())


def _add_order(connection: sa.Connection, prices: dict[int, int], wanted: dict[int, int]) -> int:
    row = {
        "number": secrets.token_hex(8),
        "due_fen": sum(prices[item_id] * pieces for item_id, pieces in wanted.items()),
        "placed_at": clock.now(),
    }
    return connection.execute(sa.insert(Order).returning(Order.c.id), row).scalar_one()


def _lines(order_id: int, prices: dict[int, int], wanted: dict[int, int]) -> list[dict[str, int]]:
    return [
        {
            "order_id": order_id,
            "item_id": item_id,
            "price_fen": prices[item_id],
            "quantity": pieces,
        }
        for item_id, pieces in wanted.items()
    ]


def add_deal(url: str, deal: str, *, items: int = ITEMS, stock: int) -> list[int]:
    """Make the tables if need be, and a deal of so many items with `stock` each: their ids."""
    engine = sa.create_engine(url, **engine_options(url, 1))
    set_up_engine(engine)
    rows = [
        {"deal": deal, "name": f"商品 {n:03}", "price_fen": 990 + n, "stock": stock, "sold": 0}
        for n in range(items)
    ]
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(sa.insert(Item), rows)
        ids = sa.select(Item.c.id).where(Item.c.deal == deal).order_by(Item.c.id)
        made = list(connection.scalars(ids))
    engine.dispose()
    return made


def sold(url: str, deal: str) -> int:
    """Pieces of a deal that were sold."""
    engine = sa.create_engine(url, **engine_options(url, 1))
    with engine.connect() as connection:
        count = connection.scalar(sa.select(sa.func.sum(Item.c.sold)).where(Item.c.deal == deal))
    engine.dispose()
    return int(count or 0)


def main() -> None:
    """Make a deal of 100 items called "deal" and answer on a loopback port until stopped."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floor", description=__doc__)
    parser.add_argument("--database", required=True, help="an address as SQLAlchemy spells it")
    parser.add_argument("--port", type=int, default=8001)
    arguments = parser.parse_args()
    add_deal(arguments.database, "deal", stock=10**6)
    create_app(arguments.database).run(port=arguments.port, threaded=True)


if __name__ == "__main__":
    main()
