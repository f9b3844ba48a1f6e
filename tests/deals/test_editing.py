"""Making, publishing, moving and copying deals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from groupbuy.core.errors import BadInput
from groupbuy.deals.editing import (
    DealForm,
    ItemForm,
    NotReady,
    copy_deal,
    create_deal,
    extend,
    publish,
    shorten,
)
from groupbuy.deals.models import Deal
from groupbuy.deals.window import DealClosed
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.wording import words
from groupbuy.orders import changing
from tests import factories
from tests.checks import count, refused
from tests.conftest import NOON

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def form(**values: Any) -> DealForm:
    return DealForm(**{"title": "周六菜篮子"} | values)


def test_a_draft_copies_from_the_sku_what_must_not_change_later(app):
    leader = factories.make_leader()
    sku = factories.make_sku(leader, price_fen=1980, cost_fen=1500, spec="30 枚", pack_size=12)
    deal = create_deal(leader, form(items=[ItemForm(sku.id)]), now=NOON)
    [item] = deal.items
    assert deal.state == "draft"
    assert (item.price_fen, item.cost_fen, item.spec, item.pack_size) == (1980, 1500, "30 枚", 12)
    assert (item.name, item.code, item.supplier_id) == (sku.product.name, sku.code, sku.supplier_id)
    assert (item.stock, item.sold, item.limit_per_person) == (None, 0, None)
    sku.price_fen = 1
    assert item.price_fen == 1980


def test_an_item_may_have_its_own_price_stock_and_limit(app):
    leader = factories.make_leader()
    sku = factories.make_sku(leader)
    wanted = ItemForm(sku.id, price_fen=0, stock=0, limit_per_person=2)
    [item] = create_deal(leader, form(items=[wanted]), now=NOON).items
    assert (item.price_fen, item.stock, item.limit_per_person) == (0, 0, 2)


@pytest.mark.parametrize("title", ["", "  ", "长" * 101, "a\u202eb", "\ud800"])
def test_an_unreadable_title_is_refused_at_its_field(app, title):
    with refused(BadInput) as caught:
        create_deal(factories.make_leader(), form(title=title), now=NOON)
    assert caught.value.field == "title"


def test_goods_and_points_of_others_are_refused(app):
    leader, other = factories.make_leader(), factories.make_leader()
    foreign, own = factories.make_sku(other), factories.make_sku(leader)
    for items in ([ItemForm(foreign.id)], [ItemForm(own.id), ItemForm(own.id)], [ItemForm(10**9)]):
        with refused(BadInput) as caught:
            create_deal(leader, form(items=items), now=NOON)
        assert caught.value.field == "items"
    with refused(BadInput) as caught:
        create_deal(leader, form(point_ids=[factories.make_point(other).id]), now=NOON)
    assert caught.value.field == "points"


def test_a_point_chosen_twice_is_one_point(app):
    leader = factories.make_leader()
    point = factories.make_point(leader)
    deal = create_deal(leader, form(point_ids=[point.id, point.id]), now=NOON)
    assert deal.points == [point]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("closes_at", {"opens_at": NOON, "closes_at": NOON}),
        ("closes_at", {"opens_at": NOON, "closes_at": NOON - TICK}),
        ("minimum", {"minimum_kind": "persons", "minimum": 0}),
        ("minimum", {"minimum_kind": "amount", "minimum": -1}),
        ("limit_per_person", {"limit_per_person": 0}),
        ("hold_minutes", {"hold_minutes": 0}),
        ("hold_minutes", {"hold_minutes": -15}),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_on_both_databases(app, field, values):
    with refused(BadInput) as caught:
        create_deal(factories.make_leader(), form(**values), now=NOON)
    assert caught.value.field == field


@pytest.mark.parametrize("values", [{"price_fen": -1}, {"stock": -1}, {"limit_per_person": 0}])
def test_negative_prices_stocks_and_limits_are_refused(app, values):
    leader = factories.make_leader()
    sku = factories.make_sku(leader)
    with refused(BadInput):
        create_deal(leader, form(items=[ItemForm(sku.id, **values)]), now=NOON)


def test_a_deal_needs_items_and_a_point_before_it_opens(app):
    leader = factories.make_leader()
    empty = factories.make_draft(leader, items=[], closes_at=NOON + DAY)
    with refused(NotReady):
        publish(empty, now=NOON)
    nowhere = factories.make_draft(leader, point_ids=[], closes_at=NOON + DAY)
    with refused(NotReady):
        publish(nowhere, now=NOON)


@pytest.mark.parametrize("closes_at", [None, NOON - HOUR, NOON])
def test_a_deal_must_close_after_now(app, closes_at):
    draft = factories.make_draft(factories.make_leader(), closes_at=closes_at)
    with refused(BadInput) as caught:
        publish(draft, now=NOON)
    assert caught.value.field == "closes_at"


def test_without_an_opening_a_deal_opens_at_once(app):
    draft = factories.make_draft(factories.make_leader(), closes_at=NOON + DAY)
    publish(draft, now=NOON)
    assert (draft.state, draft.opens_at) == ("open", NOON)


def test_a_later_opening_opens_by_itself(app):
    draft = factories.make_draft(
        factories.make_leader(), opens_at=NOON + DAY, closes_at=NOON + 2 * DAY
    )
    publish(draft, now=NOON)
    assert draft.phase(NOON) == "upcoming"
    assert draft.phase(NOON + DAY) == "open"


@pytest.mark.parametrize(("length", "fits"), [(60 * DAY, True), (60 * DAY + TICK, False)])
def test_a_window_is_60_days_at_most(app, length, fits):
    draft = factories.make_draft(factories.make_leader(), opens_at=NOON, closes_at=NOON + length)
    if fits:
        publish(draft, now=NOON)
        assert draft.state == "open"
    else:
        with refused(BadInput, "60"):
            publish(draft, now=NOON)
        assert draft.state == "draft"


def told(deal: Deal) -> list[int]:
    """The members to whom a move of the closing is owed."""
    notices = sa.select(Notice.member_id).where(
        Notice.kind == "closing_moved", Notice.deal_id == deal.id
    )
    return sorted(db.session.scalars(notices))


def test_extending_moves_the_closing_and_tells_each_household_once(app):
    deal = factories.make_deal()
    member = factories.make_member(deal.leader)
    for _ in range(2):
        factories.make_order(deal, member=member)
    gone = factories.make_order(deal)
    changing.cancel_order(gone, now=NOON, actor_id=None)
    extend(deal, deal.closes_at + HOUR, now=NOON + HOUR)
    assert deal.closes_at == NOON + 9 * HOUR
    assert factories.make_order(deal, now=NOON + 9 * HOUR - TICK)
    assert told(deal) == [member.id]


def test_somebody_who_is_two_members_is_told_once(app):
    deal, user = factories.make_deal(), factories.make_user()
    members = [factories.make_member(deal.leader) for _ in range(2)]
    guests = [factories.make_member(deal.leader) for _ in range(2)]
    for member in members:
        member.user_id = user.id
    for member in (*members, *guests):
        factories.make_order(deal, member=member)
    extend(deal, NOON + 9 * HOUR, now=NOON)
    assert told(deal) == [members[0].id, *(guest.id for guest in guests)]


def test_a_moved_closing_is_said_in_local_time(app):
    deal = factories.make_deal()
    factories.make_order(deal)
    extend(deal, NOON + 9 * HOUR, now=NOON)
    notice = db.session.scalars(sa.select(Notice).where(Notice.kind == "closing_moved")).one()
    assert "05-12 21:00" in words(notice)


def test_back_to_the_time_before_is_news_again(app):
    deal = factories.make_deal()
    member = factories.make_order(deal).member
    later = deal.closes_at + HOUR
    extend(deal, later, now=NOON + HOUR)
    shorten(deal, later - HOUR, now=NOON + 2 * HOUR)
    extend(deal, later, now=NOON + 3 * HOUR)
    assert told(deal) == [member.id] * 3


def test_a_closing_is_only_extended_to_later_and_shortened_to_earlier(app):
    deal = factories.make_deal()
    for same_or_earlier in (deal.closes_at, deal.closes_at - TICK):
        with refused(BadInput):
            extend(deal, same_or_earlier, now=NOON)
    for same_or_later in (deal.closes_at, deal.closes_at + TICK):
        with refused(BadInput):
            shorten(deal, same_or_later, now=NOON)


def test_a_closing_is_not_shortened_into_the_past(app):
    deal = factories.make_deal()
    for past in (NOON + HOUR, NOON + HOUR - TICK):
        with refused(BadInput):
            shorten(deal, past, now=NOON + HOUR)
    shorten(deal, NOON + HOUR + TICK, now=NOON + HOUR)
    with refused(DealClosed):
        factories.make_order(deal, now=NOON + HOUR + TICK)


def test_an_upcoming_deal_is_not_shortened_to_before_its_opening(app):
    deal = factories.make_deal(opens_at=NOON + DAY)
    with refused(BadInput):
        shorten(deal, NOON + DAY, now=NOON)
    shorten(deal, NOON + DAY + HOUR, now=NOON)
    assert deal.closes_at == NOON + DAY + HOUR


def test_a_window_is_not_extended_beyond_60_days(app):
    deal = factories.make_deal()
    extend(deal, NOON + 60 * DAY, now=NOON)
    with refused(BadInput, "60"):
        extend(deal, NOON + 60 * DAY + TICK, now=NOON)


@pytest.mark.parametrize("move", [extend, shorten])
def test_a_window_that_is_over_is_not_moved_any_more(app, move):
    deal = factories.make_deal()
    with refused(DealClosed):
        move(deal, deal.closes_at + HOUR, now=deal.closes_at)
    factories.close(deal)
    with refused(DealClosed):
        move(deal, deal.closes_at + HOUR, now=NOON)


def test_a_copy_has_the_same_goods_points_and_rules_and_no_dates(app):
    deal = factories.make_deal(
        stock=9,
        limit_per_item=3,
        points=2,
        minimum_kind="pieces",
        minimum=12,
        limit_per_person=5,
        hold_minutes=20,
        pay_at_pickup=True,
        share_by="prorata",
        intro="早上到",
    )
    factories.make_order(deal, 2)
    deal.points[1].is_active = False
    copy = copy_deal(deal, now=NOON + DAY)
    for name in ("title", "intro", "minimum_kind", "minimum", "limit_per_person", "hold_minutes"):
        assert getattr(copy, name) == getattr(deal, name)
    assert (copy.pay_at_pickup, copy.share_by) == (True, "prorata")
    [old], [new] = deal.items, copy.items
    assert (new.sku_id, new.price_fen, new.stock, new.sold) == (old.sku_id, old.price_fen, 9, 0)
    assert new.limit_per_person == 3
    assert copy.points == deal.points[:1]
    assert (copy.state, copy.opens_at, copy.closes_at, copy.last_roll_no) == (
        "draft",
        None,
        None,
        0,
    )
    assert copy.slug != deal.slug


def test_a_copy_of_a_closed_deal_can_open(app):
    deal = factories.make_deal()
    factories.close(deal)
    copy = copy_deal(deal, now=NOON + DAY)
    copy.closes_at = NOON + 2 * DAY
    publish(copy, now=NOON + DAY)
    assert factories.make_order(copy, now=NOON + DAY)


def test_a_refused_draft_leaves_nothing_behind(app):
    leader = factories.make_leader()
    with refused(BadInput):
        create_deal(leader, form(items=[ItemForm(10**9)]), now=NOON)
    assert count(Deal) == 0
