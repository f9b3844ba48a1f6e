"""The database: one transaction at the edge, guarded state changes, column types.

Rules add and flush. Only views, jobs and commands open `transaction()`, and nothing else commits.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.types import TypeDecorator

from groupbuy.core import clock
from groupbuy.core.errors import WrongState
from groupbuy.extensions import db

T = TypeVar("T")
AnySelect: TypeAlias = sa.Select[*tuple[Any, ...]]


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant. SQLite has no zones and returns naive times, so UTC is put back here."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite only numbers rows by itself when the key is exactly INTEGER.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PrimaryKey = Annotated[int, mapped_column(Id, primary_key=True)]
Fen = Annotated[int, mapped_column(sa.BigInteger)]
Pieces = Annotated[int, mapped_column(sa.BigInteger)]
Instant = Annotated[datetime, mapped_column(UtcDateTime)]
Name = Annotated[str, mapped_column(sa.String(200))]


def one_of(*names: str, called: str) -> sa.Enum:
    """A text column that the database holds to `names` by a CHECK constraint called `called`."""
    return sa.Enum(*names, native_enum=False, create_constraint=True, name=called, length=20)


class Stateful:
    """A row that walks through NEXT_STATES. Its methods are the only way to move it."""

    NEXT_STATES: ClassVar[dict[str, set[str]]]
    if TYPE_CHECKING:
        id: Mapped[PrimaryKey]
        state: Mapped[str]

    @classmethod
    def states_before(cls, new_state: str) -> list[str]:
        """The states from which `new_state` may be reached."""
        return [old for old, following in cls.NEXT_STATES.items() if new_state in following]

    @classmethod
    def advance_all(cls, new_state: str, *conditions: Any, **values: Any) -> int:
        """Move every matching row that may make this step; return how many did."""
        step = (
            sa.update(cls)
            .where(cls.state.in_(cls.states_before(new_state)), *conditions)
            .values(state=new_state, **values)
            .execution_options(synchronize_session=False)
        )
        return rowcount(step)

    def advance(self, new_state: str, *conditions: Any, **values: Any) -> Self:
        """Move this row, or raise WrongState. Of two racing callers exactly one succeeds."""
        return self._step(self.states_before(new_state), new_state, conditions, values)

    def advance_from(self, old_state: str, new_state: str, **values: Any) -> Self:
        """`advance`, but only as long as the row is where the caller saw it."""
        may = new_state in self.NEXT_STATES[old_state]
        return self._step([old_state] if may else [], new_state, (), values)

    def _step(self, before: list[str], after: str, conditions: Any, values: dict[str, Any]) -> Self:
        """The row as it then is comes back with the UPDATE, as if it had been read again."""
        db.session.flush()
        kind: Any = type(self)
        step = stepping(kind, tuple(before), tuple(values))
        asked = {f"to.{name}": value for name, value in values.items()}
        asked |= {"row_id": self.id, "to.state": after}
        moved = step.where(*conditions) if conditions else step
        row = connection().execute(moved, asked).one_or_none()
        if row is None:
            db.session.refresh(self)
            raise WrongState(self.state, after)
        freshen(self, row._asdict())
        return self


@cache
def stepping(kind: Any, before: tuple[str, ...], names: tuple[str, ...]) -> Any:
    """The UPDATE that moves row `row_id` to state `to.state` and sets columns, made once."""
    table = kind.__table__
    new = {n: sa.bindparam(f"to.{n}", type_=table.c[n].type) for n in ("state", *names)}
    there = sa.or_(sa.false(), *(table.c.state == state for state in before))
    step = sa.update(table).where(table.c.id == sa.bindparam("row_id"), there)
    return step.values(new).returning(*table.c)


def freshen(known: Any, row: Mapping[str, Any]) -> None:
    """Bring an object up to date with its row as it was just read or written.

    What it knows of other rows is read again when it is asked for.
    """
    kind: Any = type(known)
    loaded = known.__dict__
    related = _relationships(kind) & loaded.keys()
    if related:
        db.session.expire(known, related)
    for name, value in row.items():
        if name not in loaded or loaded[name] != value:
            set_committed_value(known, name, value)


@cache
def _relationships(kind: Any) -> frozenset[str]:
    return frozenset(sa.inspect(kind).relationships.keys())


def forget(model: Any, ids: Iterable[int]) -> None:
    """Rows changed behind the session's back: what it has loaded of them is read again."""
    session = db.session()
    for row_id in ids:
        known = session.identity_map.get(key_of(model, row_id))
        if known is not None:
            session.expire(known)


def key_of(model: Any, row_id: int) -> Any:
    """What the identity map of a session calls a row."""
    return model.__mapper__.identity_key_from_primary_key((row_id,))


def rowcount(statement: sa.Update | sa.Delete | sa.Insert) -> int:
    """Run `statement` in the session and return how many rows it touched."""
    result: Any = db.session.execute(statement.execution_options(preserve_rowcount=True))
    return int(result.rowcount)


@contextmanager
def transaction() -> Iterator[Session]:
    """Commit once on success, roll back on any error. Only edges call this.

    What was read before is read again inside: on SQLite a writer must take the write lock
    with its first statement (a read that turns into a write fails under load), and on
    PostgreSQL it must not decide by what it saw before it held its locks.
    """
    session = db.session()
    if session.info.get("writing") or session.new or session.dirty or session.deleted:
        raise RuntimeError("transaction() inside a transaction, or after unsaved changes")
    session.rollback()
    _keep_ids(session)
    options = {"groupbuy_writes": True}
    session.info["connection"] = session.connection(execution_options=options)
    session.info["writing"] = True
    try:
        yield session
        session.commit()
        _keep_ids(session)
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["writing"] = False


def connection() -> sa.Connection:
    """What the session's statements run on until its transaction ends.

    The session needs half as long to find it as to run a statement, so it is kept at hand.
    """
    session = db.session()
    if session.in_nested_transaction():  # its savepoint is made when the session is asked
        return session.connection()
    known: sa.Connection | None = session.info.get("connection")
    if known is None or known.closed:
        known = session.info["connection"] = session.connection()
    return known


def _keep_ids(session: Session) -> None:
    """A rollback forgets all of a row, and even asking for its id would read it again."""
    for state in session.identity_map.all_states():
        for column, value in zip(state.mapper.primary_key, state.identity or (), strict=False):
            state.dict[state.mapper.get_property_by_column(column).key] = value


@contextmanager
def long_transaction() -> Iterator[Session]:
    """`transaction()` for jobs and commands whose statements may need more than the page limit."""
    with transaction() as session:
        lift_limits()
        yield session


def lift_limits() -> None:
    """Until this transaction ends, statements may take longer than a page may."""
    if on_postgresql():
        db.session.execute(sa.text("SET LOCAL statement_timeout = 0"))
        db.session.execute(sa.text("SET LOCAL lock_timeout = '30s'"))
        db.session.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def learn_sizes(*models: Any) -> None:
    """After very many new rows: let PostgreSQL count them, or it plans the next joins for few.

    An edge of its own, because the lock it takes is kept until commit. SQLite needs no telling.
    """
    if on_postgresql():
        with long_transaction() as session:
            session.execute(sa.text(f"ANALYZE {', '.join(m.__tablename__ for m in models)}"))


# serialization_failure, deadlock_detected, lock_not_available, admin_shutdown, crash_shutdown
_TRANSIENT = {"40001", "40P01", "55P03", "57P01", "57P02"}


def retrying(act: Callable[[], T], attempts: int = 3) -> T:
    """Call `act`, again after a passing database failure. Only for acts that may run twice."""
    for attempt in range(1, attempts + 1):
        try:
            return act()
        except DBAPIError as error:
            if attempt == attempts or not is_transient(error):
                raise
            time.sleep(random.uniform(0.02, 0.1) * attempt)
    raise AssertionError("unreachable")


def is_transient(error: DBAPIError) -> bool:
    """Whether the same act, tried again, may well succeed."""
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or state in _TRANSIENT or "locked" in str(error.orig)


def on_postgresql() -> bool:
    return db.session.get_bind().dialect.name == "postgresql"


def moment(now: datetime) -> datetime:
    """The later of `now` and the database's own clock, read at this point of the transaction.

    A caller can wait for a lock, or live on a host whose clock is slow; neither may let it act
    in a past that is over. PostgreSQL's `now()` would be the start of the transaction.
    """
    if on_postgresql():
        return max(now, db.session.scalars(sa.select(sa.func.clock_timestamp())).one())
    return max(now, clock.now())


def insert_once(model: Any) -> Any:
    """An INSERT that passes over rows a unique constraint already knows."""
    if on_postgresql():
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(model).on_conflict_do_nothing()
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(model).on_conflict_do_nothing()


def sum_of(column: Any) -> sa.ColumnElement[int]:
    """The sum of a column of whole numbers, 0 for no rows; PostgreSQL would make it a Decimal."""
    return sa.cast(sa.func.coalesce(sa.func.sum(column), 0), sa.BigInteger)


def text_of(column: Any) -> sa.ColumnElement[str]:
    """`column` as text, for building keys in SQL."""
    return sa.cast(column, sa.String)
