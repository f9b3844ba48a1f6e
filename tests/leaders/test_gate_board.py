"""The live board of a deal, and the ending of bags nobody came for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groupbuy.core import clock
from groupbuy.extensions import db
from tests import factories
from tests.checks import assert_everything_true
from tests.leaders.gate import at_gate, evening, give, helper, one_bag, order_of, page
from tests.members.test_cart import ZH
from tests.pages.reading import statements, words
from tests.pickup.rows import bags_of


def board(deal) -> str:
    return f"/lead/deals/{deal.slug}/pickup"


def missed(*pieces: int, **values):
    """A bag that still stands there an hour after the end."""
    return one_bag(*pieces, ends_at=clock.now() - timedelta(hours=1), **values)


def test_the_board_counts_and_lists_the_bags_of_each_point(app):
    deal = evening((2,), (1,), (3,))
    first, _second, third = bags_of(deal)
    client = at_gate(app, deal.leader)
    give(client, first)
    shown = words(page(client, board(deal)))
    assert "1 / 3" in shown
    assert "2 / 3" in shown
    assert "林姐" in shown
    only = page(client, f"{board(deal)}?state=ready").text
    assert f"/g/bags/{third.id}" in only
    assert f"/g/bags/{first.id}" not in only
    live = page(client, f"{board(deal)}/live")
    assert "<html" not in live.text
    assert 'id="board"' in live.text


def test_the_board_of_a_helper_shows_their_points_alone(app):
    deal = evening((2,))
    [bag] = bags_of(deal)
    other = factories.make_point(deal.leader)
    client = at_gate(app, helper(deal.leader, other.id))
    assert f"/g/bags/{bag.id}" not in page(client, board(deal)).text
    assert page(client, f"{board(deal)}/{bag.id}").status_code == 404
    foreign = at_gate(app, one_bag(1).deal.leader)
    for path in ("", "/live", f"/{bag.id}"):
        assert page(foreign, board(deal) + path).status_code == 404


def test_a_board_of_many_bags_takes_as_many_statements_as_one_of_few(app):
    counts = []
    for number in (3, 60):
        deal = evening(*[(1,)] * number)
        client = at_gate(app, deal.leader)
        page(client, board(deal))
        with statements() as sent:
            shown = page(client, board(deal)).text
        counts.append(len(sent))
        assert shown.count("/g/bags/") == min(number, 50)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("ending", ["door", "neighbour", "kept", "disposed"])
def test_a_bag_nobody_came_for_gets_its_ending(app, ending):
    bag = missed(2)
    client = at_gate(app, bag.deal.leader)
    address = f"{board(bag.deal)}/{bag.id}"
    assert address in page(client, board(bag.deal)).text
    assert "20.00" in words(page(client, address))
    sent = client.post(f"{address}/end", data={"ending": ending, "note": "放门口"}, headers=ZH)
    assert sent.status_code == 303
    db.session.expire_all()
    assert (bag.state, bag.ending, bag.ending_note) == ("uncollected", ending, "放门口")
    assert client.post(f"{address}/end", data={"ending": ending}, headers=ZH).status_code == 409
    assert page(client, f"/g/bags/{bag.id}").status_code == 409
    assert_everything_true()


def test_money_goes_back_only_by_the_leader(app):
    bag = missed(2)
    address = f"{board(bag.deal)}/{bag.id}/end"
    aunt = at_gate(app, helper(bag.deal.leader))
    assert aunt.post(address, data={"ending": "refunded"}, headers=ZH).status_code == 403
    client = at_gate(app, bag.deal.leader)
    assert client.post(address, data={"ending": "refunded"}, headers=ZH).status_code == 303
    assert order_of(bag).refunded_fen == 2000
    assert_everything_true()


def test_an_ending_needs_a_choice_and_the_end_of_the_pickup_time(app):
    bag = missed(2)
    client = at_gate(app, bag.deal.leader)
    address = f"{board(bag.deal)}/{bag.id}/end"
    assert client.post(address, data={"ending": "x"}, headers=ZH).status_code == 422
    early = one_bag(1)
    client = at_gate(app, early.deal.leader)
    address = f"{board(early.deal)}/{early.id}/end"
    assert client.post(address, data={"ending": "door"}, headers=ZH).status_code == 409
    assert early.state == "ready"
