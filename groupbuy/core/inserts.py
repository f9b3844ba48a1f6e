"""New rows of several tables at once, for the paths on which every statement counts.

A statement costs more to make than to run, so these are made once, with a place for each value.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import manager_of_class

from groupbuy.core.db import connection, on_postgresql
from groupbuy.extensions import db


class Insertion(NamedTuple):
    """An INSERT made once, and the values that go into it this time.

    It has a value for every column with a default, and no name of a value is another's.
    """

    statement: sa.Insert
    values: Mapping[str, Any]


def new_row(model: Any, row: Mapping[str, Any]) -> Insertion:
    """One row of `model`; its columns without a value stay NULL."""
    table = model.__table__
    values = {f"{table.name}.{name}": value for name, value in row.items()}
    return Insertion(_insert(table, tuple(row)), values)


def insert_object(model: Any, row: Mapping[str, Any]) -> Any:
    """Insert one row of `model`; returns it as the session would have loaded it.

    The unit of work takes three times as long for that.
    """
    result: Any = connection().execute(_insert_one(model.__table__), row)
    return attached(model, id=result.inserted_primary_key[0], **row)


def attached(model: Any, **values: Any) -> Any:
    """A row with these columns, the key among them, as if the session had just loaded it.

    What is left out is read when it is asked for. The constructor would take each column for a
    change to be written, which costs more than all the rest.
    """
    made = manager_of_class(model).new_instance()
    made.__dict__.update(values)
    make_transient_to_detached(made)
    db.session().add(made)
    return made


def insert_together(*insertions: Insertion) -> None:
    """Insert what does not need each other's rows: in one statement on PostgreSQL."""
    open_one = connection()
    if on_postgresql():
        chain = _chain(*(insertion.statement for insertion in insertions))
        every = {name: value for part in insertions for name, value in part.values.items()}
        open_one.execute(chain, every)
    else:
        for statement, values in insertions:
            open_one.execute(statement, values)


@cache
def _insert_one(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


@cache
def _insert(table: sa.Table, names: tuple[str, ...]) -> sa.Insert:
    places = {
        name: sa.bindparam(f"{table.name}.{name}", type_=table.c[name].type) for name in names
    }
    return sa.insert(table).values(places)


@cache
def _chain(*inserts: sa.Insert) -> sa.Insert:
    *others, last = inserts
    for number, other in enumerate(others):
        last = last.add_cte(other.cte(f"part_{number}"))
    return last
