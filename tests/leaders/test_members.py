"""A leader looks through members, notes things about them, and shuts somebody out."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook

from groupbuy.accounts import membering
from groupbuy.accounts.models import Leader, Member
from groupbuy.core import crypto
from groupbuy.core.models import ActionLog
from groupbuy.extensions import db
from groupbuy.orders.limits import Blocked
from tests.checks import assert_everything_true, count, refused
from tests.conftest import NOON
from tests.factories import (
    close,
    make_deal,
    make_leader,
    make_member,
    make_order,
    make_placed,
    make_user,
)
from tests.members.test_cart import sign_in
from tests.pages.reading import words
from tests.round_trips import round_trips

EN = {"Accept-Language": "en"}


def known(leader: Leader, name: str, phone: str | None = None, **values: Any) -> Member:
    member = make_member(leader, name)
    member.phone = phone
    member.phone_hash = phone and crypto.lookup_hash(phone)
    for column, value in values.items():
        setattr(member, column, value)
    db.session.flush()
    return member


def at_desk(app: Flask, leader: Leader) -> FlaskClient:
    """A browser in which the leader is signed in and reads English."""
    leader.user.locale = "en"
    db.session.commit()
    client = app.test_client()
    sign_in(client, leader.user)
    return client


def shown(client: FlaskClient, path: str = "/lead/members", status: int = 200, **args: str) -> str:
    answer = client.get(path, query_string=args, headers=EN)
    assert answer.status_code == status
    return words(answer)


def post(client: FlaskClient, path: str, **fields: str) -> Any:
    return client.post(path, data=fields, headers=EN)


def test_the_list_says_what_everybody_ordered_and_hides_names_and_numbers(app: Flask) -> None:
    deal = make_deal(points=1)
    wang = known(deal.leader, "王芳", "13812340001", tags=["老客户"])
    make_placed(deal, 2, member=wang)
    make_placed(deal, 1, member=wang)
    make_order(deal, 1, member=known(deal.leader, "李雷", "13900000002"))
    known(make_leader("别家"), "赵六", "13700000003")
    page = shown(at_desk(app, deal.leader))
    assert "王* 138****0001" in page
    assert "2 orders ¥113.40" in page
    assert "李* 139****0002" in page
    assert "0 orders ¥0.00" in page  # nobody has vouched for it
    assert "老客户" in page
    assert "赵" not in page
    assert "13812340001" not in page
    assert "王芳" not in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"who": "王"}, {"王"}),
        ({"who": "0001"}, {"王"}),
        ({"who": "138 1234-0001"}, {"王"}),
        ({"who": "１３９０００００００２"}, {"李"}),
        ({"who": "%"}, set()),
        ({"tag": "老客户"}, {"王"}),
        ({"tag": "老客"}, set()),
        ({"only": "blocked"}, {"李"}),
        ({"only": "no_shows"}, set()),
        ({"only": "rubbish", "sort": "rubbish", "page": "x"}, {"王", "李"}),
        ({"page": "9"}, set()),
    ],
)
def test_members_are_found_by_name_number_tag_and_state(
    app: Flask, asked: dict[str, str], found: set[str]
) -> None:
    leader = make_leader()
    known(leader, "王芳", "13812340001", tags=["老客户", "3号楼"])
    known(leader, "李雷", "13900000002", blocked_at=NOON, blocked_because="从不付钱")
    page = shown(at_desk(app, leader), **asked)
    assert {name for name in ("王", "李") if f"{name}*" in page} == found


def test_several_rows_of_one_person_are_one_member(app: Flask) -> None:
    deal = make_deal()
    user = make_user("王芳", "13812340001")
    first = known(deal.leader, "王女士", "13812340001")
    own = known(deal.leader, "王芳", None, user_id=user.id)
    claimed = known(deal.leader, "芳芳", "13812340001", user_id=user.id)
    for row in (first, own, claimed):
        make_placed(deal, 1, member=row)
    client = at_desk(app, deal.leader)
    page = shown(client)
    assert "1 person" in page
    assert "3 orders" in page
    for row in (first, own, claimed):
        page = shown(client, f"/lead/members/{row.id}")
        assert "3 entries" in page
        assert page.count(deal.title) >= 3
    post(client, f"/lead/members/{own.id}/tags", tags="老客户，团长助手")
    post(client, f"/lead/members/{claimed.id}/note", note="爱吃辣")
    db.session.expire_all()
    assert {tuple(row.tags) for row in (first, own, claimed)} == {("老客户", "团长助手")}
    assert {row.note for row in (first, own, claimed)} == {"爱吃辣"}
    assert_everything_true()


def test_two_guests_with_one_number_are_one_but_names_alone_prove_nothing(app: Flask) -> None:
    leader = make_leader()
    one = known(leader, "王芳", "13812340001")
    two = known(leader, "芳", "13812340001")
    known(leader, "王芳")
    known(leader, "王芳")
    assert [row.id for row in membering.rows_of(two)] == [one.id, two.id]
    assert "3 people" in shown(at_desk(app, leader))


def test_whoever_is_blocked_cannot_order_and_can_be_let_in_again(app: Flask) -> None:
    deal = make_deal()
    member = known(deal.leader, "李雷", "13900000002")
    other = known(deal.leader, "雷", "13900000002")
    before = make_placed(deal, 1, member=member)
    client = at_desk(app, deal.leader)
    answer = post(client, f"/lead/members/{member.id}/block", because="从不付钱")
    assert answer.status_code == 303
    assert "cannot order from you since" in shown(client, f"/lead/members/{other.id}")
    for row in (member, other):
        with refused(Blocked):
            make_order(deal, 1, member=row)
    assert before.state == "placed"
    assert post(client, f"/lead/members/{other.id}/block", because="再来").status_code == 409
    assert post(client, f"/lead/members/{other.id}/unblock").status_code == 303
    make_order(deal, 1, member=member)
    assert post(client, f"/lead/members/{other.id}/unblock").status_code == 409
    logged = [(e.action, e.leader_id, e.actor_id) for e in db.session.query(ActionLog)]
    whose = (deal.leader_id, deal.leader.user_id)
    assert logged == [("member_blocked", *whose), ("member_unblocked", *whose)]
    assert_everything_true()


@pytest.mark.parametrize(
    ("act", "fields", "said"),
    [
        ("block", {"because": ""}, "Say why"),
        ("block", {"because": "x" * 301}, "Say why"),
        ("block", {"because": "a\u202eb"}, "Say why"),
        ("block", {}, "Say why"),
        ("tags", {"tags": "x" * 21}, "A tag has at most 20"),
        ("tags", {"tags": ",".join("abcdefghijklm")}, "At most 12 tags"),
        ("note", {"note": "x" * 501}, "At most 500 characters"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_written(
    app: Flask, act: str, fields: dict[str, str], said: str
) -> None:
    leader = make_leader()
    member = known(leader, "李雷", tags=["a"], note="b")
    answer = post(at_desk(app, leader), f"/lead/members/{member.id}/{act}", **fields)
    assert answer.status_code == 422
    assert said in words(answer)
    for typed in fields.values():
        assert typed.isascii() is False or typed in answer.text
    db.session.expire_all()
    assert (member.tags, member.note, member.blocked_at) == (["a"], "b", None)
    assert count(ActionLog) == 0


def test_the_whole_number_is_shown_to_who_asks_and_that_is_logged(app: Flask) -> None:
    leader = make_leader()
    member = known(leader, "李雷", "13900000002")
    client = at_desk(app, leader)
    path = f"/lead/members/{member.id}"
    assert "13900000002" not in client.get(path).text
    answer = post(client, f"{path}/reveal")
    assert "13900000002" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "13900000002" not in client.get(path).text
    [entry] = db.session.query(ActionLog)
    assert (entry.action, entry.subject) == ("member_phone_revealed", f"member:{member.id}")


def test_another_leaders_member_is_as_missing_as_none(app: Flask) -> None:
    leader, member = make_leader(), known(make_leader("别家"), "赵六", "13700000003")
    client = at_desk(app, leader)
    for number in (member.id, 999_999, "x", "９", "9" * 40):
        assert client.get(f"/lead/members/{number}").status_code == 404
        for act in ("reveal", "tags", "note", "block", "unblock"):
            assert post(client, f"/lead/members/{number}/{act}", because="x").status_code == 404
    assert count(ActionLog) == 0


@pytest.mark.parametrize(("whole", "phone"), [("", "139****0002"), ("y", "13900000002")])
def test_the_export_hides_numbers_unless_asked_and_is_logged(
    app: Flask, whole: str, phone: str
) -> None:
    leader = make_leader()
    known(leader, "=1+1", "13900000002", tags=["老客户"], note="-2+3")
    known(leader, "王芳", "13812340001")
    client = at_desk(app, leader)
    answer = post(client, "/lead/members/export", whole=whole, who="0002")
    sheet = load_workbook(io.BytesIO(answer.data)).active
    heading, row = list(sheet.iter_rows(values_only=True))
    assert heading[:3] == ("Name", "Phone", "Orders")
    assert row[:4] == ("=1+1", phone, 0, 0)
    assert row[7] == "老客户"
    assert row[9] == "-2+3"
    assert {cell.data_type for cell in sheet[2]} <= {"s", "n"}
    [entry] = db.session.query(ActionLog)
    assert (entry.action, entry.leader_id) == ("members_exported", leader.id)
    assert entry.detail == {"rows": 1, "whole_numbers": bool(whole)}


def test_who_did_not_come_is_seen(app: Flask) -> None:
    deal = make_deal()
    member = known(deal.leader, "李雷")
    order = make_placed(deal, 2, member=member)
    close(deal)
    order.lines[0].no_show_pieces = 2
    page = shown(at_desk(app, deal.leader), only="no_shows")
    assert "李*" in page
    assert "2 pieces" in page


def test_the_list_takes_as_many_statements_for_fifty_as_for_five(app: Flask) -> None:
    leader, spent = make_leader(), []
    client = None
    for more in (5, 50):
        for number in range(more):
            known(leader, f"某{number}", f"138{more:02}{number:06}")
        client = client or at_desk(app, leader)
        db.session.commit()
        with round_trips() as seen:
            assert client.get("/lead/members").status_code == 200
        spent.append(len(seen))
    assert spent[0] == spent[1] <= 12
    page = shown(client, page="2")
    assert "Page 2 of 2, 55 in all" in page


def test_nobody_yet_is_an_invitation(app: Flask) -> None:
    assert "Here will be everybody" in shown(at_desk(app, make_leader()))
