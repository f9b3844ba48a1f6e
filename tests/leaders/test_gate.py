"""Scanning and handing over, as leaders and helpers do it at the gate."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groupbuy.accounts.models import Member
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.pickup import bags, proxies
from groupbuy.pickup.models import Handover
from tests import factories
from tests.checks import assert_everything_true, count
from tests.leaders.gate import at_gate, boxes, evening, give, helper, one_bag, order_of, page
from tests.members.test_cart import ZH
from tests.pages.reading import statements, words
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


def test_each_reason_against_handing_over_has_its_own_words(app):
    waiting = one_bag(2, came=False)
    shown = words(page(at_gate(app, waiting.deal.leader), f"/g/bags/{waiting.id}"))
    assert waiting.deal.title in shown
    unknown = page(at_gate(app, waiting.deal.leader), "/g/bags/unknown")
    assert unknown.status_code == 404
    foreign = page(at_gate(app, waiting.deal.leader), f"/g/bags/{one_bag(1).id}")
    assert foreign.status_code == 404
    assert words(foreign) == words(unknown)
    assert give(at_gate(app, waiting.deal.leader), waiting).status_code == 409


def test_a_helper_of_one_point_is_told_where_the_bag_stands(app):
    deal = evening((2,))
    [bag] = bags_of(deal)
    other = factories.make_point(deal.leader, "6 号楼大堂")
    client = at_gate(app, helper(deal.leader, other.id))
    for refused in (page(client, f"/g/bags/{bag.id}"), give(client, bag)):
        assert refused.status_code == 409
        assert bag.point.name in words(refused)
    assert "/g/point" not in page(client, f"/g/bags/{bag.id}").text
    assert count(Handover) == 0


def test_a_leader_who_said_where_they_stand_is_told_too_and_can_move(app):
    deal = evening((2,))
    [bag] = bags_of(deal)
    other = factories.make_point(deal.leader, "6 号楼大堂")
    db.session.commit()
    client = at_gate(app, deal.leader)
    client.post("/g/point", data={"point": other.id})
    assert page(client, f"/g/bags/{bag.id}").status_code == 409
    moved = client.post("/g/point", data={"point": bag.point_id, "key": bag.id})
    assert moved.location == f"/g/bags/{bag.id}"
    assert page(client, moved.location).status_code == 200
    client.post("/g/point", data={"point": "99999999"})  # nowhere: everywhere
    assert page(client, f"/g/bags/{bag.id}").status_code == 200


def test_a_pass_collects_once_and_is_said_to_be_one(app):
    bag = one_bag(2)
    proxy = proxies.make_pass(bag, now=clock.now())
    db.session.commit()
    client = at_gate(app, bag.deal.leader)
    key = bags.token_of(proxy)
    assert 'name="nonce"' in page(client, f"/g/bags/{key}").text
    assert (
        client.post(f"/g/bags/{key}/hand-over", data={"nonce": "n1", **boxes(bag)}).status_code
        == 303
    )
    db.session.expire_all()
    assert proxy.ended_at
    assert order_of(bag).events[-1].detail["proxy"]


def test_bags_are_found_by_phone_name_number_and_letters(app):
    deal = evening((2,), (1,), (3,))
    first, second, _third = bags_of(deal)
    order_of(first).contact = {"name": "李静", "phone": "13911112222"}
    db.session.get_one(Member, second.member_id).name = "欧阳锋"
    db.session.commit()
    client = at_gate(app, deal.leader)

    def found(typed):
        return page(client, f"/g/find?q={typed}").text

    for typed, bag in (("2222", first), ("欧阳", second), ("2", second), ("%232", second)):
        text = found(typed)
        assert f"/g/bags/{bag.id}" in text, typed
        assert text.count("/g/bags/") == 1
    assert found("").count("/g/bags/") == 3
    assert "/g/bags/" not in found("没有这个人")
    letters = bags.code_of(first)
    for typed in (letters, letters.lower(), f"{letters[:4]} {letters[4:]}", bags.pickup_url(first)):
        sent = page(client, f"/g/find?q={typed}")
        assert sent.location == f"/g/bags/{first.id}"
    assert "13911112222" not in found("2222")
    assert "李静" not in found("2222")


def test_a_household_is_found_only_by_staff_of_its_leader(app):
    bag = one_bag(2)
    client = at_gate(app, one_bag(1).deal.leader)
    assert f"/g/bags/{bag.id}" not in page(client, "/g/find").text
    assert page(client, f"/g/find?q={bags.code_of(bag)}").status_code == 200


def test_the_gate_is_for_those_who_may_hand_over(app):
    bag = one_bag(2)
    paths = ["/g", "/g/find", "/g/doubles", "/g/fresh", f"/g/bags/{bag.id}"]
    counter = at_gate(app, helper(bag.deal.leader, name="赵叔", count_in=True))
    resident = factories.make_user("路人")
    db.session.commit()
    resident = at_gate(app, resident)
    for path in paths:
        assert page(counter, path).status_code == 404
        assert page(resident, path).status_code == 404
        assert page(app.test_client(), path).status_code == 303
    assert give(counter, bag).status_code == 404
    assert count(Handover) == 0


def test_the_scan_page_holds_nothing_of_any_resident(app):
    bag = one_bag(2)
    client = at_gate(app, bag.deal.leader)
    give(client, bag)
    shown = page(client, "/g")
    assert shown.headers["Keep-Offline"] == "yes"
    assert "张" not in words(shown)


def test_a_bag_page_takes_few_statements_whatever_the_number_of_lines_and_bags(app):
    small, large = one_bag(1), one_bag(1, 2, 3)
    many = evening(*[(1,)] * 20)
    counts = []
    for bag in (small, large, bags_of(many)[0]):
        client = at_gate(app, bag.deal.leader)
        page(client, f"/g/bags/{bag.id}")
        with statements() as sent:
            assert page(client, f"/g/bags/{bag.id}").status_code == 200
        counts.append(len(sent))
    assert len(set(counts)) == 1
    assert counts[0] <= 18


def test_only_one_of_two_who_hand_over_at_once_wins_and_the_page_of_the_other_says_so(app):
    bag = one_bag(2)
    fields = boxes(bag)
    first, second = at_gate(app, bag.deal.leader), at_gate(app, helper(bag.deal.leader))
    assert give(first, bag, "a", **fields).status_code == 303
    assert give(second, bag, "b", **fields).status_code == 409
    assert count(Handover) == 1
