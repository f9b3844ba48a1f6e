"""At the gate: every reason against handing over, and how bags are found."""

from __future__ import annotations

from groupbuy.accounts.models import Member
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.pickup import bags, proxies
from groupbuy.pickup.models import Handover
from tests import factories
from tests.checks import count
from tests.leaders.gate import at_gate, boxes, evening, give, helper, one_bag, order_of, page
from tests.pages.reading import statements, words
from tests.pickup.rows import bags_of


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
