"""What a phone kept without a network arrives in its order; conflicts become cases."""

from __future__ import annotations

from typing import Any

import pytest

from groupbuy.accounts import people
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.pickup import bags
from groupbuy.pickup.models import DoubleHandover, Handover
from tests import factories
from tests.checks import assert_everything_true, count
from tests.leaders.gate import at_gate, evening, give, helper, one_bag, page
from tests.members.test_cart import ZH
from tests.pages.reading import words
from tests.pickup.rows import bags_of, lines_of


def scan(bag, nonce: str = "k1", **more: Any) -> dict[str, Any]:
    key = bag if isinstance(bag, str) else bags.token_of(bag)
    return {"key": key, "nonce": nonce, "at": clock.now().isoformat(), **more}


def send(client, *scans: Any) -> list[dict[str, str]]:
    answer = client.post("/g/sync", json={"scans": list(scans)}, headers=ZH)
    assert answer.status_code == 200
    return answer.json["results"]


def test_scans_are_replayed_in_order_and_each_gets_its_answer(app):
    deal = evening((2,), (1,), (3,))
    first, second, third = bags_of(deal)
    client = at_gate(app, deal.leader)
    give(client, second)
    results = send(
        client, scan(first, "a"), scan(second, "b"), scan("a" * 26, "c"), scan(third, "d")
    )
    assert [(r["nonce"], r["outcome"]) for r in results] == [
        ("a", "done"),
        ("b", "double"),
        ("c", "refused"),
        ("d", "done"),
    ]
    assert "林姐" in results[1]["said"]
    db.session.expire_all()
    assert [bag.state for bag in (first, second, third)] == ["collected"] * 3
    again = send(client, scan(first, "a"), scan(second, "b"))
    assert [r["outcome"] for r in again] == ["done", "double"]
    assert count(Handover) == 3
    assert count(DoubleHandover) == 1
    assert_everything_true()


def test_what_was_ticked_before_the_network_went_is_what_is_given(app):
    bag = one_bag(2, 1)
    ambient, fresh = lines_of(bag.deal)
    client = at_gate(app, bag.deal.leader)
    ticked = {f"{bag.id}-{ambient.id}": 2}
    assert send(client, scan(str(bag.id), pieces=ticked))[0]["outcome"] == "done"
    db.session.expire_all()
    assert [line.picked_pieces for line in lines_of(bag.deal)] == [2, 0]
    assert fresh.open_pieces == 1


def test_a_helper_sends_only_what_was_scanned_at_their_point(app):
    bag = one_bag(2)
    other = factories.make_point(bag.deal.leader)
    client = at_gate(app, helper(bag.deal.leader, other.id))
    [result] = send(client, scan(bag))
    assert result["outcome"] == "refused"
    assert bag.point.name in result["said"]
    stranger = at_gate(app, one_bag(1).deal.leader)
    assert send(stranger, scan(bag))[0]["outcome"] == "refused"
    assert count(Handover) == 0


@pytest.mark.parametrize(
    "sent",
    [None, 1, "x", [], {}, {"key": 1}, {"key": "x", "nonce": "n", "at": "2026-01-01"},
     {"key": "1", "nonce": "n n", "at": "2026-01-01"}, {"key": "1", "nonce": "n", "at": "never"},
     {"key": "1", "nonce": "n", "at": "0001-01-01T00:00+14:00"},
     {"key": "1", "nonce": "n", "at": "2026-01-01", "pieces": []},
     {"key": "1", "nonce": "n", "at": "2026-01-01", "pieces": {"1-1": "1"}},
     {"key": "1", "nonce": "n", "at": "2026-01-01", "pieces": {"1-1": True}},
     {"key": "1", "nonce": "n", "at": "2026-01-01", "pieces": {"1-1": -1}},
     {"key": "1", "nonce": "n", "at": "2026-01-01", "pieces": {"9" * 30 + "-1": 1}}],
)  # fmt: skip
def test_a_scan_that_cannot_be_read_is_refused_alone(app, sent):
    bag = one_bag(2)
    client = at_gate(app, bag.deal.leader)
    results = send(client, sent, scan(bag))
    assert [r["outcome"] for r in results] == ["refused", "done"]


@pytest.mark.parametrize("body", ["", "x", "[]", "{}", '{"scans": 1}', '{"scans": {}}'])
def test_what_is_no_list_of_scans_is_not_taken(app, body):
    client = at_gate(app, one_bag(2).deal.leader)
    for kind in ("application/json", "text/plain"):
        assert client.post("/g/sync", data=body, content_type=kind).status_code == 422
    assert client.post("/g/sync", json={"scans": [{}] * 101}).status_code == 422


def test_a_case_is_shown_with_both_handovers_and_closed_with_words(app):
    bag = one_bag(2)
    aunt = at_gate(app, helper(bag.deal.leader))
    client = at_gate(app, bag.deal.leader)
    give(client, bag)
    send(aunt, scan(bag))
    assert "/g/doubles" in page(client, "/g").text
    shown = words(page(client, "/g/doubles"))
    for part in ("张*", "林姐", "王阿姨", bag.point.name):
        assert part in shown
    [case] = db.session.query(DoubleHandover).all()
    close = f"/g/doubles/{case.id}/close"
    assert client.post(close, data={"because": ""}, headers=ZH).status_code == 422
    foreign = at_gate(app, one_bag(1).deal.leader)
    assert foreign.post(close, data={"because": "x"}, headers=ZH).status_code == 404
    assert client.post(close, data={"because": "扫了两下"}, headers=ZH).status_code == 303
    assert client.post(close, data={"because": "再来"}, headers=ZH).status_code == 303
    assert "/g/doubles" not in page(client, "/g").text
    db.session.expire_all()
    assert case.closed_because == "扫了两下"


def test_a_phone_gets_a_fresh_token_only_while_somebody_is_signed_in(app):
    client = at_gate(app, one_bag(2).deal.leader)
    assert client.get("/g/fresh").json["csrf"]
    assert app.test_client().get("/g/fresh").status_code == 303


def test_a_helper_looks_into_the_cases_of_their_own_points_only(app):
    bag = one_bag(2)
    leader = bag.deal.leader
    client = at_gate(app, leader)
    give(client, bag)
    send(at_gate(app, helper(leader)), scan(bag))
    [case] = db.session.query(DoubleHandover).all()
    elsewhere = at_gate(app, helper(leader, factories.make_point(leader).id))
    assert "/g/doubles" not in page(elsewhere, "/g").text
    assert "张*" not in words(page(elsewhere, "/g/doubles"))
    close = f"/g/doubles/{case.id}/close"
    assert elsewhere.post(close, data={"because": "x"}, headers=ZH).status_code == 404
    there = at_gate(app, helper(leader, bag.point_id))
    assert "张*" in words(page(there, "/g/doubles"))
    assert there.post(close, data={"because": "x"}, headers=ZH).status_code == 303


def test_who_hands_over_at_another_desk_is_asked_at_which(app):
    first, second = (one_bag(1).deal.leader for _ in range(2))
    user = helper(first, name="王阿姨", orders=True)
    client = at_gate(app, user)
    assert client.get("/g").status_code == 404
    rights = {"pickup": True}
    people.grant(user, "helper", leader=second, rights=rights, now=clock.now())
    db.session.commit()
    asked = client.get("/g")
    assert (asked.status_code, asked.location) == (303, "/lead/settings/desks?to=gate")
    shown = client.get(asked.location).text
    assert f'value="{second.id}"' in shown
    assert f'value="{first.id}"' not in shown
    chosen = client.post(asked.location, data={"desk": second.id})
    assert (chosen.status_code, chosen.location) == (303, "/g")
    assert client.get("/g").status_code == 200
