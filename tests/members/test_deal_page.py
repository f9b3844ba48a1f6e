"""The page behind a shared link, in every phase of a deal."""

from __future__ import annotations

import re
from datetime import UTC, timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbuy.catalog.models import Category
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.ending import cancel_deal
from tests.factories import (
    close,
    make_deal,
    make_leader,
    make_member,
    make_order,
    make_placed,
    make_sku,
)
from tests.pages.reading import same_for_all, statements, words

HOUR = timedelta(hours=1)


def open_deal(**values) -> Deal:
    """A deal that opened an hour ago by the real clock, which is the one pages read."""
    return make_deal(opens_at=clock.now() - HOUR, **values)


def visit(app: Flask, deal: Deal, query: str = ""):
    db.session.commit()
    answer = app.test_client().get(f"/d/{deal.slug}{query}", headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 200
    return answer


def put(deal: Deal, **values) -> None:
    """Write on the deal's row what would take days to come about."""
    for name, value in values.items():
        setattr(deal, name, value)
    db.session.flush()


def test_an_open_deal_shows_what_it_sells_until_when_and_where(app: Flask):
    leader = make_leader("林姐")
    fruit = Category(name="水果", position=1)
    db.session.add(fruit)
    db.session.flush()
    sku = make_sku(leader, name="砂糖橘", spec="5 斤装", price_fen=1980, unit="箱")
    sku.product.category_id = fruit.id
    in_two_days = clock.local(clock.now()) + 48 * HOUR
    starts = in_two_days.replace(hour=18).astimezone(UTC)  # and over before midnight
    deal = open_deal(
        leader=leader,
        skus=[sku, make_sku(leader, name="土鸡蛋")],
        title="周六菜篮子",
        pickup_starts_at=starts,
        pickup_ends_at=starts + HOUR,
    )
    answer = visit(app, deal)
    page = words(answer)
    closing, pickup = clock.local(deal.closes_at), clock.local(starts)
    assert "周六菜篮子" in page
    assert "林姐 · 梧桐里团长" in page
    assert f"截单 周{'一二三四五六日'[closing.weekday()]} {closing:%H:%M}" in page
    assert f"{closing.month}月{closing.day}日（6 小时后）" in page
    assert f"取货 周{'一二三四五六日'[pickup.weekday()]} {pickup:%H:%M}–" in page
    assert deal.points[0].name in page
    assert "砂糖橘 5 斤装 · ¥3.96/斤 ¥ 19.80 /箱" in page
    assert page.index("水果 1") < page.index("其他 1")  # categories first, the rest last
    assert "还没有人接龙" in page


def test_the_countdown_starts_from_the_servers_clock(app: Flask):
    deal = open_deal()
    answer = visit(app, deal)
    assert f'data-closes-at="{deal.closes_at.isoformat()}"' in answer.text
    (now,) = re.findall(r'data-now="([^"]+)"', answer.text)
    assert abs(clock.parse_instant(now) - clock.now()) < timedelta(minutes=1)
    assert 'role="timer"' in answer.text


@pytest.mark.parametrize(
    ("left", "says"), [(11, None), (10, "仅剩 10 件"), (1, "仅剩 1 件"), (0, "已抢完")]
)
def test_stock_is_told_only_when_it_is_low(app: Flask, left: int, says: str | None):
    deal = open_deal(stock=20, limit_per_item=20)
    make_placed(deal, 20 - left)
    page = words(visit(app, deal))
    assert "每人限 20 件" in page
    if says:
        assert says in page
    else:
        assert "仅剩" not in page


@pytest.mark.parametrize(
    ("kind", "minimum", "says"),
    [
        ("persons", 2, "已成团 ，满 2 人发货，现在 2 人"),
        ("persons", 3, "还没成团 ，满 3 人发货，现在 2 人"),
        ("pieces", 5, "已成团 ，满 5 件发货，现在 5 件"),
        ("amount", 100000, "还没成团 ，满 ¥1,000.00 发货，现在 ¥189.00"),
    ],
)
def test_progress_counts_persons_pieces_or_money_that_were_vouched_for(
    app: Flask, kind: str, minimum: int, says: str
):
    deal = open_deal(minimum_kind=kind, minimum=minimum)
    zhang = make_member(deal.leader)
    make_placed(deal, 1, member=zhang)
    make_placed(deal, 1, member=zhang)
    make_placed(deal, 3)
    make_order(deal, 7)  # not vouched for
    assert says in words(visit(app, deal))


def test_the_roll_names_nobody_in_full_and_shows_the_newest_first(app: Flask):
    deal = open_deal()
    make_placed(deal, 2, member=make_member(deal.leader, "欧阳娜娜"))
    make_placed(deal, 1, member=make_member(deal.leader, "张伟"))
    make_order(deal, 1, member=make_member(deal.leader, "赵未付"))
    answer = visit(app, deal)
    page = words(answer)
    item = deal.items[0].name
    assert "接龙 · 2 位邻居" in page
    assert f"2 张 张* {item} 1 刚刚 1 欧 欧* {item} 2 刚刚" in page
    for hidden in ("张伟", "欧阳", "赵"):
        assert hidden not in answer.text


def test_the_roll_comes_in_pages_of_fifty(app: Flask):
    deal = open_deal()
    for _ in range(51):
        make_placed(deal, 1)

    def numbers(query: str) -> list[int]:
        return [int(n) for n in re.findall(r'class="no">(\d+)<', visit(app, deal, query).text)]

    assert numbers("") == list(range(51, 1, -1))
    assert numbers("?page=2") == [1]
    assert numbers("?page=99") == [1]
    for junk in ("0", "-1", "x", "1_0", "%00", "٣"):
        assert numbers(f"?page={junk}") == numbers("")
    assert "?page=2&amp;lang=zh#roll" in visit(app, deal, "?lang=zh").text


def test_before_opening_the_page_counts_down_to_it(app: Flask):
    deal = make_deal(opens_at=clock.now() + 2 * HOUR + timedelta(minutes=5))
    answer = visit(app, deal)
    assert "未开团" in words(answer)
    assert "离开团还有" in words(answer)
    assert f'data-closes-at="{deal.opens_at.isoformat()}"' in answer.text


def test_a_deal_that_is_overdue_says_closed_before_the_scheduler_does(app: Flask):
    deal = open_deal()
    put(deal, closes_at=clock.now() - timedelta(seconds=1))
    page = words(visit(app, deal))
    assert deal.state == "open"
    assert "已截单" in page
    assert "想订就在群里" not in page


def test_a_closed_deal_tells_how_many_joined_and_an_arrived_one_to_come(app: Flask):
    deal = open_deal()
    make_placed(deal, 3)
    close(deal)
    assert "1 位邻居，3 件，正在备货。" in words(visit(app, deal))
    deal.advance("arrived")
    page = words(visit(app, deal))
    assert "货到了，请到您的取货点取货。" in page
    assert "3 盒" in page


def test_a_deal_that_did_not_reach_its_minimum_says_that_money_goes_back(app: Flask):
    deal = open_deal(minimum_kind="persons", minimum=20)
    make_placed(deal, 1)
    close(deal)
    page = words(visit(app, deal))
    assert "没成团" in page
    assert "付过的钱全部退回" in page
    assert "接龙" not in page.split("English")[0].replace("接龙中", "")


def test_a_deal_that_was_called_off_gives_the_leaders_reason(app: Flask):
    deal = open_deal()
    cancel_deal(deal, because="产地<下雨>", now=clock.now())
    answer = visit(app, deal)
    assert "团长说：产地&lt;下雨&gt;" in answer.text
    assert "已取消" in words(answer)


def test_english_visitors_read_english(app: Flask):
    deal = open_deal(stock=3)
    db.session.commit()
    answer = app.test_client().get(f"/d/{deal.slug}", headers={"Accept-Language": "en-GB"})
    assert "Only 3 left" in words(answer)
    assert "Closes in" in words(answer)


def test_a_draft_does_not_exist_and_neither_does_a_stranger(app: Flask):
    deal = open_deal()
    put(deal, state="draft")
    db.session.commit()
    client = app.test_client()
    assert client.get(f"/d/{deal.slug}").status_code == 404
    foreign, missing = client.get(f"/d/{deal.slug}x"), client.get("/d/nothing")
    assert same_for_all(foreign) == same_for_all(missing)


def test_the_number_of_statements_does_not_grow_with_goods_and_neighbours(app: Flask):
    def counted(items: int, orders: int) -> int:
        leader = make_leader()
        deal = open_deal(leader=leader, skus=[make_sku(leader) for _ in range(items)], points=2)
        for _ in range(orders):
            make_placed(deal, *([1] * items))
        slug = deal.slug
        db.session.commit()
        with statements() as seen:
            assert app.test_client().get(f"/d/{slug}").status_code == 200
        return len(seen)

    assert counted(1, 0) == counted(6, 12) <= 6


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(slug=st.text(max_size=80) | st.binary(max_size=60) | st.just("x" * 10_000) | st.just("\x00"))
def test_no_slug_however_odd_breaks_the_page(app: Flask, slug: str | bytes):
    raw = slug.encode("utf-8", "surrogatepass") if isinstance(slug, str) else slug
    path = "".join(f"%{byte:02X}" for byte in raw)
    assert app.test_client().get(f"/d/{path}").status_code in (404, 308)
