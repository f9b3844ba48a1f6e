"""A deal at a glance, in each phase, and its roll."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.orders.ending import cancel_deal
from groupbuy.orders.figures import figures, item_figures, milestones
from tests import factories
from tests.leaders.orders import EN, at_desk, helper_of, member, open_deal, order
from tests.pages.reading import statements, words
from tests.pickup import rows


def overview(app: Flask, deal, who=None) -> str:
    answer = at_desk(app, who or deal.leader).get(f"/lead/deals/{deal.slug}", headers=EN)
    assert answer.status_code == 200
    return words(answer)


def test_the_key_numbers_count_what_is_vouched_for(app):
    deal = open_deal(pay_at_pickup=False)
    one = member(deal.leader)
    order(deal, 2, member=one, vouched=True)
    order(deal, 1, member=one, vouched=True)
    order(deal, 1)
    numbers = figures(deal)
    assert numbers[:5] == (2, 1, 3, 1, 3 * 3780)
    assert (numbers.owed_fen, numbers.to_vouch, numbers.to_vouch_fen) == (0, 1, 3780)
    page = overview(app, deal)
    assert "2 · 1 household" in page
    assert "3 · 1 kind" in page
    assert "¥113.40" in page


def test_while_open_the_next_thing_is_the_money_that_is_not_vouched_for(app):
    deal = open_deal()
    assert "Nothing waits for you." in overview(app, deal)
    order(deal, 1)
    page = overview(app, deal)
    assert "1 order waits for your word" in page
    assert "¥37.80 in all" in page
    assert "Look at them" in page


def test_every_item_shows_ordered_promised_received_and_short_side_by_side(app):
    deal = rows.closed_deal((2, 1), (1, 1))
    assert [row[1:] for row in item_figures(deal)] == [(3, None, None, 0), (2, None, None, 0)]
    assert milestones(deal).listed_at
    assert "count them in" in overview(app, deal)
    rows.arrive(deal, 2)
    assert [row[1:] for row in item_figures(deal)] == [(3, None, 2, 1), (2, None, 2, 0)]
    page = overview(app, deal)
    assert "2 bags are still to be collected." in page
    assert "¥10.00 not given yet" in page
    assert "Shared out, everybody told" in page


def test_a_deal_that_was_called_off_says_what_goes_back(app):
    deal = factories.make_deal()
    factories.make_placed(deal, 2)
    cancel_deal(deal, because="供应商断货", now=deal.opens_at + timedelta(hours=1))
    page = overview(app, deal)
    assert "1 person gets ¥75.60 back from you." in page
    assert "供应商断货" in page
    assert "Give it back" in page
    helping = overview(app, deal, helper_of(deal.leader, orders=True))
    assert "Give it back" not in helping  # that page is the leader's


def test_the_way_to_the_minimum_is_shown(app):
    deal = open_deal(minimum_kind="amount", minimum=10_000)
    order(deal, 1, vouched=True)
    assert "¥37.80 of ¥100.00 ¥62.20 more and it takes place." in overview(app, deal)
    order(deal, 2, vouched=True)
    assert "The minimum is reached." in overview(app, deal)


@pytest.mark.parametrize(
    ("opens_in", "said"), [(timedelta(hours=1), "It opens by itself"), (None, "This is a draft")]
)
def test_before_it_opens_the_overview_says_so(app, opens_in, said):
    if opens_in:
        deal = factories.make_deal(opens_at=clock.now() + opens_in)
    else:
        deal = factories.make_draft(factories.make_leader())
    assert said in overview(app, deal)


def test_a_deal_that_is_due_is_being_closed(app):
    deal = factories.make_deal(opens_at=clock.now() - timedelta(hours=1))
    deal.closes_at = clock.now() - timedelta(minutes=1)
    assert "The deal is being closed." in overview(app, deal)


def test_no_statement_is_made_for_a_row(app):
    seen = {}
    for many in (3, 20):
        leader = factories.make_leader()
        deal = open_deal(leader=leader, skus=[factories.make_sku(leader) for _ in range(many)])
        order(deal, *[1] * many, vouched=True)
        client = at_desk(app, leader)
        db.session.expire_all()
        with statements() as said:
            client.get(f"/lead/deals/{deal.slug}", headers=EN)
        seen[many] = len(said)
    assert seen[3] == seen[20]


def test_others_do_not_find_the_deal(app):
    deal = open_deal()
    stranger = at_desk(app, factories.make_leader("周叔"))
    for tab in ("", "/roll", "/orders"):
        assert stranger.get(f"/lead/deals/{deal.slug}{tab}").status_code == 404
        assert stranger.get(f"/lead/deals/nothing{tab}").status_code == 404
        assert app.test_client().get(f"/lead/deals/{deal.slug}{tab}").status_code == 303


def test_the_roll_shows_numbers_and_masked_names_and_the_text_to_copy(app):
    deal = open_deal(title="周六菜篮子")
    order(deal, 2, member=member(deal.leader, "张伟", "13900001234"), vouched=True)
    order(deal, 1, member=member(deal.leader), vouched=True)
    client = at_desk(app, deal.leader)
    page = client.get(f"/lead/deals/{deal.slug}/roll", headers=EN)
    goods = deal.items[0].name
    assert f"#2 李* {goods} 1" in words(page)
    assert f"1. 张* {goods} 2\n2. 李* {goods} 1" in page.text
    assert "张伟" not in page.text
    assert client.get(f"/lead/deals/{deal.slug}/roll?page=x").status_code == 200


def test_an_empty_roll_says_what_will_be_there(app):
    deal = open_deal()
    page = at_desk(app, deal.leader).get(f"/lead/deals/{deal.slug}/roll", headers=EN)
    assert "Here will be everybody who ordered and paid" in words(page)
