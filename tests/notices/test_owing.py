"""One event, one message, and words for every kind."""

from __future__ import annotations

import ast
import pathlib
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from groupbuy.deals import editing
from groupbuy.extensions import db
from groupbuy.notices import wording
from groupbuy.notices.kinds import KINDS, TOPICS
from groupbuy.notices.links import path_of
from groupbuy.notices.models import Notice
from groupbuy.notices.owing import owe, owe_each
from groupbuy.notices.wording import words
from groupbuy.orders.models import Order
from groupbuy.pickup import bags
from groupbuy.pickup.models import Pickup
from tests import factories
from tests.checks import count, refused_by_the_database
from tests.conftest import NOON

SOURCE = pathlib.Path(wording.__file__).parents[1]
ABOUT_NO_DEAL = {
    *("help", "waiting", "money_stuck"),
    *("application_approved", "application_refused", "desk_closed", "desk_reopened"),
}
# function -> which of its arguments is the kind of a notice
OWING = {
    "owe": 0,
    "owed": 0,
    "owe_each": 0,
    "end_orders": 2,
    "tell_members": 1,
    "_tell_members": 0,
    "_tell_followers": 0,
    "_tell_applicant": 0,
}


def kinds_owed() -> set[str]:
    """The kinds of all notices that any code owes, where they are written out."""
    kinds = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                kinds |= strings(node.args[OWING[name]]) if name in OWING else set()
    return kinds


def strings(node: ast.expr) -> set[str]:
    found = ast.walk(node)
    return {n.value for n in found if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def member_notice(kind: str, key: str = "1", **references: Any) -> Notice:
    order = factories.make_placed(factories.make_deal(title="周六菜篮子"), 2)
    owe(kind, key, now=NOON, member_id=order.member_id, **references)
    return db.session.scalars(sa.select(Notice).where(Notice.key == f"{kind}:{key}")).one()


def test_owing_the_same_event_again_changes_nothing(app):
    order = factories.make_order(factories.make_deal())
    for _ in range(2):
        owe("arrived", "7", now=NOON, member_id=order.member_id, detail={"n": 1})
    owe("arrived", "8", now=NOON, member_id=order.member_id)
    owe("short", "7", now=NOON, member_id=order.member_id)
    assert count(Notice, Notice.kind.in_(("arrived", "short"))) == 3


def test_a_message_is_owed_from_now_on(app):
    notice = member_notice("arrived")
    assert (notice.state, notice.owed_at, notice.next_try_at) == ("owed", NOON, NOON)


def test_many_are_owed_at_once_and_only_once(app):
    deal = factories.make_deal()
    orders = [factories.make_order(deal) for _ in range(3)]
    rows = sa.select(
        Order.leader_id, Order.member_id, Order.deal_id, sa.cast(Order.id, sa.String).label("key")
    )
    for _ in range(2):
        owe_each("arrived", rows.where(Order.deal_id == deal.id), now=NOON)
    told = sa.select(Notice.member_id, Notice.key).where(Notice.kind == "arrived")
    expected = [(order.member_id, f"arrived:{order.id}") for order in orders]
    assert sorted(db.session.execute(told).all()) == sorted(expected)


def test_owing_nobody_is_nothing(app):
    rows = sa.select(Order.member_id, sa.literal("x").label("key")).where(sa.false())
    owe_each("arrived", rows, now=NOON)
    assert count(Notice) == 0


@pytest.mark.parametrize("recipients", [(), ("member_id", "user_id"), ("member_id", "supplier_id")])
def test_a_message_has_exactly_one_recipient(app, recipients):
    leader = factories.make_leader()
    everybody = {
        "member_id": factories.make_member(leader).id,
        "user_id": leader.user_id,
        "supplier_id": factories.make_supplier(leader).id,
    }
    with refused_by_the_database("ck_notice_one_recipient"):
        owe("arrived", "1", now=NOON, **{name: everybody[name] for name in recipients})


def test_every_kind_that_is_owed_anywhere_has_words():
    kinds = kinds_owed()
    assert {"ordered", "vouched", "expired", "deal_failed", "closing_moved"} <= kinds
    assert kinds <= set(KINDS)


def test_words_are_not_kept_for_kinds_that_nobody_owes():
    passed_on = {"pickup_ending", "pickup_missed"}  # handed to owe_each through a variable
    assert set(KINDS) <= kinds_owed() | passed_on


def test_every_kind_belongs_to_a_topic_people_can_choose_by():
    assert {wording.topic(kind) for kind in KINDS} == set(TOPICS)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - ABOUT_NO_DEAL))
@pytest.mark.parametrize("locale", ["en", "zh_Hans_CN"])
def test_each_kind_reads_well_with_and_without_what_it_points_at(app, kind, locale):
    order = factories.make_placed(factories.make_deal(title="100% 好菜"), 2)
    references = {"deal_id": order.deal_id, "order_id": order.id}
    detail = {"money": "¥1.00"} if kind == "short" else None
    owe(kind, "full", now=NOON, member_id=order.member_id, detail=detail, **references)
    notice = db.session.scalars(sa.select(Notice).where(Notice.key == f"{kind}:full")).one()
    with force_locale(locale):
        said, head = words(notice), wording.title(notice)
    assert head
    assert len(head) <= 40
    assert "100% 好菜" in said
    assert "%(" not in said
    assert said[-1] in ".。！!"


@pytest.mark.parametrize("locale", ["en", "zh_Hans_CN"])
def test_a_leader_is_told_that_somebody_needs_help(app, locale):
    leader = factories.make_leader()
    owe("help", "1", now=NOON, user_id=leader.user_id, detail={"step": "checkout"})
    notice = db.session.scalars(sa.select(Notice)).one()
    with force_locale(locale):
        assert words(notice)[-1] in ".。"
        assert wording.title(notice)


def test_a_kind_without_words_is_a_mistake_and_not_an_empty_message(app):
    notice = member_notice("unheard_of")
    with pytest.raises(KeyError):
        words(notice)


def test_what_was_true_when_it_was_owed_is_said_and_not_what_came_later(app):
    notice = member_notice(
        "closing_moved", detail={"closes_at": "2035-05-12T10:00:00+00:00", "due_fen": 100}
    )
    with force_locale("en"):
        assert "closes at 05-12 18:00" in words(notice)
        notice.kind = "ordered"
        assert "¥1.00" in words(notice)


def test_a_moved_closing_is_told_as_it_was_then(app):
    deal = factories.make_deal(title="周六菜篮子")
    factories.make_placed(deal)
    for hours in (1, 3):
        editing.extend(deal, NOON + timedelta(hours=8 + hours), now=NOON + timedelta(hours=hours))
    told = sa.select(Notice).where(Notice.kind == "closing_moved").order_by(Notice.owed_at)
    with force_locale("en"):
        said = [words(notice) for notice in db.session.scalars(told)]
    assert [text.split(" at ")[1][:11] for text in said] == ["05-12 21:00", "05-12 23:00"]


@pytest.mark.parametrize(
    ("kind", "references", "path"),
    [
        ("ordered", ("deal_id", "order_id"), "/o/{order.number}"),
        ("short", ("deal_id", "order_id"), "/o/{order.number}"),
        ("arrived", ("deal_id", "pickup_id"), "/me/pickups"),
        ("pickup_ending", ("deal_id", "pickup_id"), "/me/pickups"),
        ("closing_moved", ("deal_id",), "/d/{order.deal.slug}"),
        ("help", ("deal_id", "order_id"), "/me/messages"),
        ("closing_moved", (), "/me/messages"),
    ],
)
def test_a_message_leads_to_where_something_can_be_done(app, kind, references, path):
    order = factories.make_placed(factories.make_deal())
    factories.close(order.deal)
    bags.make_bags(order.deal, now=order.deal.closes_at)
    known = {
        "deal_id": order.deal_id,
        "order_id": order.id,
        "pickup_id": db.session.scalars(sa.select(Pickup.id)).one(),
    }
    notice = member_notice(kind, "link", **{name: known[name] for name in references})
    assert path_of(notice) == path.format(order=order)


def test_a_supplier_finds_their_signed_link_elsewhere(app):
    deal = factories.make_deal()
    supplier_id = deal.items[0].supplier_id
    owe("list_issued", "1", now=NOON, supplier_id=supplier_id, deal_id=deal.id)
    assert path_of(db.session.scalars(sa.select(Notice)).one()) == ""
