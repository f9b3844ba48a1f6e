"""Sharing a delivery out: shown first with sums and messages, then carried out once."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.core.models import ActionLog
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.payments.models import Refund
from groupbuy.pickup import outlook as outlooks
from groupbuy.pickup import shortage
from groupbuy.pickup.models import Arrival, Pickup
from tests import factories
from tests.checks import assert_everything_true, count
from tests.leaders.test_count_in import helper_of, opened
from tests.members.test_cart import sign_in
from tests.pages.reading import statements, words
from tests.pickup.rows import ARRIVED, closed_deal, count_all, lines_of, lists_of


def form_of(answer) -> dict[str, str]:
    """The hidden fields of the button that carries it out."""
    return {
        name: re.search(rf'name="{name}" value="([^"]*)"', answer.text)[1]
        for name in ("share_by", "seen")
    }


def counted(*orders, came: int, **values):
    """A list of a closed deal with `orders` of which `came` pieces came, and its arrival."""
    [purchase_list] = lists_of(closed_deal(*orders, **values))
    return purchase_list, count_all(purchase_list, came)


def test_the_tab_says_of_each_list_how_far_it_is(app: Flask):
    leader = factories.make_leader()
    skus = [factories.make_sku(leader) for _ in range(4)]  # four suppliers
    deal = closed_deal((1, 2, 3, 0), skus=skus, leader=leader)
    first, second, _third, nothing = lists_of(deal)
    shortage.carry_out(count_all(first), "payment", by_id=None, now=ARRIVED)
    count_all(second, 1)
    client, _page = opened(app, first)
    shown = words(client.get(f"/lead/deals/{deal.slug}/arrival"))
    for said in ("Shared out", "Counted, not shared out", "Not counted yet", "Nothing ordered"):
        assert said in shown
    assert "−1" in shown
    empty = client.get(f"/lead/deals/{deal.slug}/arrival/{nothing.id}")
    assert "Nothing was ordered" in words(empty)


def test_a_deal_that_has_not_closed_says_what_will_be_here(app: Flask):
    deal = factories.make_deal()
    client = app.test_client()
    deal.leader.user.locale = "en"
    db.session.commit()
    sign_in(client, deal.leader.user)
    assert "one list per supplier" in words(client.get(f"/lead/deals/{deal.slug}/arrival"))


def test_the_preview_names_who_gets_less_and_the_button_carries_the_sum(app: Flask):
    purchase_list, _arrival = counted((2,), (3,), (1,), came=4)
    client, page = opened(app, purchase_list)
    answer = client.get(page)
    shown = words(answer)
    assert "#2 张*" in shown
    assert "3 → 2" in shown
    assert "wanted 6 · here 4 · short 2" in shown
    assert "Pay back ¥20.00 and tell 3 households" in shown
    assert "Not everything of your order" in shown  # the message as it goes out
    assert "It now costs ¥20.00" in shown
    assert "张伟" not in shown
    other = words(client.get(f"{page}?share_by=prorata"))
    assert "2 → 1" in other
    assert count(Refund) == 0


def test_carrying_out_pays_back_tells_everybody_and_is_logged(app: Flask):
    purchase_list, arrival = counted((2,), (3,), (1,), came=4)
    client, page = opened(app, purchase_list)
    answer = client.post(f"{page}/share-out", data=form_of(client.get(page)))
    assert answer.status_code == 303
    assert [line.short_pieces for line in lines_of(purchase_list.deal)] == [0, 1, 1]
    assert count(Notice, Notice.kind == "short") == 2
    assert count(Notice, Notice.kind == "arrived") == 2
    [logged] = db.session.scalars(sa.select(ActionLog).where(ActionLog.action == "shared_out"))
    assert (logged.detail["refund_fen"], logged.actor_id) == (
        2000,
        purchase_list.deal.leader.user_id,
    )
    db.session.refresh(arrival)
    assert arrival.state == "shared_out"
    shown = words(client.get(page))
    assert "3 → 2" in shown
    assert "¥20.00" in shown
    assert_everything_true()


def test_of_two_who_carry_out_one_wins_and_the_other_is_told(app: Flask):
    purchase_list, _arrival = counted((2,), (3,), came=4)
    client, page = opened(app, purchase_list)
    form = form_of(client.get(page))
    colleague, _page = opened(
        app, purchase_list, helper_of(purchase_list.deal.leader, count_in=True)
    )
    assert colleague.post(f"{page}/share-out", data=form).status_code == 303
    late = client.post(f"{page}/share-out", data=form)
    assert late.status_code == 409
    assert "沈立夏" in words(late)
    assert count(Refund) == 1
    assert_everything_true()


def test_what_is_no_longer_as_it_was_shown_is_not_carried_out(app: Flask):
    purchase_list, _arrival = counted((2,), (3,), (1,), came=4)
    client, page = opened(app, purchase_list)
    form = form_of(client.get(page))
    count_all(purchase_list, 5)
    db.session.commit()
    assert client.post(f"{page}/share-out", data=form).status_code == 409
    assert client.post(f"{page}/share-out", data=form | {"share_by": "prorata"}).status_code == 409
    assert client.post(f"{page}/share-out", data={"share_by": "loudest"}).status_code == 422
    assert count(Arrival, Arrival.state == "shared_out") == 0
    assert count(Refund) == 0


def test_what_is_not_all_counted_cannot_be_shared_out(app: Flask):
    [purchase_list] = lists_of(closed_deal((2,)))
    client, page = opened(app, purchase_list)
    assert client.post(f"{page}/share-out", data={"share_by": "payment"}).status_code == 409


def test_a_surplus_is_shown_and_stays_with_the_leader(app: Flask):
    purchase_list, _arrival = counted((20,), came=22)
    client, page = opened(app, purchase_list)
    shown = words(client.get(page))
    assert "+2" in shown
    assert "more than ordered stay with you" in shown
    assert "Share out and tell 1 household" in shown


def test_who_pays_at_the_pickup_just_pays_less(app: Flask):
    purchase_list, _arrival = counted((2,), (3,), came=4, pay_at_pickup=True)
    client, page = opened(app, purchase_list)
    shown = words(client.get(page))
    assert "1 household pays ¥10.00 less" in shown
    assert "Pay back" not in words(client.get(page)).split("Share out and tell")[1]


@pytest.mark.parametrize("came", [0, 1, 3, 6])
def test_the_outlook_is_what_then_happens(app: Flask, came: int):
    leader = factories.make_leader()
    skus = [factories.make_sku(leader) for _ in range(2)]  # two suppliers
    deal = closed_deal((2, 1), (3, 0), (1, 0), skus=skus, leader=leader)
    eggs, _berries = lists_of(deal)
    arrival = count_all(eggs, came)
    foreseen = outlooks.outlook(arrival, shortage.preview(arrival, "payment"))
    cuts = shortage.carry_out(arrival, "payment", by_id=None, now=ARRIVED)
    assert foreseen.refund_fen == sum(cut.refund_fen for cut in cuts)
    assert foreseen.ready == count(Notice, Notice.kind == "arrived")
    assert foreseen.ready == count(Pickup, Pickup.state == "ready")
    told = {
        ("short", n.order_id)
        for n in db.session.scalars(sa.select(Notice).where(Notice.kind == "short"))
    }
    assert foreseen.cut == len(told)
    members = sa.select(Notice.member_id).where(Notice.kind.in_(("short", "arrived")))
    assert foreseen.told == len(set(db.session.scalars(members)))
    assert_everything_true()


def test_a_hundred_cuts_come_fifty_to_a_page_in_as_many_statements_as_two(app: Flask):
    asked = []
    for orders in (2, 60):
        purchase_list, _arrival = counted(*[(1,)] * orders, came=0)
        client, page = opened(app, purchase_list)
        with statements() as sent:
            answer = client.get(page)
        asked.append(len(sent))
    assert words(answer).count("1 → 0") == 50
    assert words(client.get(f"{page}?page=2")).count("1 → 0") == 10
    assert asked[0] == asked[1]
    client.post(f"{page}/share-out", data=form_of(answer))
    assert words(client.get(f"{page}?page=2")).count("1 → 0") == 10


def test_lists_of_others_and_of_other_deals_are_missing(app: Flask):
    purchase_list, _arrival = counted((2,), came=2)
    other, _arrival = counted((2,), came=2)
    client, page = opened(app, purchase_list)
    foreign = f"/lead/deals/{other.deal.slug}/arrival/{other.id}"
    crossed = f"/lead/deals/{purchase_list.deal.slug}/arrival/{other.id}"
    for path in (foreign, crossed, page + "9", page.rsplit("/", 1)[0] + "/x"):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404
        assert client.post(f"{path}/share-out").status_code == 404
    helper, _page = opened(app, purchase_list, helper_of(purchase_list.deal.leader, pickup=True))
    assert helper.get(page).status_code == 404
