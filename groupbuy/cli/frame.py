"""How commands speak: a table for people, JSON for programs, one clear line when refused."""

from __future__ import annotations

import functools
import json
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

import click
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import OperationalError
from tqdm import tqdm

from groupbuy.core import clock
from groupbuy.core.errors import RuleBroken

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


class Refused(click.ClickException):
    """One line on standard error and exit code 2."""

    exit_code = 2


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise Refused(" ".join(error.format_message().split())) from error


class _OneLine:
    """Says what was wrong with the words of a call in one line, without the usage above it."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with _one_line():
            return super().make_context(*args, **kwargs)  # type: ignore[misc]


class Command(_OneLine, click.Command):
    """A command of ours."""


class Group(_OneLine, AppGroup):
    """A group of commands of ours; without a command it lists them."""

    def resolve_command(self, *args: Any, **kwargs: Any) -> Any:
        with _one_line():
            return super().resolve_command(*args, **kwargs)


def command(group: click.Group, name: str) -> Callable[[F], F]:
    """Register a function as `flask GROUP NAME`; its RuleBroken becomes a `Refused`."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except RuleBroken as refusal:
                raise Refused(refusal.sentence) from refusal
            except OperationalError as error:  # busy, away, not migrated: not the caller's fault
                reason = str(error.orig).strip().splitlines()[0]
                raise Refused(f"the database says: {reason}. Nothing was written.") from error

        group.command(name, cls=Command)(with_appcontext(run))
        return function

    return decorate


class InstantParam(click.ParamType):
    """An ISO 8601 time; without an offset it is local time."""

    name = "ISO"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return clock.parse_instant(value)
        except ValueError:
            self.fail(f"“{value}” is not a time such as 2026-11-21T20:00+08:00", param, ctx)


def print_json(answer: Any) -> None:
    """JSON with Chinese left readable."""
    click.echo(json.dumps(answer, ensure_ascii=False, default=str))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns aligned on a terminal, where a Chinese character is two cells wide."""
    cells = [list(headings), *([str(cell) for cell in row] for row in rows)]
    widths = [max(_width(row[i]) for row in cells) for i in range(len(headings))]
    for row in cells:
        padded = (
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        )
        click.echo("  ".join(padded).rstrip())


def print_facts(facts: dict[str, Any]) -> None:
    """One `name  value` line each."""
    for name, value in facts.items():
        click.echo(f"{name:<18}{value}")


def progress(items: Iterable[T], total: int | None, what: str) -> Iterator[T]:
    """`items`, with a progress bar when a person is watching."""
    width = shutil.get_terminal_size().columns  # tqdm shows nothing on a terminal that says 0
    watched = sys.stderr.isatty()
    yield from tqdm(items, total=total, desc=what, disable=not watched, leave=False, ncols=width)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
