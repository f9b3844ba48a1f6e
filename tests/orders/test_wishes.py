"""What a form says besides pieces: wishes, substitutes, contact, answers, and the sum shown."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from groupbuy.orders.changing import change_order
from groupbuy.orders.models import Order
from groupbuy.orders.placing import OrderForm, PriceChanged, place_order
from tests import factories
from tests.checks import count, refused, run_sql
from tests.conftest import NOON
from tests.orders.asking import change, kept, three_items

CONTACT = {"name": "张伟", "phone": "13800138000", "building": "3", "unit": "1", "room": "602"}


def test_each_line_keeps_its_wish_and_what_a_substitute_may_cost(app):
    deal = three_items()
    first, second, third = (item.id for item in deal.items)
    order = factories.make_order(
        deal,
        1,
        1,
        1,
        wishes={first: " 要大的\x00 ", 10**9: "not in this order"},
        if_short={first: "substitute", second: "substitute", third: "refund"},
        substitute_fen={first: 1200, third: 900},
    )
    assert [(line.note, line.if_short, line.substitute_fen) for line in order.lines] == [
        ("要大的", "substitute", 1200),
        ("", "substitute", None),
        ("", "refund", None),  # only a substitute has a price
    ]


def test_contact_and_answers_are_kept_with_the_order(app):
    answers = {"7": "放门口\x00", "8": "2"}
    order = factories.make_order(factories.make_deal(), contact=CONTACT, answers=answers)
    db.session.expire(order)
    assert (order.contact, order.answers) == (CONTACT, {"7": "放门口", "8": "2"})
    stored = db.session.scalars(sa.text("SELECT contact FROM customer_order")).one()
    assert "13800138000" not in stored
    assert factories.make_order(factories.make_deal()).contact is None


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("wishes", {"wishes": {7: "长" * 201}}),
        ("substitute_fen", {"substitute_fen": {7: -1}}),
        ("substitute_fen", {"substitute_fen": {7: 10_000_000}}),
    ],
)
def test_a_wish_that_does_not_fit_is_refused_with_its_item(app, field, values):
    with refused(BadInput) as caught:
        factories.make_order(factories.make_deal(), **values)
    assert (caught.value.field, caught.value.facts) == (field, {"item_id": 7})
    assert caught.value.sentence


def test_a_wish_of_200_characters_and_the_dearest_substitute_fit(app):
    deal = factories.make_deal()
    [item] = deal.items
    [line] = factories.make_order(
        deal,
        wishes={item.id: "长" * 200},
        if_short={item.id: "substitute"},
        substitute_fen={item.id: 9_999_999},
    ).lines
    assert (len(line.note), line.substitute_fen) == (200, 9_999_999)


def test_at_the_sum_that_was_shown_the_order_is_placed(app):
    assert factories.make_order(three_items(), 2, 1, expected_fen=2200).due_fen == 2200


def test_at_another_sum_nothing_is_ordered(app):
    deal = three_items()
    with force_locale("en"), refused(PriceChanged, "¥21.00", "¥22.00") as caught:
        factories.make_order(deal, 2, 1, expected_fen=2100)
    assert caught.value.facts == {"old": "¥21.00", "new": "¥22.00"}
    assert count(Order) == 0


def test_a_second_tap_after_the_price_moved_still_finds_the_order_of_the_first(app):
    deal = three_items()
    member = factories.make_member(deal.leader)
    form = factories.form_for(deal, 1, expected_fen=1000)
    first = place_order(member, deal, form, now=NOON)
    run_sql("UPDATE deal_item SET price_fen = 1100")
    assert place_order(member, deal, form, now=NOON) is first
    assert first.due_fen == 1000


def test_a_change_takes_over_wishes_contact_and_answers(app):
    deal = three_items()
    first, second, _third = (item.id for item in deal.items)
    order = factories.make_order(
        deal, 2, 2, contact=CONTACT, wishes={first: "要大的", second: "嫩"}
    )
    change(
        order,
        1,
        3,
        contact=CONTACT | {"room": "603"},
        answers={"7": "好"},
        wishes={first: ""},
        if_short={second: "substitute"},
        substitute_fen={second: 250},
    )
    assert (order.contact, order.answers) == (CONTACT | {"room": "603"}, {"7": "好"})
    said = [(line.note, line.if_short, line.substitute_fen) for line in order.lines]
    assert said == [("", "less", None), ("嫩", "substitute", 250), ("", "substitute", 250)]


def test_a_change_that_says_nothing_of_contact_and_answers_leaves_them(app):
    order = factories.make_order(three_items(), 2, contact=CONTACT, answers={"7": "好"})
    change(order, 1)
    assert (order.contact, order.answers) == (CONTACT, {"7": "好"})


@pytest.mark.parametrize("said", [{}, {"contact": CONTACT | {"room": "1"}, "answers": {"7": "不"}}])
def test_what_is_added_to_a_paid_order_goes_to_the_same_people(app, said: dict[str, Any]):
    deal = three_items()
    [_, second, _] = [item.id for item in deal.items]
    order = factories.make_placed(deal, 1, contact=CONTACT, answers={"7": "好"})
    more = change(order, 1, 2, wishes={second: "嫩"}, **said)
    assert more is not None
    assert more.contact == order.contact == said.get("contact", CONTACT)
    assert more.answers == order.answers == said.get("answers", {"7": "好"})
    assert [line.note for line in more.lines] == ["嫩"]


@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize(("pieces", "fen"), [((1, 3), 1700), ((3,), 3300), ((2, 1), 2200)])
def test_the_sum_shown_for_a_change_is_that_of_the_whole(app, paid, pieces, fen):
    """Pieces kept cost what they did, further ones today's price."""
    make = factories.make_placed if paid else factories.make_order
    order = make(three_items(), 2, 1)
    run_sql("UPDATE deal_item SET price_fen = price_fen + price_fen / 4 WHERE price_fen = 200")
    run_sql("UPDATE deal_item SET price_fen = price_fen + 300 WHERE price_fen = 1000")
    with refused(PriceChanged):
        change(order, *pieces, expected_fen=fen - 1)
    assert (kept(order), order.version, order.due_fen) == ([2, 1, 0], 1, 2200)
    more = change(order, *pieces, expected_fen=fen)
    assert order.due_fen + (more.due_fen if more else 0) == fen


def test_a_change_refuses_what_placing_refuses(app):
    order = factories.make_order(three_items(), 1)
    [line] = order.lines
    form = OrderForm({line.item_id: 1}, order.point_id, "k", wishes={line.item_id: "长" * 201})
    with refused(BadInput):
        change_order(order, form, version=1, now=NOON, actor_id=None)
    assert order.version == 1
