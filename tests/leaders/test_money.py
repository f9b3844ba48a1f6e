"""Money to collect: who still owes, who gets some back, and noting that it changed hands."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.core.models import ActionLog
from groupbuy.extensions import db
from groupbuy.orders.figures import figures
from groupbuy.payments.models import Refund
from groupbuy.pickup import cash
from tests import factories
from tests.checks import assert_everything_true
from tests.leaders.orders import CONTACT, EN, at_desk, helper_of, member, open_deal, order
from tests.pages.reading import statements, words
from tests.pickup import rows


def address(deal, act: str = "") -> str:
    return f"/lead/deals/{deal.slug}/money{act}"


def page(app: Flask, deal, query: str = "") -> str:
    answer = at_desk(app, deal.leader).get(address(deal, query), headers=EN)
    assert answer.status_code == 200
    return words(answer)


@pytest.fixture
def unpaid(app: Flask):
    """A closed deal paid at pickup: the first household owes ¥20, the second, at ¥10, too."""
    return rows.closed_deal((2,), (1,), pay_at_pickup=True)


@pytest.fixture
def short(app: Flask):
    """Three paid ¥20 each; two pieces did not come: the last gets ¥20 back."""
    deal = rows.closed_deal((2,), (2,), (2,))
    rows.arrive(deal, 3)
    return deal


def test_nothing_open_says_what_will_stand_here(app):
    deal = open_deal()
    assert "Nobody waits for your word." in page(app, deal)
    assert "Nobody has to pay at pickup." in page(app, deal, "?show=collect")
    assert "No cash to give back." in page(app, deal, "?show=give")


def test_who_waits_for_the_leaders_word_is_listed_masked_with_the_sum(app):
    deal = open_deal(points=2)
    order(deal, 2, member=member(deal.leader), contact=CONTACT)
    there = deal.points[1].id
    order(deal, 1, member=member(deal.leader, "张伟", "13900001234"), point_id=there)
    said = page(app, deal)
    assert "李* 138****8000 6-2-1102" in said
    assert "¥75.60 is there" in said
    assert "All points ¥113.40" in said
    only = page(app, deal, f"?show=vouch&point={there}")
    assert "李*" not in only
    assert "张* 139****1234" in only


def test_the_sums_agree_with_the_overview(app, unpaid, short):
    mixed = open_deal(points=2)
    for place in (0, 1, 1):
        order(mixed, 1, point_id=mixed.points[place].id)
    for deal in (unpaid, short, mixed):
        told, own = figures(deal), cash.sums(deal).values()
        fen = {k: sum(one[k].fen for one in own if k in one) for k in cash.KINDS}
        assert fen == {
            "vouch": told.to_vouch_fen,
            "collect": told.owed_fen,
            "give": told.to_give_fen,
        }
        for kind in cash.KINDS:
            shown = cash.debts(deal, kind, point_id=None, page=1)
            assert sum(debt.fen for debt in shown) == fen[kind]


def test_one_tap_vouches_for_an_order_and_gives_it_its_number(app):
    deal = open_deal()
    pending = order(deal, 2)
    client = at_desk(app, deal.leader)
    answer = client.post(address(deal, "/vouch"), data={"order": pending.id, "fen": "7560"})
    assert answer.status_code == 303
    db.session.refresh(pending)
    assert (pending.state, pending.roll_no, pending.paid_fen) == ("placed", 1, 7560)
    assert "¥75.60 booked. The order is in the roll." in words(
        client.get(answer.location, headers=EN)
    )
    assert_everything_true()


@pytest.mark.parametrize("fen", ["1", "", "x", "9" * 30])
def test_another_sum_than_the_order_costs_by_now_vouches_for_nothing(app, fen):
    deal = open_deal()
    pending = order(deal, 2)
    client = at_desk(app, deal.leader)
    answer = client.post(
        address(deal, "/vouch"), data={"order": pending.id, "fen": fen}, headers=EN
    )
    assert answer.status_code == 409
    assert "Orders were changed meanwhile. Please look again." in words(answer)
    db.session.refresh(pending)
    assert pending.state == "pending"
    assert_everything_true()


def test_vouching_twice_says_where_the_order_stands(app):
    deal = open_deal()
    pending = order(deal, 1)
    client = at_desk(app, deal.leader)
    form = {"order": pending.id, "fen": "3780"}
    assert client.post(address(deal, "/vouch"), data=form).status_code == 303
    assert client.post(address(deal, "/vouch"), data=form).status_code == 409
    db.session.refresh(pending)
    assert pending.paid_fen == 3780
    assert_everything_true()


def test_money_of_a_bag_is_booked_once_and_written_down(app, unpaid):
    assert "¥20.00 is paid" in page(app, unpaid)
    first, _second = rows.bags_of(unpaid)
    client = at_desk(app, unpaid.leader)
    form = {"bag": first.id, "fen": "2000", "show": "collect"}
    assert client.post(address(unpaid, "/take"), data=form).status_code == 303
    assert client.post(address(unpaid, "/take"), data=form).status_code == 409
    assert figures(unpaid).owed_fen == 1000
    entry = db.session.scalars(sa.select(ActionLog)).one()
    assert (entry.action, entry.detail) == ("cash_taken", {"fen": 2000})
    assert_everything_true()


def test_before_the_closing_who_pays_at_pickup_is_seen_without_a_button(app):
    deal = open_deal(pay_at_pickup=True)
    order(deal, 1)
    said = page(app, deal)
    assert "Pays at pickup" in said
    assert "is paid" not in said


def test_cash_given_back_is_noted_for_one_household(app, short):
    assert "¥20.00 given back" in page(app, short, "?show=give")
    [debt] = [d for d in cash.debts(short, "give", point_id=None, page=1) if d.fen == 2000]
    client = at_desk(app, short.leader)
    form = {"order": debt.order_ids, "fen": "2000", "show": "give"}
    answer = client.post(address(short, "/give"), data=form)
    assert answer.status_code == 303
    done = db.session.scalars(sa.select(Refund).where(Refund.state == "succeeded")).all()
    assert [(r.amount_fen, r.finished_by_id) for r in done] == [(2000, short.leader.user_id)]
    assert client.post(address(short, "/give"), data=form).status_code == 409
    assert_everything_true()


def test_all_can_be_noted_at_once_after_the_sum_was_seen(app, short):
    said = page(app, short, "?show=give")
    assert "¥30.00 to 2 households will be noted as given back. That cannot be undone." in said
    client = at_desk(app, short.leader)
    form = {"all": "1", "fen": "2000"}
    assert client.post(address(short, "/give"), data=form).status_code == 409
    assert figures(short).to_give_fen == 3000
    assert client.post(address(short, "/give"), data=form | {"fen": "3000"}).status_code == 303
    assert figures(short).to_give_fen == 0
    entry = db.session.scalars(sa.select(ActionLog)).one()
    assert (entry.action, entry.detail) == ("cash_given_back", {"fen": 3000, "orders": 2})
    assert_everything_true()


def test_nobody_touches_the_money_of_another_deal_or_leader(app, unpaid, short):
    client, bag = at_desk(app, unpaid.leader), rows.bags_of(short)[0]
    for data in ({"bag": bag.id, "fen": "0"}, {"bag": "x"}, {}):
        assert client.post(address(unpaid, "/take"), data=data).status_code == 404
    theirs = next(debt.order_ids for debt in cash.debts(short, "give", point_id=None, page=1))
    form = {"order": theirs, "fen": "1000"}
    assert client.post(address(unpaid, "/give"), data=form).status_code == 409
    assert client.post(address(short, "/give"), data=form).status_code == 404
    assert figures(short).to_give_fen == 3000


def test_only_the_leader_sees_the_money(app, unpaid):
    for somebody in (helper_of(unpaid.leader, orders=True, pickup=True), factories.make_leader()):
        assert at_desk(app, somebody).get(address(unpaid)).status_code == 404


def test_odd_queries_show_the_first_page(app, unpaid):
    for query in ("?page=0", "?page=x", "?page=9999", "?show=all", "?point=x", "?point=99999999"):
        page(app, unpaid, query)


def test_fifty_rows_take_as_many_statements_as_five(app):
    deal = open_deal()

    def asked() -> int:
        client = at_desk(app, deal.leader)
        with statements() as said:
            client.get(address(deal))
        return len(said)

    for _ in range(5):
        order(deal, 1)
    asked()
    few = asked()
    for _ in range(55):
        order(deal, 1)
    assert asked() == few
    assert "Page 1 of 2, 60 in all" in page(app, deal)
