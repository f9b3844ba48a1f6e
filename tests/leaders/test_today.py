"""The first page of the console: what needs whoever asks, the most urgent first."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask, current_app
from flask_babel import force_locale

from groupbuy.accounts import staff
from groupbuy.accounts.models import Leader, RoleGrant
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.leaders import today_rows, week
from groupbuy.pickup.models import DoubleHandover
from groupbuy.support import desk_work
from groupbuy.support.models import HelpMessage
from tests import factories
from tests.conftest import NOON
from tests.members.test_cart import sign_in
from tests.pages.reading import statements, words
from tests.pickup.rows import ARRIVED, arrive, bags_of, closed_deal, count_all, lists_of

LATE = ARRIVED + timedelta(hours=2)


def post_of(leader: Leader, *rights: str) -> staff.Post:
    """The leader's place, or with `rights` a helper's."""
    if rights:
        return staff.Post(leader, False, frozenset(rights), None)
    return staff.Post(leader, True, frozenset(staff.RIGHTS), None)


def rows_for(leader: Leader, *rights: str, now=NOON):
    """What stands on the page, in English."""
    with current_app.test_request_context(), force_locale("en"):
        return today_rows.rows(desk_work.desk_of(post_of(leader, *rights), now))


def collected(**values) -> Deal:
    """A deal that closed and whose pickup is on the next day, from ARRIVED for three hours."""
    times = {"pickup_starts_at": ARRIVED, "pickup_ends_at": ARRIVED + timedelta(hours=3)}
    return closed_deal((2,), (3,), **times | values)


def test_cash_that_nobody_vouched_for_is_told_with_its_sum_and_hour(app: Flask):
    deal = factories.make_deal()
    factories.make_order(deal, 2)
    factories.make_order(deal, 1)
    [row] = rows_for(deal.leader)
    assert row.title == "2 orders not vouched for: 周六菜篮子"
    assert "¥113.40" in row.consequence
    assert row.due_at == deal.closes_at
    assert row.address.endswith("?state=pending")
    assert row.tone == "warn"
    [row] = rows_for(deal.leader, now=deal.closes_at - timedelta(minutes=30))
    assert row.tone == "bad"


@pytest.mark.parametrize(
    ("kind", "minimum", "missing"),
    [("persons", 3, "2 people"), ("pieces", 3, "1 piece"), ("amount", 10000, "¥24.40")],
)
def test_a_deal_that_may_come_to_nothing_says_what_would_go_back(
    app: Flask, kind, minimum, missing
):
    deal = factories.make_deal(minimum_kind=kind, minimum=minimum)
    factories.make_placed(deal, 2)
    [row] = rows_for(deal.leader)
    assert missing in row.title
    assert "1 order with ¥75.60" in row.consequence
    assert rows_for(deal.leader, now=NOON - timedelta(days=1)) == []


def test_a_deal_that_reached_its_minimum_needs_nobody(app: Flask):
    deal = factories.make_deal(minimum_kind="persons", minimum=1)
    factories.make_placed(deal, 2)
    assert rows_for(deal.leader) == []


def test_lists_without_answer_and_deliveries_not_counted_are_told(app: Flask):
    deal = collected()
    [row] = rows_for(deal.leader, now=deal.closes_at)
    assert "has not answered" in row.title
    assert "5 pieces" in row.consequence
    assert row.due_at == ARRIVED
    at_the_door = ARRIVED - timedelta(hours=1)
    titles = [row.title for row in rows_for(deal.leader, now=at_the_door)]
    assert any("waiting to be counted in" in title for title in titles)
    count_all(lists_of(deal)[0])
    [row] = rows_for(deal.leader, now=at_the_door)
    assert "counted, not shared out yet" in row.title
    assert row.tone == "bad"
    assert row.address.endswith(f"/arrival/{lists_of(deal)[0].id}")


def test_bags_wait_tonight_and_need_an_ending_afterwards(app: Flask):
    deal = collected()
    arrive(deal)
    [row] = rows_for(deal.leader, now=LATE)
    assert row.title == "2 bags wait to be collected"
    assert row.due_at == deal.pickup_ends_at
    [row] = rows_for(deal.leader, now=LATE + timedelta(days=1))
    assert row.title == "Nobody came for 2 bags"
    assert "#1 张*, #2 张*" in row.consequence


def test_double_handovers_and_questions_stand_there_until_they_are_settled(app: Flask):
    deal = collected()
    arrive(deal)
    case = DoubleHandover(leader_id=deal.leader_id, pickup_id=bags_of(deal)[0].id, nonce="n")
    case.scanned_at = case.reported_at = LATE
    asked = HelpMessage(
        leader_id=deal.leader_id, step="cart", text="付不了款", contact="张 1", at=LATE
    )
    db.session.add_all([case, asked])
    db.session.flush()
    titles = [row.title for row in rows_for(deal.leader, now=LATE)]
    assert "1 bag may have been given out twice" in titles
    assert "1 call for help" in titles
    case.closed_at, case.closed_because = LATE, "looked"
    db.session.flush()
    assert len(rows_for(deal.leader, now=LATE)) == 2
    asked.answered_at = LATE
    db.session.flush()
    assert len(rows_for(deal.leader, now=LATE)) == 1


def test_the_most_urgent_comes_first(app: Flask):
    leader = factories.make_leader()
    late = factories.make_deal(leader=leader, closes_at=NOON + timedelta(hours=9))
    soon = factories.make_deal(leader=leader, closes_at=NOON + timedelta(hours=2))
    for deal in (late, soon):
        factories.make_order(deal, 1)
    assert [row.due_at for row in rows_for(leader)] == [soon.closes_at, late.closes_at]


def test_a_helper_sees_only_what_their_rights_allow(app: Flask):
    deal = collected()
    arrive(deal)
    other = factories.make_deal(leader=deal.leader, closes_at=LATE + timedelta(hours=9))
    factories.make_order(other, 1, now=LATE)
    assert len(rows_for(deal.leader, now=LATE)) == 2
    assert [row.symbol for row in rows_for(deal.leader, "pickup", now=LATE)] == ["i-package"]
    assert [row.symbol for row in rows_for(deal.leader, "orders", now=LATE)] == ["i-cash"]
    assert rows_for(deal.leader, "count_in", now=LATE) == []
    nowhere = staff.Post(deal.leader, False, frozenset({"pickup"}), frozenset())
    assert today_rows.rows(desk_work.desk_of(nowhere, LATE)) == []


def test_the_week_is_beside_the_same_days_of_the_week_before(app: Flask):
    leader = factories.make_leader()
    deal = factories.make_deal(leader=leader, skus=[factories.make_sku(leader, price_fen=1000)])
    friday = NOON - timedelta(days=1)  # NOON is a Saturday
    for at, pieces in (
        (NOON, 3),
        (friday, 4),
        (friday - timedelta(days=7), 2),
        (NOON - timedelta(days=7, hours=1), 3),
        (NOON - timedelta(days=7) + timedelta(hours=1), 9),  # last Saturday, later in the day
        (NOON - timedelta(days=13), 50),  # the week before that
    ):
        order = factories.make_placed(deal, pieces)
        order.placed_at = at
    factories.make_order(deal, 7)  # not vouched for
    db.session.flush()
    numbers = week.week_of(leader, NOON)
    assert (numbers.fen, numbers.orders, numbers.households) == (7000, 2, 2)
    assert numbers.before_fen == 5000
    assert [day.fen for day in numbers.days] == [0, 0, 0, 0, 4000, 3000, 0]
    assert [day.before_fen for day in numbers.days][4:6] == [2000, 12000]
    assert numbers.days[6].when == "to_come"
    empty = week.week_of(factories.make_leader(), NOON)
    assert (empty.growth, empty.fill_rate, empty.on_time) == (None, None, None)


def test_the_week_tells_what_came_and_what_was_collected_in_time(app: Flask):
    deal = collected()
    arrive(deal, 4)
    numbers = week.week_of(deal.leader, ARRIVED + timedelta(hours=4))
    assert (numbers.asked, numbers.came, numbers.fill_rate) == (5, 4, "80.0%")
    assert (numbers.bags, numbers.in_time, numbers.on_time) == (2, 0, "0.0%")


def opened(app: Flask, leader: Leader, user=None):
    client, user = app.test_client(), user or leader.user
    user.locale = "en"
    db.session.commit()
    sign_in(client, user)
    return client


def live_deal(leader: Leader, **values) -> Deal:
    """A deal that is open by the clock of the pages."""
    now = clock.now()
    times = {"opens_at": now + timedelta(minutes=1), "closes_at": now + timedelta(hours=9)}
    deal = factories.make_deal(leader=leader, **times | values)
    deal.opens_at = now - timedelta(hours=1)
    db.session.flush()
    return deal


def test_a_leader_with_nothing_to_do_is_told_so(app: Flask):
    leader = factories.make_leader()
    shown = words(opened(app, leader).get("/lead"))
    assert "Nothing waits for you" in shown
    assert "This week" in shown


def test_the_page_has_the_chart_in_words_and_no_whole_name(app: Flask):
    leader = factories.make_leader()
    deal = live_deal(leader, minimum_kind="persons", minimum=4)
    factories.make_placed(deal, 2, now=clock.now())
    factories.make_order(deal, 1, now=clock.now())
    answer = opened(app, leader).get("/lead")
    shown = words(answer)
    assert "1 order not vouched for" in shown
    assert "3 people missing" in shown
    assert re.search(r'aria-label="Turnover of each day of this week: [^"]*¥75\.60', answer.text)
    assert "style=" not in answer.text
    assert "张伟" not in shown


def test_helpers_have_the_page_and_strangers_do_not(app: Flask):
    leader = factories.make_leader()
    helper = factories.make_user("沈立夏")
    grant = RoleGrant(user_id=helper.id, role="helper", leader_id=leader.id, created_at=NOON)
    grant.rights = {"pickup": True}
    db.session.add(grant)
    shown = words(opened(app, leader, helper).get("/lead"))
    assert "沈立夏" in shown
    assert "This week" not in shown
    assert opened(app, leader, factories.make_user()).get("/lead").status_code == 404
    assert app.test_client().get("/lead").status_code == 303


def test_many_deals_take_no_more_statements_than_one(app: Flask):
    asked = []
    for deals in (1, 8):
        leader = factories.make_leader()
        for _ in range(deals):
            deal = live_deal(leader, minimum_kind="pieces", minimum=90)
            factories.make_order(deal, 1, now=clock.now())
            closed = collected(leader=leader)
            arrive(closed, 4)
            collected(leader=leader)
        client = opened(app, leader)
        with statements() as sent:
            assert client.get("/lead").status_code == 200
        asked.append(len(sent))
    assert asked[0] == asked[1]
    assert asked[0] <= 18
