"""A deal that is announced may change as a whole until it opens or somebody orders."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy.accounts import people
from groupbuy.core.errors import BadInput
from groupbuy.deals.editing import DealForm, ItemForm, NotReady, QuestionForm
from groupbuy.deals.editing_announced import AlreadyOpen, HasOrders, edit_announced, is_announced
from groupbuy.deals.models import DealItem
from groupbuy.extensions import db
from groupbuy.orders import cart
from groupbuy.orders.models import CartLine
from tests import factories
from tests.checks import assert_everything_true, count, refused
from tests.conftest import NOON

HOUR = timedelta(hours=1)
OPENS = NOON + 5 * HOUR


def announced(**values):
    """A deal of two items that opens in five hours."""
    leader = factories.make_leader()
    skus = [factories.make_sku(leader) for _ in range(2)]
    return factories.make_deal(leader=leader, skus=skus, opens_at=OPENS, **values)


def form_of(deal, *items: ItemForm, **values) -> DealForm:
    defaults = {"opens_at": OPENS + HOUR, "closes_at": OPENS + 9 * HOUR}
    points = [point.id for point in deal.points]
    said = {"title": "周日菜篮子", "items": items, "point_ids": points} | defaults | values
    return DealForm(**said)


def test_prices_goods_points_and_rules_may_change(app):
    deal = announced()
    kept, gone = deal.items
    new = factories.make_sku(deal.leader)
    point = factories.make_point(deal.leader)
    form = form_of(
        deal,
        ItemForm(new.id, price_fen=500),
        ItemForm(kept.sku_id, price_fen=999, stock=3),
        point_ids=[point.id],
        questions=[QuestionForm("text", "几楼")],
        pay_at_pickup=True,
    )
    kept_id, gone_id = kept.id, gone.id
    edit_announced(deal, form, now=NOON)
    assert [(item.sku_id, item.price_fen, item.stock) for item in deal.items] == [
        (new.id, 500, None),
        (kept.sku_id, 999, 3),
    ]
    assert (deal.title, deal.opens_at, deal.pay_at_pickup) == ("周日菜篮子", OPENS + HOUR, True)
    assert [each.id for each in deal.points] == [point.id]
    assert [question.label for question in deal.questions] == ["几楼"]
    assert deal.items[1].id == kept_id
    assert db.session.get(DealItem, gone_id) is None
    assert (deal.state, deal.phase(NOON)) == ("open", "upcoming")
    assert_everything_true()


def test_carts_keep_what_stays_and_lose_what_is_gone(app):
    deal = announced()
    kept, gone = deal.items
    user = factories.make_user()
    people.hold(user.id)
    for item in (kept, gone):
        cart.put(user.id, item, 2, now=NOON)
    edit_announced(deal, form_of(deal, ItemForm(kept.sku_id)), now=NOON)
    assert list(db.session.scalars(sa.select(CartLine.item_id))) == [kept.id]


def test_once_it_is_open_or_over_it_stays_as_it_is(app):
    deal = announced()
    form = form_of(deal, ItemForm(deal.items[0].sku_id, price_fen=1))
    for now in (OPENS, OPENS + 9 * HOUR):
        assert not is_announced(deal, now)
        with refused(AlreadyOpen):
            edit_announced(deal, form, now=now)
    assert is_announced(deal, NOON)
    assert [item.price_fen for item in deal.items] == [3780, 3780]


def test_what_somebody_ordered_stays_as_it_was(app):
    deal = announced()
    factories.make_order(deal, 1, now=OPENS)
    form = form_of(deal, ItemForm(deal.items[0].sku_id, price_fen=1))
    assert not is_announced(deal, NOON)
    with refused(HasOrders):
        edit_announced(deal, form, now=NOON)


@pytest.mark.parametrize(
    ("error", "values"),
    [
        (NotReady, {"items": ()}),
        (NotReady, {"point_ids": ()}),
        (BadInput, {"closes_at": None}),
        (BadInput, {"closes_at": OPENS}),
        (BadInput, {"closes_at": OPENS + timedelta(days=61)}),
        (BadInput, {"title": " "}),
    ],
)
def test_what_a_published_deal_needs_it_keeps(app, error, values):
    deal = announced()
    form = form_of(deal, **{"items": [ItemForm(deal.items[0].sku_id)]} | values)
    with refused(error):
        edit_announced(deal, form, now=NOON)
    assert (len(deal.items), len(deal.points), count(DealItem)) == (2, 1, 2)


def test_without_a_later_opening_it_opens_at_once(app):
    deal = announced()
    form = form_of(deal, ItemForm(deal.items[0].sku_id), opens_at=None)
    edit_announced(deal, form, now=NOON)
    assert (deal.opens_at, deal.phase(NOON)) == (NOON, "open")
