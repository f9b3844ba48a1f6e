"""Sheets to print: what stands on them, what must not, and for whom they are."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.core.models import ActionLog
from groupbuy.deals.models import DealQuestion
from groupbuy.extensions import db
from tests import factories
from tests.leaders.orders import CONTACT, EN, ZH, at_desk, helper_of, member, open_deal, order
from tests.pages.reading import statements, words
from tests.pickup import rows

KINDS = ("picking", "slips", "labels", "points")


@pytest.fixture
def deal(app: Flask):
    """李静 in 6-2-1102 gets rice and prawns, 张伟 at the other point rice; 王强 has not paid."""
    leader = factories.make_leader()
    skus = [
        factories.make_sku(leader, name="大米"),
        factories.make_sku(leader, name="虾", storage_class="frozen"),
    ]
    deal = open_deal(leader=leader, skus=skus, points=2)
    who = member(leader)
    order(deal, 7, 2, member=who, contact=CONTACT, note="放冰柜", vouched=True)
    there = deal.points[1].id
    order(deal, 1, member=member(leader, "张伟", "13900001234"), point_id=there, vouched=True)
    order(deal, 9, member=member(leader, "王强", "13700007777"))
    return deal


def printed(app: Flask, deal, kind: str, query: str = "", who=None) -> str:
    url = f"/lead/deals/{deal.slug}/print/{kind}{query}"
    answer = at_desk(app, who or deal.leader).get(url, headers=EN)
    assert answer.status_code == 200
    return words(answer)


def test_the_page_of_sheets_offers_each_and_the_workbook(app, deal):
    answer = at_desk(app, deal.leader).get(f"/lead/deals/{deal.slug}/print", headers=EN)
    page = words(answer)
    assert "2 households" in page
    assert "3 orders" in page
    for kind in KINDS:
        assert f"/print/{kind}" in answer.text


def test_before_anybody_is_vouched_for_there_is_nothing_to_print(app):
    deal = open_deal()
    answer = at_desk(app, deal.leader).get(f"/lead/deals/{deal.slug}/print", headers=EN)
    assert "Nothing to pack yet" in words(answer)
    for kind in KINDS:
        assert "Nobody here gets anything" in printed(app, deal, kind)


def test_the_picking_list_tells_how_many_to_take_and_for_whom(app, deal):
    page = printed(app, deal, "picking")
    assert page.index("虾") < page.index("大米")
    assert "#1 李* ×2" in page
    assert "1 cases of 6 + 2" in page


def test_a_slip_has_the_number_the_home_the_goods_and_the_notes(app, deal):
    page = printed(app, deal, "slips")
    assert "#1 Cold 6-2-1102 李* 138****8000" in page
    assert "虾 Frozen ×2" in page
    assert "放冰柜" in page
    assert "王*" not in page


def test_answers_to_the_leaders_questions_stand_on_the_slip(app, deal):
    asked = DealQuestion(
        leader_id=deal.leader_id, deal_id=deal.id, position=1, kind="text", label="几号门"
    )
    db.session.add(asked)
    db.session.flush()
    order = next(o for o in rows.orders_of(deal) if o.roll_no == 1)
    order.answers = {str(asked.id): "东门"}
    assert "几号门: 东门" in printed(app, deal, "slips")


def test_what_was_cut_reads_was_and_gets(app):
    deal = rows.closed_deal((2, 1), (3, 1), pay_at_pickup=True)
    rows.arrive(deal, 4)
    page = printed(app, deal, "slips")
    assert "3 → 2" in page
    assert "Collect ¥30.00" in page


def test_labels_are_one_a_household_or_one_a_cold_and_a_warm_bag(app, deal):
    page = printed(app, deal, "labels")
    assert "1 Cold 李* 6-2-1102" in page
    assert "9 pieces" in page
    apart = printed(app, deal, "labels", "?bags=apart")
    assert "1 1/2 李* 6-2-1102" in apart
    assert "1 Cold 2/2 李* 6-2-1102" in apart


def test_the_point_list_has_what_to_collect_from_whom(app):
    deal = rows.closed_deal((2,), (1,), pay_at_pickup=True)
    page = printed(app, deal, "points")
    assert "#1 张*" in page
    assert "¥20.00" in page
    assert "Total 3 ¥30.00" in page


def test_a_sheet_can_be_of_one_point_or_of_chosen_orders(app, deal):
    first = deal.points[0].id
    assert "张*" not in printed(app, deal, "slips", f"?point={first}")
    chosen = next(o for o in rows.orders_of(deal) if o.roll_no == 2)
    assert "李*" not in printed(app, deal, "slips", f"?order={chosen.id}&order=x")
    answer = at_desk(app, deal.leader).get(
        f"/lead/deals/{deal.slug}/print?order={chosen.id}", headers=EN
    )
    assert "1 chosen household" in words(answer)


def test_the_filters_of_the_list_of_orders_go_along(app, deal):
    there = deal.points[1].id
    page = at_desk(app, deal.leader).get(
        f"/lead/deals/{deal.slug}/print?only=cold&point={deal.points[0].id}&sort=oldest", headers=EN
    )
    assert "1 chosen household" in words(page)
    assert "only=cold" in page.text
    ticked = rows.orders_of(deal)[0].id
    assert "张*" in printed(app, deal, "slips", f"?all=1&order={ticked}&point={there}")
    assert "Nobody here gets anything" in printed(app, deal, "slips", "?who=nobody")
    assert "李*" in printed(app, deal, "labels", "?who=8000&sort=cold")
    assert "张*" not in printed(app, deal, "labels", "?who=8000&sort=cold")


@pytest.mark.parametrize("kind", KINDS)
def test_no_whole_phone_and_no_whole_name_is_on_any_sheet(app, deal, kind):
    answer = at_desk(app, deal.leader).get(f"/lead/deals/{deal.slug}/print/{kind}", headers=ZH)
    for secret in ("13800138000", "13900001234", "李静", "张伟"):
        assert secret not in answer.text


@pytest.mark.parametrize("kind", ["slips", "points"])
def test_whole_numbers_are_shown_when_asked_for_and_that_is_written_down(app, deal, kind):
    client, url = at_desk(app, deal.leader), f"/lead/deals/{deal.slug}/print/{kind}"
    page = words(client.post(f"{url}?point={deal.points[0].id}", headers=EN))
    assert "李静 13800138000" in page or "李静 13800138000" in page.replace(" 6-2-1102", "")
    assert "张伟" not in page
    entry = db.session.scalars(sa.select(ActionLog)).one()
    assert (entry.action, entry.actor_id) == ("phones_printed", deal.leader.user_id)
    assert entry.detail == {"sheet": kind, "rows": 1}
    assert "13800138000" not in str(entry.detail)


def test_looking_masked_writes_nothing_down(app, deal):
    printed(app, deal, "slips")
    assert db.session.scalars(sa.select(ActionLog)).all() == []


def test_what_is_no_sheet_is_missing_and_labels_have_no_phones_to_show(app, deal):
    client = at_desk(app, deal.leader)
    assert client.get(f"/lead/deals/{deal.slug}/print/menu").status_code == 404
    assert client.post(f"/lead/deals/{deal.slug}/print/labels").status_code == 404


def test_only_the_leader_and_helpers_for_orders_print(app, deal):
    url = f"/lead/deals/{deal.slug}/print/slips"
    assert at_desk(app, helper_of(deal.leader, orders=True)).get(url).status_code == 200
    assert at_desk(app, helper_of(deal.leader, pickup=True)).get(url).status_code == 404
    assert at_desk(app, factories.make_leader("别人")).get(url).status_code == 404


def test_two_hundred_households_take_few_statements(app):
    leader = factories.make_leader()
    skus = [factories.make_sku(leader) for _ in range(4)]
    deal = open_deal(leader=leader, skus=skus)
    for number in range(200):
        order(deal, 1, 1, 2, 1, contact=CONTACT | {"room": str(number)}, vouched=True)
    client = at_desk(app, leader)
    client.get(f"/lead/deals/{deal.slug}/print/slips")  # templates are compiled once
    db.session.expire_all()
    with statements() as said:
        answer = client.get(f"/lead/deals/{deal.slug}/print/slips", headers=EN)
    assert answer.text.count('class="slip"') == 200
    assert len(said) < 15
