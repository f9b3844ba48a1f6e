"""How commands speak."""

from __future__ import annotations

import unicodedata

import click
import pytest
from click.testing import CliRunner
from flask import Flask

from groupbuy.cli import frame
from groupbuy.core.errors import BadInput


def test_columns_stand_under_each_other_with_chinese_in_them(capsys):
    frame.print_table(("名称", "n"), [("土鸡蛋", 1), ("a", "22")])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["名称    n", "土鸡蛋  1", "a       22"]
    cells = [sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line) for line in lines]
    assert cells == [9, 9, 10]


def test_a_table_without_rows_is_its_headings(capsys):
    frame.print_table(("a", "b"), [])
    assert capsys.readouterr().out == "a  b\n"


def test_rows_that_do_not_fit_their_headings_are_a_mistake():
    with pytest.raises(ValueError, match="zip"):
        frame.print_table(("a",), [(1, 2)])


def test_facts_and_json_keep_chinese_readable(capsys):
    frame.print_facts({"deal": "周六菜篮子"})
    frame.print_json({"deal": "周六菜篮子"})
    assert capsys.readouterr().out == 'deal              周六菜篮子\n{"deal": "周六菜篮子"}\n'


def test_a_bar_does_not_disturb_programs(capsys):
    assert list(frame.progress(range(3), 3, "rows")) == [0, 1, 2]
    assert capsys.readouterr().err == ""


@pytest.fixture
def tea(app: Flask) -> click.Group:
    group = frame.Group("tea")

    @frame.command(group, "make")
    @click.option("--cups", type=int, default=1)
    @click.option("--at", type=frame.InstantParam())
    def make(cups: int, at: object) -> None:
        """Make tea."""
        if cups > 2:
            raise BadInput("cups", "At most %(most)s cups.", most=2)
        click.echo(f"{cups} at {at}")

    return group


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["make", "--cups", "3"], "Error: At most 2 cups."),
        (["make", "--cups", "x"], "Error: Invalid value for '--cups'"),
        (["make", "--at", "teatime"], "“teatime” is not a time"),
        (["brew"], "Error: No such command 'brew'"),
        (["make", "--sugar"], "Error: No such option"),
    ],
)
def test_a_refusal_is_one_line_and_exit_code_2(tea, args, said):
    answer = CliRunner().invoke(tea, args)
    assert answer.exit_code == 2
    assert said in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert answer.stdout == ""


def test_what_is_asked_rightly_is_done_and_help_is_help(tea):
    answer = CliRunner().invoke(tea, ["make", "--at", "2026-11-21T20:00"])
    assert (answer.exit_code, answer.stdout) == (0, "1 at 2026-11-21 12:00:00+00:00\n")
    assert CliRunner().invoke(tea, ["make", "--help"]).exit_code == 0
