"""Finding deals, and goods in them, alike on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from groupbuy.catalog.models import Category, Picture
from groupbuy.core.tokens import public_id
from groupbuy.deals.finding import (
    PAGE_SIZE,
    Wanted,
    current_deals,
    matching,
    offers_of,
    page_of,
    recent_deals,
)
from groupbuy.extensions import db
from groupbuy.orders.ending import cancel_deal
from tests.conftest import NOON
from tests.factories import close, make_deal, make_draft, make_leader, make_sku
from tests.pages.reading import statements

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def names(offers) -> list[str]:
    return [offer.item.name for offer in offers]


def stall():
    """An open deal of a leader who sells five things; returns its offers."""
    leader = make_leader()
    fruit, eggs = Category(name="水果", position=1), Category(name="蛋奶", position=2)
    db.session.add_all((fruit, eggs))
    db.session.flush()
    goods = [
        ("红富士苹果", "5 斤装", 2480, fruit, "阳山"),
        ("Ａｐｐｌｅ汁 100%", "１L", 1650, None, ""),
        ("土鸡蛋", "30 枚", 3780, eggs, "Sun_Farm"),
        ("鲜牛奶", "950 ML", 1690, eggs, "sun_farm"),
        ("大米", "5 kg", 7980, None, ""),
    ]
    skus = []
    for name, spec, price, category, brand in goods:
        sku = make_sku(leader, name=name, spec=spec, price_fen=price)
        sku.product.category_id = category.id if category else None
        sku.product.attributes = {"brand": brand} if brand else {}
        skus.append(sku)
    deal = make_deal(leader=leader, skus=skus, title="周六菜篮子 Basket")
    return offers_of([deal])


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted("apple"), ["Ａｐｐｌｅ汁 100%"]),
        (Wanted("ＡＰＰＬＥ"), ["Ａｐｐｌｅ汁 100%"]),
        (Wanted("苹果 ５斤"), []),
        (Wanted("苹果　５ 斤装"), ["红富士苹果"]),
        (Wanted("950ml"), []),
        (Wanted("950 ml"), ["鲜牛奶"]),
        (Wanted("1l"), ["Ａｐｐｌｅ汁 100%"]),
        (Wanted("%"), ["Ａｐｐｌｅ汁 100%"]),
        (Wanted("_"), ["土鸡蛋", "鲜牛奶"]),
        (Wanted("蛋奶"), ["土鸡蛋", "鲜牛奶"]),
        (Wanted("\\"), []),
        (Wanted("basket"), ["红富士苹果", "Ａｐｐｌｅ汁 100%", "土鸡蛋", "鲜牛奶", "大米"]),
        (Wanted(category="蛋奶"), ["土鸡蛋", "鲜牛奶"]),
        (Wanted(category="水果", text="牛奶"), []),
        (Wanted(brand="SUN_FARM"), ["土鸡蛋", "鲜牛奶"]),
        (Wanted(from_fen=1690, to_fen=2480), ["红富士苹果", "鲜牛奶"]),
        (Wanted(to_fen=0), []),
    ],
)
def test_search_reads_names_as_people_do(app: Flask, wanted: Wanted, found: list[str]):
    assert names(matching(stall(), wanted)) == found


def test_a_deals_title_counts_only_when_no_goods_are_called_so(app: Flask):
    leader = make_leader()
    skus = [make_sku(leader, name="土鸡蛋"), make_sku(leader, name="大米")]
    offers = offers_of([make_deal(leader=leader, skus=skus, title="鸡蛋和大米专场")])
    assert names(matching(offers, Wanted("鸡蛋"))) == ["土鸡蛋"]
    assert names(matching(offers, Wanted("专场"))) == ["土鸡蛋", "大米"]


def test_nothing_wanted_is_no_search():
    assert not Wanted()
    assert Wanted(to_fen=0)


def test_deals_are_told_apart_by_the_clock_and_sorted_by_it(app: Flask):
    leader = make_leader()
    later = make_deal(leader=leader, closes_at=NOON + 9 * HOUR)
    sooner = make_deal(leader=leader, closes_at=NOON + 2 * HOUR)
    tomorrow = make_deal(leader=leader, opens_at=NOON + DAY)
    tonight = make_deal(leader=leader, opens_at=NOON + HOUR)
    make_deal()  # another leader's
    make_draft(leader)
    assert current_deals([leader], now=NOON) == ([sooner, later], [tonight, tomorrow])
    at_closing = current_deals([leader], now=NOON + 2 * HOUR)
    assert at_closing == ([later, tonight], [tomorrow])
    assert current_deals([], now=NOON) == ([], [])


def test_recent_deals_are_those_that_ended_within_thirty_days(app: Flask):
    leader = make_leader()
    first = make_deal(leader=leader)
    close(first)
    overdue = make_deal(leader=leader, closes_at=NOON + 9 * HOUR)
    off = make_deal(leader=leader)
    cancel_deal(off, because="下雨", now=NOON)
    assert list(recent_deals(leader, 1, now=NOON + 8 * HOUR).rows) == [first]
    assert list(recent_deals(leader, 1, now=NOON + 9 * HOUR).rows) == [overdue, first]
    gone = recent_deals(leader, 1, now=NOON + 8 * HOUR + 30 * DAY)
    assert list(gone.rows) == [overdue]


def test_recent_deals_come_in_pages_and_the_last_page_stands_for_any_beyond(app: Flask):
    leader = make_leader()
    sku = make_sku(leader)
    for number in range(PAGE_SIZE + 1):
        make_deal(leader=leader, skus=[sku], title=f"第 {number} 期")
    late = NOON + 9 * HOUR
    assert len(recent_deals(leader, 1, now=late).rows) == PAGE_SIZE
    for page in (2, 99):
        shown = recent_deals(leader, page, now=late)
        assert (shown.number, shown.pages, shown.total) == (2, 2, PAGE_SIZE + 1)
        assert [deal.title for deal in shown.rows] == ["第 0 期"]
    assert page_of([], 3) == ([], 1, 1, 0)


def test_an_offer_brings_the_first_of_its_pictures_in_one_statement(app: Flask):
    leader = make_leader()
    with_picture, without = make_sku(leader), make_sku(leader)
    for position in (3, 2):
        db.session.add(
            Picture(
                leader_id=leader.id,
                product_id=with_picture.product_id,
                position=position,
                token=public_id(26),
                width=960,
                height=960,
                added_at=NOON,
            )
        )
    deals = [make_deal(leader=leader, skus=[with_picture, without]), make_deal(leader=leader)]
    with statements() as seen:
        offers = offers_of(deals)
        assert [offer.deal.id for offer in offers] == [deals[0].id, deals[0].id, deals[1].id]
    assert [offer.picture and offer.picture.position for offer in offers] == [2, None, None]
    assert len(seen) == 1
    assert offers_of([]) == []
