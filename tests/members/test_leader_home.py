"""A leader's page, searching it, following, and the front door."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbuy.accounts.devices import sign_in_device
from groupbuy.accounts.following import follow
from groupbuy.accounts.models import Follow, Leader
from groupbuy.catalog.models import Category
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from tests.factories import (
    close,
    make_deal,
    make_draft,
    make_leader,
    make_member,
    make_placed,
    make_sku,
    make_user,
)
from tests.pages.reading import statements, words

HOUR = timedelta(hours=1)
ENGLISH = {"Accept-Language": "en"}


def open_deal(**values) -> Deal:
    """A deal that opened an hour ago by the real clock, which is the one pages read."""
    return make_deal(opens_at=clock.now() - HOUR, **values)


def browser(app: Flask, user=None, guest=()):
    """A browser, signed in as `user`, or known as the members `guest`."""
    client = app.test_client()
    with client.session_transaction() as session:
        if user is not None:
            session["_user_id"] = sign_in_device(user, "test", now=clock.now())
            session["_fresh"] = True
        session["guest"] = [member.id for member in guest]
        session["lang"] = "en"
    db.session.commit()
    return client


def home(app: Flask, leader: Leader, query: str = "", status: int = 200):
    db.session.commit()
    answer = app.test_client().get(f"/l/{leader.slug}{query}", headers=ENGLISH)
    assert answer.status_code == status
    return answer


def follows() -> int:
    return db.session.scalars(sa.select(sa.func.count()).select_from(Follow)).one()


def market() -> Leader:
    """A leader with an open deal of apples (fruit) and eggs."""
    leader = make_leader("林姐")
    fruit, eggs = Category(name="水果", position=1), Category(name="蛋奶", position=2)
    db.session.add_all((fruit, eggs))
    db.session.flush()
    apples = make_sku(leader, name="Ｆｕｊｉ 苹果", spec="5 斤装", price_fen=2480)
    apples.product.category_id = fruit.id
    basket = make_sku(leader, name="土鸡蛋", spec="30 枚", price_fen=3780)
    basket.product.category_id = eggs.id
    basket.product.attributes = {"brand": "崇明农场"}
    open_deal(leader=leader, skus=[apples, basket], title="周六菜篮子")
    return leader


def test_the_page_shows_open_upcoming_and_ended_deals_and_where_to_collect(app: Flask):
    leader = make_leader("林姐")
    later = open_deal(leader=leader, title="大米", closes_at=clock.now() + 9 * HOUR)
    sooner = open_deal(leader=leader, title="鸡蛋", closes_at=clock.now() + HOUR)
    make_deal(leader=leader, title="早餐", opens_at=clock.now() + HOUR)
    ended = open_deal(leader=leader, title="上周")
    ended.closes_at = clock.now() - timedelta(minutes=5)
    make_draft(leader, title="草稿")
    open_deal(title="别人的团")
    leader_page = home(app, leader)
    page = words(leader_page)
    assert page.index("鸡蛋") < page.index("大米") < page.index("早餐") < page.index("上周")
    assert "林姐 · leader in 梧桐里" in page
    assert f"Where to collect {later.points[0].name}" in page
    assert sooner.points[0].name in page
    assert "草稿" not in page
    assert "别人的团" not in page
    for deal in (later, sooner, ended):
        assert f'href="/d/{deal.slug}"' in leader_page.text


def test_an_empty_page_says_what_will_be_here(app: Flask):
    page = words(home(app, make_leader("林姐")))
    assert "No deal is open at the moment. What 林姐 opens next will be here." in page
    assert "Deals that have ended stay here for 30 days." in page
    assert "Deals done" not in page


def test_who_has_no_page_is_as_missing_as_who_never_was(app: Flask):
    gone = make_leader()
    gone.advance("disabled")
    db.session.commit()
    client = app.test_client()
    missing = client.get("/l/nobody")
    assert missing.status_code == 404
    for act, address in (("get", ""), ("post", "/follow"), ("post", "/unfollow")):
        answer = getattr(client, act)(f"/l/{gone.slug}{address}")
        assert (answer.status_code, answer.text) == (404, missing.text)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=fuji", ["苹果"]),
        ("?q=鸡蛋", ["土鸡蛋"]),
        ("?q=崇明", ["土鸡蛋"]),
        ("?category=水果", ["苹果"]),
        ("?brand=崇明农场&category=水果", []),
        ("?price_from=24.80&price_to=３０", ["苹果"]),
        ("?price_to=1", []),
        ("?q=%25", []),
        ("?q=周六", ["苹果", "土鸡蛋"]),
    ],
)
def test_search_finds_goods_of_open_deals(app: Flask, query: str, found: list[str]):
    leader = market()
    answer = home(app, leader, quote(query, safe="?=&%.") if "%25" not in query else query)
    page = words(answer)
    section = page[page.index(" fit") :] if found else page
    for name in found:
        assert name in section
    assert ("Nothing fits" in page) == (not found)
    assert answer.text.count("#i") - answer.text.count('"#i-') == len(found)


def test_a_result_leads_to_its_place_in_its_deal_with_price_and_closing(app: Flask):
    leader = market()
    answer = home(app, leader, "?q=fuji")
    deal = db.session.scalars(sa.select(Deal).where(Deal.leader_id == leader.id)).one()
    item = deal.items[0]
    assert f'href="/d/{deal.slug}#i{item.id}"' in answer.text
    page = words(answer)
    assert "1 kind fits" in page
    assert "5 斤装 · ¥4.96 per 500 g" in page
    assert "¥ 24.80 /盒" in page
    assert "周六菜篮子 · closes" in page


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?price_from=abc", "An amount looks like 12 or 12.50."),
        ("?price_to=-1", "An amount looks like 12 or 12.50."),
        ("?price_from=9&price_to=8.99", "This is less than the price it starts from."),
        ("?q=" + "x" * 51, "At most 50 characters."),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field_and_kept(app: Flask, query: str, says: str):
    answer = home(app, market(), query, 422)
    assert says in words(answer)
    assert f'value="{query.rpartition("=")[2]}"' in answer.text
    assert "周六菜篮子" in words(answer)  # the deals are still there


def test_chips_keep_the_rest_of_the_search(app: Flask):
    answer = home(app, market(), "?q=a&price_to=50&lang=en")
    assert "lang=en&amp;q=a&amp;category=" in answer.text
    assert "price_to=50" in answer.text


def test_following_is_said_in_words_and_can_be_taken_back(app: Flask):
    leader, user = make_leader("林姐"), make_user()
    client = browser(app, user)
    assert "Follow, and you are told when a deal opens." in words(client.get(f"/l/{leader.slug}"))
    for _ in range(2):
        answer = client.post(f"/l/{leader.slug}/follow", follow_redirects=True)
        assert "You follow 林姐" in words(answer)
        assert follows() == 1
    for _ in range(2):
        answer = client.post(f"/l/{leader.slug}/unfollow", follow_redirects=True)
        assert "You no longer follow 林姐." in words(answer)
        assert follows() == 0


def test_somebody_unknown_signs_in_first_and_comes_back(app: Flask):
    leader = make_leader()
    client = browser(app)
    for act in ("follow", "unfollow"):
        answer = client.post(f"/l/{leader.slug}/{act}")
        assert answer.status_code == 303
        assert answer.location == f"/sign-in?next=/l/{leader.slug}"
    assert follows() == 0
    assert f'href="/sign-in?next=/l/{leader.slug}"' in client.get(f"/l/{leader.slug}").text


def test_reading_never_writes(app: Flask):
    leader, user = market(), make_user()
    client = browser(app, user)
    with statements() as seen:
        for address in ("/", f"/l/{leader.slug}", f"/l/{leader.slug}?q=a"):
            assert client.get(address).status_code == 200
        assert client.get(f"/l/{leader.slug}/follow").status_code == 405
    assert [s for s in seen if not s.lstrip().startswith(("SELECT", "WITH"))] == []


def test_the_number_of_statements_does_not_grow(app: Flask):
    def counted(deals: int) -> int:
        leader = make_leader()
        for number in range(deals):
            make_placed(open_deal(leader=leader, skus=[make_sku(leader) for _ in range(3)]))
            close(open_deal(leader=leader, title=f"第 {number} 期"))
        user = make_user()
        follow(user, leader, now=clock.now())
        client, slug = browser(app, user), leader.slug
        with statements() as seen:
            client.get(f"/l/{slug}")
            client.get("/")
        return len(seen)

    assert counted(1) == counted(4) <= 15


def test_the_front_door_lists_no_leaders(app: Flask):
    leader = market()
    db.session.commit()
    answer = app.test_client().get("/", headers=ENGLISH)
    page = words(answer)
    assert "No account is needed." in page
    assert leader.name not in page
    assert 'href="/sign-in"' in answer.text


def test_the_front_door_shows_what_followed_leaders_sell_and_ones_own_orders(app: Flask):
    leader, user = market(), make_user("王芳")
    other = open_deal(title="没关注的团")
    follow(user, leader, now=clock.now())
    member = make_member(other.leader)
    member.user_id = user.id
    order = make_placed(other, member=member)
    stranger = make_placed(other)
    answer = browser(app, user).get("/")
    page = words(answer)
    assert "Hello, 王芳" in page
    assert "周六菜篮子" in page
    assert f'href="/l/{leader.slug}"' in answer.text
    assert f'href="/o/{order.number}"' in answer.text
    assert stranger.number not in answer.text
    assert f"/d/{other.slug}" not in answer.text


def test_who_follows_nobody_is_told_how_to(app: Flask):
    assert "You follow no leader yet." in words(browser(app, make_user()).get("/"))


def test_a_guest_finds_the_orders_of_this_browser(app: Flask):
    deal = open_deal()
    order = make_placed(deal)
    answer = browser(app, guest=[order.member]).get("/")
    assert f'href="/o/{order.number}"' in answer.text
    assert "No account is needed." in words(answer)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    query=st.dictionaries(
        st.sampled_from(("q", "category", "brand", "price_from", "price_to", "page", "lang")),
        st.text(max_size=80) | st.just("\x00") | st.sampled_from(("1_0", "٣", "１２", "9" * 40)),
    )
)
def test_no_search_however_odd_breaks_the_page(app: Flask, query: dict[str, str]):
    leader = db.session.scalars(sa.select(Leader)).first() or market()
    db.session.commit()
    raw = "&".join(
        f"{name}=" + "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))
        for name, text in query.items()
    )
    assert app.test_client().get(f"/l/{leader.slug}?{raw}").status_code in (200, 422)
