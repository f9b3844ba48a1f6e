"""`flask pickups`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.pickup import bags
from groupbuy.pickup.models import Handover
from tests import factories
from tests.pickup.rows import arrive, assert_all_is_true, bags_of, close, closed_deal, lines_of


def run(app: Flask, *args: str) -> Result:
    db.session.commit()
    return app.test_cli_runner().invoke(args=["pickups", *args])


def told(answer: Result) -> Any:
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def assert_refused(answer: Result, *said: str) -> None:
    assert (answer.exit_code, answer.stdout, answer.stderr.count("\n")) == (2, "", 1)
    for words in said:
        assert words in answer.stderr


def begin_long_ago() -> dict[str, Any]:
    """A deal whose pickup time is over by the real clock, which commands go by."""
    ended = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    return {"pickup_ends_at": ended}


@pytest.fixture
def deal(app: Flask) -> Deal:
    made = closed_deal((2, 1), (3, 0), **begin_long_ago())
    arrive(made, 4)
    return made


def test_the_list_shows_what_opens_each_bag_and_no_full_name(app, deal):
    first, second = bags_of(deal)
    listed = told(run(app, "list", deal.slug, "--json"))["pickups"]
    assert listed[0] == {
        "token": bags.token_of(first),
        "code": bags.code_of(first),
        "member": "张*",
        "point": first.point.name,
        "state": "ready",
        "roll_nos": [1],
        "pieces": 3,
        "open_pieces": 3,
        "url": bags.pickup_url(first),
    }
    assert (listed[1]["pieces"], listed[1]["token"]) == (2, bags.token_of(second))


def test_people_get_a_table(app, deal):
    answer = run(app, "list", deal.slug)
    assert bags.code_of(bags_of(deal)[0]) in answer.stdout
    assert "张伟" not in answer.stdout


def test_a_household_with_two_orders_is_one_bag_in_the_list(app):
    leader = factories.make_leader()
    member = factories.make_member(leader)
    made = factories.make_deal(leader=leader)
    factories.make_placed(made, 1, member=member)
    factories.make_placed(made, 1)
    factories.make_placed(made, 1, member=member)
    close(made)
    listed = told(run(app, "list", made.slug, "--json"))["pickups"]
    assert [bag["roll_nos"] for bag in listed] == [[1, 3], [2]]
    assert listed[0]["pieces"] == 2


def test_the_list_needs_as_many_statements_for_many_bags_as_for_few(app):
    few, many = closed_deal((1,)), closed_deal(*([(1, 1)] * 12))
    assert statements(app, many) == statements(app, few)


def statements(app: Flask, made: Deal) -> int:
    slug, asked = made.slug, []

    def listen(*_args: Any) -> None:
        asked.append(1)

    sa.event.listen(db.engine, "before_cursor_execute", listen)
    try:
        run(app, "list", slug, "--json")
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", listen)
    return len(asked)


@pytest.mark.parametrize("shown", ["token_of", "code_of", "pickup_url"])
def test_a_bag_is_handed_over_by_whatever_opens_it(app, deal, shown):
    bag = bags_of(deal)[0]
    answer = told(run(app, "hand-over", getattr(bags, shown)(bag), "--json"))
    done = db.session.scalars(sa.select(Handover)).one()
    assert answer == {
        "pickup": bag.id,
        "state": "collected",
        "handover": done.id,
        "pieces": 3,
        "repeated": False,
    }
    assert_all_is_true()


def test_the_same_nonce_again_is_told_as_a_repetition(app, deal):
    token = bags.token_of(bags_of(deal)[0])
    first = told(run(app, "hand-over", token, "--nonce", "n1", "--json"))
    again = told(run(app, "hand-over", token, "--nonce", "n1", "--json"))
    assert again == first | {"repeated": True}
    assert "yes" in run(app, "hand-over", token, "--nonce", "n1").stdout
    assert_refused(run(app, "hand-over", token, "--nonce", "n2", "--json"))


def test_a_code_that_opens_nothing_and_a_bag_without_goods_are_refused(app):
    waiting = closed_deal((1,))
    assert_refused(run(app, "hand-over", "ABCDEFGH"))
    assert_refused(run(app, "hand-over", bags.token_of(bags_of(waiting)[0])))
    assert_refused(run(app, "list", "no-such-deal"), "no-such-deal")


def test_a_handover_is_undone_with_a_reason(app, deal):
    token = bags.token_of(bags_of(deal)[0])
    done = told(run(app, "hand-over", token, "--json"))["handover"]
    assert_refused(run(app, "undo", str(done), "--because", " "))
    assert run(app, "undo", str(done), "--because", "wrong bag").exit_code == 0
    assert_refused(run(app, "undo", str(done), "--because", "wrong bag"))
    assert_refused(run(app, "undo", "999999", "--because", "wrong bag"), "999999")
    assert_refused(run(app, "undo", str(done)), "--because")
    assert [line.picked_pieces for line in lines_of(deal)] == [0, 0, 0]
    assert_all_is_true()


def test_a_bag_nobody_collected_is_ended(app, deal):
    bag = bags_of(deal)[0]
    token = bags.token_of(bag)
    assert run(app, "end", token).exit_code == 2
    assert_refused(run(app, "end", token, "--ending", "vanished"), "vanished")
    assert run(app, "end", token, "--ending", "neighbour", "--note", "302 室").exit_code == 0
    ended = bags_of(deal)[0]
    assert (ended.state, ended.ending, ended.ending_note) == ("uncollected", "neighbour", "302 室")
    assert_refused(run(app, "end", token, "--ending", "door"))
    assert_all_is_true()
