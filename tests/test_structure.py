"""Laws that can be read off the source."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator

import pytest

from groupbuy.extensions import db

ROOT = pathlib.Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "groupbuy").rglob("*.py"), ROOT / "config.py", ROOT / "wsgi.py"])
RULES = ("deals", "orders", "payments", "purchasing", "pickup", "notices", "catalog")
TREES = {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in SOURCES}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Each call with the dotted name of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def breaking(bad: object, *but: str) -> list[str]:
    """Where a source other than `but` does what `bad(tree)` finds, as file:line."""
    return [
        f"{name}:{line}" for name, tree in TREES.items() if name not in but for line in bad(tree)
    ]


def test_nothing_commits_but_the_transaction_at_the_edge():
    def commits(tree):
        return [call.lineno for name, call in calls(tree) if name.split(".")[-1] == "commit"]

    assert breaking(commits, "groupbuy/core/db.py") == []
    assert commits(TREES["groupbuy/core/db.py"]) != []


CLOCKS = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "utcnow")


def test_there_is_one_source_of_time():
    def reads_a_clock(tree):
        return [call.lineno for name, call in calls(tree) if name.endswith(CLOCKS)]

    assert breaking(reads_a_clock, "groupbuy/core/clock.py") == []
    assert reads_a_clock(TREES["groupbuy/core/clock.py"]) != []


def test_no_instant_is_naive():
    def naive(tree):
        return [
            call.lineno
            for name, call in calls(tree)
            if name in ("datetime.now", "datetime.fromtimestamp")
            and not call.args[1:]
            and not call.keywords
            and not (name == "datetime.now" and call.args)
        ]

    assert breaking(naive) == []


def in_rules(name: str) -> bool:
    rule = name.startswith(tuple(f"groupbuy/{package}/" for package in RULES))
    return rule and not name.endswith(("views.py", "forms.py"))


def test_no_float_comes_near_money_or_pieces():
    def floats(tree):
        constants = [n for n in ast.walk(tree) if isinstance(n, ast.Constant)]
        written = [n.lineno for n in constants if isinstance(n.value, float)]
        return written + [call.lineno for name, call in calls(tree) if name == "float"]

    counted = {name for name in TREES if in_rules(name)} | {"groupbuy/core/money.py"}
    assert breaking(floats, *(set(TREES) - counted)) == []


def test_states_move_only_through_their_door():
    def sets_a_state(tree):
        assigned = [
            target.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Attribute)
            and target.attr == "state"
            and ast.unparse(target.value) != "self"
        ]
        values = [
            call.lineno
            for name, call in calls(tree)
            if name.endswith(".values") and any(k.arg == "state" for k in call.keywords)
        ]
        return assigned + values

    assert breaking(sets_a_state, "groupbuy/core/db.py") == []
    assert sets_a_state(TREES["groupbuy/core/db.py"]) != []


def test_pieces_sold_move_only_through_their_doors():
    def sets_sold(tree):
        return [
            call.lineno
            for name, call in calls(tree)
            if name.endswith(".values") and any(k.arg == "sold" for k in call.keywords)
        ]

    # The second is the import of a whole deal, guarded in the same way.
    assert breaking(sets_sold, "groupbuy/deals/stock.py", "groupbuy/orders/intake.py") == []


def test_rules_know_no_request_and_no_session_of_a_browser():
    of_web_pages = {"request", "session", "flash", "g", "abort", "redirect"}

    def asks_the_web(tree):
        return [
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            and node.module == "flask"
            and {alias.name for alias in node.names} & of_web_pages
        ]

    rules = {name for name in TREES if in_rules(name)}
    assert breaking(asks_the_web, *(set(TREES) - rules)) == []


# Plays a provider, which is called outside our transactions and has books of its own.
A_PROVIDER = "groupbuy/payments/providers/sandbox.py"


@pytest.mark.parametrize("name", [name for name in TREES if in_rules(name) and name != A_PROVIDER])
def test_rules_open_no_transaction(name):
    opened = [call for called, call in calls(TREES[name]) if called.endswith("transaction")]
    assert opened == []


def test_no_file_is_longer_than_can_be_kept_in_mind():
    ours = [*SOURCES, *(ROOT / "tests").rglob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in ours}
    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}


def test_nothing_is_called_by_what_it_is_instead_of_what_it_does():
    vague = {"utils.py", "helpers.py", "services.py", "managers.py", "misc.py", "common.py"}
    assert [name for name in TREES if pathlib.Path(name).name in vague] == []


def test_every_trade_table_says_whose_it_is():
    people = {"user_account", "device", "one_time_code", "consent", "address", "notice_choice"}
    shared = people | {"leader", "category", "job_run", "job_request", "site_setting"}
    shared |= {"bill_import", "bill_line", "sandbox_trade", "sandbox_refund"}  # a provider's books
    without = {name for name, table in db.metadata.tables.items() if "leader_id" not in table.c}
    assert without == shared
