"""Scanning and handing over, as leaders and helpers do it at the gate."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groupbuy.accounts.models import Member
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.pickup import bags
from groupbuy.pickup.models import Handover
from tests import factories
from tests.checks import assert_everything_true, count
from tests.leaders.gate import at_gate, boxes, evening, give, helper, one_bag, order_of, page
from tests.members.test_cart import ZH
from tests.pages.reading import words
from tests.pickup.rows import bags_of, lines_of


def test_the_code_leads_its_leader_to_the_bag_and_everybody_else_to_the_residents_page(app):
    bag = one_bag(2)
    address = f"/p/{bags.token_of(bag)}"
    sent = page(at_gate(app, bag.deal.leader), address)
    assert sent.status_code == 303
    assert sent.location == f"/g/bags/{bags.token_of(bag)}"
    assert page(at_gate(app, helper(bag.deal.leader)), address).status_code == 303
    others = [factories.make_leader(), helper(bag.deal.leader, name="赵叔", orders=True)]
    db.session.commit()
    for other in others:
        assert page(at_gate(app, other), address).status_code == 200
    assert page(app.test_client(), address).status_code == 200


def test_who_helps_several_leaders_comes_to_the_desk_of_the_bags_leader(app):
    first, second = one_bag(2), one_bag(1)
    both = helper(first.deal.leader, name="周师傅")
    db.session.add_all(
        [
            factories.RoleGrant(
                user_id=both.id,
                role="helper",
                leader_id=second.leader_id,
                rights={"pickup": True},
                created_at=clock.now(),
            )
        ]
    )
    db.session.commit()
    client = at_gate(app, both)
    for bag in (second, first):
        assert page(client, f"/p/{bags.token_of(bag)}").status_code == 303
        assert page(client, f"/g/bags/{bags.token_of(bag)}").status_code == 200
        assert bag.deal.leader.community in words(page(client, "/g"))


def test_the_bag_says_who_what_and_what_to_look_out_for(app):
    bag = one_bag(2, 1, 3)
    order = order_of(bag)
    order.note, order.contact = (
        "吐司别压",
        {"name": "张伟", "phone": "13800138000", "building": "3", "unit": "2", "room": "502"},
    )
    db.session.commit()
    shown = page(at_gate(app, bag.deal.leader), f"/g/bags/{bag.id}")
    said = words(shown)
    for part in ("# 1", "张*", "138****8000", "3-2-502", "吐司别压"):
        assert part in said
    assert "张伟" not in said
    assert "13800138000" not in shown.text
    ambient, fresh, frozen = lines_of(bag.deal)
    places = [shown.text.index(f"give-{bag.id}-{line.id}") for line in (frozen, fresh, ambient)]
    assert places == sorted(places)  # cold lines first
    ticked = shown.text.split(f'name="give-{bag.id}-{ambient.id}"')[1][:40]
    assert "checked" in ticked
    assert "checked" not in shown.text.split(f'name="give-{bag.id}-{frozen.id}"')[1][:40]


def test_handing_over_turns_green_and_says_who_and_when(app):
    bag = one_bag(2, 1)
    client = at_gate(app, bag.deal.leader)
    done = give(client, bag)
    assert done.status_code == 303
    shown = words(page(client, done.location))
    assert "林姐" in shown
    assert "张*" in shown
    db.session.expire_all()
    assert bag.state == "collected"
    assert_everything_true()


def test_the_same_press_twice_is_one_handover(app):
    bag = one_bag(2)
    client = at_gate(app, bag.deal.leader)
    fields = boxes(bag)
    first = give(client, bag, "n1", **fields)
    assert give(client, bag, "n1", **fields).location == first.location
    assert count(Handover) == 1


def test_another_scan_is_refused_with_time_and_person(app):
    bag = one_bag(2)
    fields = boxes(bag)
    give(at_gate(app, helper(bag.deal.leader)), bag)
    client = at_gate(app, bag.deal.leader)
    for refused in (give(client, bag, "n2", **fields), page(client, f"/g/bags/{bag.id}")):
        assert refused.status_code == 409
        assert "王阿姨" in words(refused)
        assert f"{clock.local(bag.handovers[0].at):%H:%M}" in words(refused)
    assert count(Handover) == 1


def test_part_of_a_bag_is_given_and_the_rest_stays(app):
    bag = one_bag(2, 1)
    client = at_gate(app, bag.deal.leader)
    ambient, fresh = lines_of(bag.deal)
    done = give(client, bag, **{f"give-{bag.id}-{ambient.id}": "2"})
    assert done.status_code == 303
    db.session.expire_all()
    assert bag.state == "ready"
    assert [line.picked_pieces for line in lines_of(bag.deal)] == [2, 0]
    assert f"give-{bag.id}-{fresh.id}" in page(client, f"/g/bags/{bag.id}").text
    assert give(client, bag, "n2").status_code == 303
    db.session.expire_all()
    assert bag.state == "collected"
    assert_everything_true()


@pytest.mark.parametrize(
    "fields",
    [
        {"x": "1"},
        {"give-0-1": "1"},
        {"give-{bag}-0": "1"},
        {"give-{bag}-{line}": "99"},
        {"give-{bag}-{line}": "x"},
        {"give-{bag}-{line}": "0"},
        {"give-999999-{line}": "1"},
    ],
)
def test_what_cannot_be_meant_hands_over_nothing(app, fields):
    bag = one_bag(2)
    [line] = lines_of(bag.deal)
    form = {name.format(bag=bag.id, line=line.id): value for name, value in fields.items()}
    answer = give(at_gate(app, bag.deal.leader), bag, **form)
    assert answer.status_code in (404, 409, 422)
    assert count(Handover) == 0
    assert give(at_gate(app, bag.deal.leader), bag, "not a nonce").status_code == 422


def test_all_bags_of_the_household_go_together(app):
    leader = factories.make_leader()
    first, second = evening((2,), leader=leader), evening((1,), leader=leader)
    [one], [two] = bags_of(first), bags_of(second)
    user = factories.make_user("孙立秋")
    for bag in (one, two):
        db.session.get_one(Member, bag.member_id).user_id = user.id
    two.point_id = order_of(two).point_id = one.point_id
    db.session.commit()
    client = at_gate(app, leader)
    shown = page(client, f"/g/bags/{two.id}")
    assert all(f"give-{bag.id}-" in shown.text for bag in (one, two))
    done = give(client, two, **boxes(one) | boxes(two))
    assert done.status_code == 303
    db.session.expire_all()
    assert [one.state, two.state] == ["collected", "collected"]
    client.post(f"{done.location}/undo", data={"because": "拿错了"}, headers=ZH)
    db.session.expire_all()
    assert [one.state, two.state] == ["ready", "ready"]
    assert_everything_true()


def test_a_slip_is_taken_back_with_a_reason(app):
    bag = one_bag(2)
    client = at_gate(app, bag.deal.leader)
    done = give(client, bag).location
    assert done in page(client, "/g").text  # the way back stands on the scan page
    refused = client.post(f"{done}/undo", data={"because": " "}, headers=ZH)
    assert refused.status_code == 422
    assert client.post(f"{done}/undo", data={"because": "拿错了"}, headers=ZH).status_code == 303
    db.session.expire_all()
    assert bag.state == "ready"
    assert client.post(f"{done}/undo", data={"because": "又来"}, headers=ZH).status_code == 409
    assert page(client, done).status_code == 200
    assert done not in page(client, "/g").text
    assert_everything_true()


def test_a_handover_of_long_ago_is_not_taken_back(app):
    bag = one_bag(2)
    client = at_gate(app, bag.deal.leader)
    done = give(client, bag).location
    bag.handovers[0].at -= timedelta(minutes=11)
    db.session.commit()
    assert "/undo" not in page(client, done).text
    assert client.post(f"{done}/undo", data={"because": "晚了"}, headers=ZH).status_code == 409
    assert bag.state == "collected"


def test_cash_is_taken_and_the_bag_given_with_one_button(app):
    bag = one_bag(2, pay_at_pickup=True)
    client = at_gate(app, bag.deal.leader)
    shown = page(client, f"/g/bags/{bag.id}")
    assert "20.00" in words(shown)
    assert 'name="cash" value="2000"' in shown.text
    refused = give(client, bag)
    assert refused.status_code == 409
    assert "20.00" in words(refused)
    assert give(client, bag, "n2", cash="1999", **boxes(bag)).status_code == 409
    fields = boxes(bag)
    assert give(client, bag, "n3", cash="2000", **fields).status_code == 303
    assert give(client, bag, "n3", cash="2000", **fields).status_code == 303
    db.session.expire_all()
    assert bag.state == "collected"
    assert order_of(bag).paid_fen == 2000
    assert_everything_true()
