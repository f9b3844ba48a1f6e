"""One event, one message, and words for every kind."""

from __future__ import annotations

import ast
import pathlib
from typing import Any

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from groupbuy.extensions import db
from groupbuy.notices import wording
from groupbuy.notices.models import Notice
from groupbuy.notices.owing import owe, owe_each
from groupbuy.notices.wording import words
from groupbuy.orders.models import Order
from tests import factories
from tests.checks import count, refused_by_the_database
from tests.conftest import NOON

SOURCE = pathlib.Path(wording.__file__).parents[1]
# function -> which of its arguments is the kind of a notice
OWING = {"owe": 0, "owe_each": 0, "end_orders": 2, "tell_members": 1}


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
    assert kinds <= set(wording._SENTENCES)


def test_words_are_not_kept_for_kinds_that_nobody_owes():
    passed_on = {"pickup_ending", "pickup_missed"}  # handed to owe_each through a variable
    assert set(wording._SENTENCES) <= kinds_owed() | passed_on


@pytest.mark.parametrize("kind", sorted(wording._SENTENCES))
@pytest.mark.parametrize("locale", ["en", "zh_Hans_CN"])
def test_each_kind_reads_well_with_and_without_what_it_points_at(app, kind, locale):
    order = factories.make_placed(factories.make_deal(title="100% 好菜"), 2)
    references = {"deal_id": order.deal_id, "order_id": order.id}
    detail = {"money": "¥1.00"} if kind == "short" else None
    owe(kind, "full", now=NOON, member_id=order.member_id, detail=detail, **references)
    notice = db.session.scalars(sa.select(Notice).where(Notice.key == f"{kind}:full")).one()
    with force_locale(locale):
        said = words(notice)
    assert "100% 好菜" in said
    assert "%(" not in said
    assert said[-1] in ".。！!"


def test_a_kind_without_words_is_a_mistake_and_not_an_empty_message(app):
    notice = member_notice("unheard_of")
    with pytest.raises(KeyError):
        words(notice)
