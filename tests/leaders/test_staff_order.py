"""One order as staff see it, and what they do to it."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from groupbuy.accounts.models import Member
from groupbuy.core import clock
from groupbuy.core.models import ActionLog
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.wording import words as told
from groupbuy.orders.limits import Blocked
from groupbuy.orders.models import Order, OrderEvent
from tests import factories
from tests.checks import assert_everything_true, count, refused
from tests.leaders.orders import CONTACT, EN, at_desk, helper_of, member, open_deal, order
from tests.pages.reading import statements, words
from tests.pickup import rows


@pytest.fixture
def deal(app: Flask):
    """An open deal with one pending order of 李静, whose contact was typed with it."""
    deal = open_deal(stock=9)
    order(deal, 2, member=member(deal.leader), contact=CONTACT, note="放门口")
    db.session.commit()
    return deal


def only_order(deal) -> Order:
    db.session.expire_all()
    return db.session.scalars(db.select(Order).where(Order.deal_id == deal.id)).one()


def address(deal, tail: str = "") -> str:
    return f"/lead/deals/{deal.slug}/orders/{only_order(deal).number}{tail}"


def actions() -> list[str]:
    return list(db.session.scalars(db.select(ActionLog.action).order_by(ActionLog.id)))


def test_everything_about_an_order_is_there_but_the_phone_is_masked(app, deal):
    page = at_desk(app, deal.leader).get(address(deal), headers=EN)
    said = words(page)
    assert "李静 · 138****8000" in said
    assert "6-2-1102" in said
    assert "放门口" in said
    assert "The money is there, ¥75.60" in said
    assert "13800138000" not in page.text
    assert actions() == []


def test_showing_the_phone_is_logged_and_never_by_reading(app, deal):
    client = at_desk(app, deal.leader)
    assert client.get(address(deal, "/reveal")).status_code == 405
    page = client.post(address(deal, "/reveal"), headers=EN)
    assert page.status_code == 200
    assert "13800138000" in words(page)
    [log] = db.session.scalars(db.select(ActionLog))
    assert (log.action, log.leader_id) == ("order_phone_revealed", deal.leader_id)
    assert "13800138000" not in str(log.detail)


def test_a_contact_is_corrected_and_both_histories_tell(app, deal):
    client, before = at_desk(app, deal.leader), only_order(deal).version
    fixed = CONTACT | {"room": "1203", "phone": "138 0013 8001"}
    assert client.post(address(deal, "/contact"), data=fixed).status_code == 303
    found = only_order(deal)
    assert found.contact == CONTACT | {"room": "1203", "phone": "13800138001"}
    assert found.version == before + 1
    [event] = [e for e in found.events if e.kind == "contact_corrected"]
    assert event.detail == {"fields": ["phone", "room"]}
    assert actions() == ["order_contact_corrected"]
    assert client.post(address(deal, "/contact"), data=fixed).status_code == 303
    assert count(OrderEvent, OrderEvent.kind == "contact_corrected") == 1
    assert "The leader corrected the contact" in words(client.get(address(deal), headers=EN))
    assert_everything_true()


@pytest.mark.parametrize(
    "wrong", [{"phone": "123"}, {"name": ""}, {"name": "a\u202eb"}, {"room": "9" * 41}]
)
def test_a_contact_that_cannot_be_read_is_refused_at_the_field(app, deal, wrong):
    page = at_desk(app, deal.leader).post(
        address(deal, "/contact"), data=CONTACT | wrong, headers=EN
    )
    assert page.status_code == 422
    assert "f__bad" in page.text
    assert only_order(deal).contact == CONTACT


def test_one_note_stays_inside_and_the_other_reaches_the_member(app, deal):
    client = at_desk(app, deal.leader)
    notes = {"staff_note": "常迟到", "note_to_member": "多送一盒"}
    assert client.post(address(deal, "/notes"), data=notes).status_code == 303
    found = only_order(deal)
    assert (found.staff_note, found.note_to_member) == ("常迟到", "多送一盒")
    assert actions() == ["order_note_to_member"]
    user = factories.make_user("李静")
    found.member.user_id = user.id
    own = at_desk(app, user).get(f"/o/{found.number}", headers=EN)
    assert "多送一盒" in words(own)
    assert "常迟到" not in own.text
    too_long = client.post(address(deal, "/notes"), data={"staff_note": "长" * 501})
    assert too_long.status_code == 422
    assert only_order(deal).staff_note == "常迟到"


def test_the_money_of_one_order_is_vouched_for_once(app, deal):
    client = at_desk(app, deal.leader)
    assert client.post(address(deal, "/vouch")).status_code == 303
    assert only_order(deal).state == "placed"
    again = client.post(address(deal, "/vouch"), headers=EN)
    assert again.status_code == 409
    assert "already" in words(again)
    assert_everything_true()


def test_staff_cancel_with_a_reason_that_the_member_is_told(app, deal):
    client = at_desk(app, deal.leader)
    client.post(address(deal, "/vouch"))
    assert "¥75.60 go back" in words(client.get(address(deal, "/cancel"), headers=EN))
    assert client.post(address(deal, "/cancel"), data={"because": " "}).status_code == 422
    assert only_order(deal).state == "placed"
    assert client.post(address(deal, "/cancel"), data={"because": "重复下单"}).status_code == 303
    assert only_order(deal).state == "cancelled"
    notice = db.session.scalars(db.select(Notice).where(Notice.kind == "order_cancelled")).one()
    assert "重复下单" in told(notice)
    assert "order_cancelled" in actions()
    assert client.post(address(deal, "/cancel"), data={"because": "again"}).status_code == 409
    assert_everything_true()


def test_after_the_closing_an_order_is_not_cancelled_here(app):
    deal = rows.closed_deal((2,))
    client = at_desk(app, deal.leader)
    assert "After the closing" in words(client.get(address(deal), headers=EN))
    assert "can no longer be cancelled" in words(client.get(address(deal, "/cancel"), headers=EN))
    refusal = client.post(address(deal, "/cancel"), data={"because": "太迟"}, headers=EN)
    assert refusal.status_code == 409
    assert only_order(deal).state == "confirmed"


def test_another_leaders_order_is_as_missing_as_none(app, deal):
    number = only_order(deal).number
    other = open_deal(leader=deal.leader)
    client, stranger = at_desk(app, deal.leader), at_desk(app, factories.make_leader("周叔"))
    for who, slug in ((client, other.slug), (stranger, deal.slug)):
        base = f"/lead/deals/{slug}/orders/{number}"
        assert who.get(base).status_code == who.get(f"{base}/cancel").status_code == 404
        for act in ("reveal", "notes", "contact", "vouch", "cancel"):
            assert who.post(f"{base}/{act}", data=CONTACT).status_code == 404
    for odd in ("nothing", "%00", "9" * 99, "团"):
        assert client.get(f"/lead/deals/{deal.slug}/orders/{odd}").status_code == 404
    assert at_desk(app, helper_of(deal.leader, pickup=True)).get(address(deal)).status_code == 404


def new_form(client, deal, **args) -> dict[str, str]:
    page = client.get(f"/lead/deals/{deal.slug}/orders/new", query_string=args, headers=EN)
    assert page.status_code == 200
    names = ("key", "member")
    found = {n: re.search(rf'name="{n}" type="hidden" value="([^"]*)"', page.text) for n in names}
    fields = {name: match.group(1) for name, match in found.items() if match}
    return fields | {"point": str(deal.points[0].id)}


def test_an_order_for_somebody_new_makes_the_member_and_is_placed_once(app, deal):
    client, new = at_desk(app, deal.leader), f"/lead/deals/{deal.slug}/orders/new"
    fields = new_form(client, deal) | {"name": "赵敏", "phone": "13911110000", "paid": "y"}
    fields[f"q-{deal.items[0].id}"] = "３"
    first, again = client.post(new, data=fields), client.post(new, data=fields)
    assert first.status_code == again.status_code == 303
    assert first.location == again.location
    made = db.session.scalars(db.select(Order).order_by(Order.id.desc())).first()
    assert (made.member.name, made.state, made.paid_fen) == ("赵敏", "placed", 3 * 3780)
    assert made.contact["phone"] == "13911110000"
    assert made.events[0].actor_id == deal.leader.user_id
    assert "order_placed_for_member" in actions()
    assert_everything_true()


def test_a_known_member_is_found_and_keeps_their_contact(app, deal):
    client, new = at_desk(app, deal.leader), f"/lead/deals/{deal.slug}/orders/new"
    for who in ("李", "8000", "13800138000"):
        page = client.get(new, query_string={"who": who}, headers=EN)
        assert "138****8000" in words(page)
    known = only_order(deal).member_id
    fields = new_form(client, deal, member=known)
    fields |= {f"q-{deal.items[0].id}": "1", "building": "7"}
    assert client.post(new, data=fields).status_code == 303
    made = db.session.scalars(db.select(Order).order_by(Order.id.desc())).first()
    assert made.member_id == known
    assert made.contact == CONTACT | {"building": "7", "unit": "", "room": ""}
    assert made.state == "pending"


def test_a_phone_that_is_known_is_the_same_member_again(app, deal):
    client, new = at_desk(app, deal.leader), f"/lead/deals/{deal.slug}/orders/new"
    fields = new_form(client, deal) | {"name": "李静", "phone": "13800138000"}
    client.post(new, data=fields | {f"q-{deal.items[0].id}": "1"})
    assert count(Member, Member.leader_id == deal.leader_id) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"phone": "123"},
        {"point": "9" * 12},
        {"point": "x"},
        {"quantity": "٣"},
        {"quantity": ""},
        {"quantity": "10"},
        {"key": ""},
    ],
)
def test_what_cannot_be_ordered_is_said_and_what_was_typed_is_kept(app, deal, wrong):
    client, new = at_desk(app, deal.leader), f"/lead/deals/{deal.slug}/orders/new"
    fields = new_form(client, deal) | {"name": "赵敏", "phone": "13911110000", "quantity": "1"}
    fields |= {"note": "不要香菜"} | wrong
    fields[f"q-{deal.items[0].id}"] = fields.pop("quantity")
    page = client.post(new, data=fields, headers=EN)
    assert page.status_code in (409, 422)
    assert "不要香菜" in page.text
    assert count(Order) == 1
    assert count(Member, Member.name == "赵敏") == 0


def test_nobody_elses_member_can_be_ordered_for(app, deal):
    client, new = at_desk(app, deal.leader), f"/lead/deals/{deal.slug}/orders/new"
    foreign = member(factories.make_leader("周叔"), "陈静", "13711112222")
    db.session.commit()
    for odd in (foreign.id, 0, "x"):
        assert client.get(new, query_string={"member": odd}).status_code == 404
        assert client.post(new, data={"member": odd}).status_code == 404
    assert "陈静" not in words(client.get(new, query_string={"who": "静"}))


def test_after_the_closing_there_is_no_form(app):
    deal = factories.make_deal()
    factories.make_placed(deal)
    factories.close(deal)
    new = f"/lead/deals/{deal.slug}/orders/new"
    client = at_desk(app, deal.leader)
    assert "only be placed while" in words(client.get(new, headers=EN))
    fields = {"name": "赵敏", "phone": "13911110000", "point": deal.points[0].id, "key": "k1"}
    answer = client.post(new, data=fields | {f"q-{deal.items[0].id}": "1"})
    assert answer.status_code == 409


def test_a_blocked_member_is_refused_in_plain_words_and_a_second_tap_is_not(app, deal):
    shut_out = only_order(deal).member
    earlier = order(deal, 1, member=shut_out, key="first")
    shut_out.blocked_at = clock.now()
    db.session.flush()
    with refused(Blocked, deal.leader.name):
        order(deal, 1, member=shut_out, key="second")
    assert order(deal, 1, member=shut_out, key="first").id == earlier.id
    assert_everything_true()


def test_the_page_takes_few_statements_whatever_the_order_holds(app):
    seen = {}
    for many in (1, 20):
        leader = factories.make_leader()
        deal = open_deal(leader=leader, skus=[factories.make_sku(leader) for _ in range(many)])
        order(deal, *[1] * many, vouched=True)
        client, where = at_desk(app, leader), address(deal)
        with statements() as said:
            client.get(where, headers=EN)
        seen[many] = len(said)
    assert seen[1] == seen[20]
