"""What everybody sees of a deal is drawn once and kept for a moment; nobody is in it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask.testing import FlaskClient
from flask_babel import get_locale

from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.members.deal_front import Front, front_of
from groupbuy.orders.ending import cancel_deal
from groupbuy.orders.models import Order
from tests.conftest import Shelf
from tests.factories import close, make_leader, make_member, make_placed, make_sku, make_user
from tests.members.test_cart import sign_in
from tests.members.test_deal_page import HOUR, open_deal
from tests.pages.reading import statements, words

ZH = {"Accept-Language": "zh-CN"}
SECOND = timedelta(seconds=1)


@pytest.fixture
def keeping(app: Flask, monkeypatch: pytest.MonkeyPatch) -> dict[Any, Any]:
    """What is kept, for as long as the test runs."""
    monkeypatch.setitem(app.config, "KEPT_SECONDS", 3600)
    monkeypatch.setitem(app.extensions, "groupbuy_kept", Shelf())
    return app.extensions["groupbuy_kept"]


def a_deal() -> Deal:
    leader = make_leader()
    deal = open_deal(leader=leader, skus=[make_sku(leader) for _ in range(3)], stock=80)
    db.session.commit()
    return deal


def browser_of(app: Flask, deal: Deal, name: str, phone: str, pieces: int) -> FlaskClient:
    """Somebody signed in who ordered, and put something else aside."""
    user, client = make_user(name, phone), app.test_client()
    member = make_member(deal.leader, name)
    member.user_id = user.id
    make_placed(deal, pieces, member=member)
    db.session.commit()
    sign_in(client, user)
    client.post(f"/d/{deal.slug}/cart", data={f"q-{deal.items[pieces].id}": "7"})
    return client


def page(client: FlaskClient, deal: Deal, query: str = "", **headers: str) -> str:
    answer = client.get(f"/d/{deal.slug}{query}", headers=ZH | headers)
    assert answer.status_code == 200
    return answer.text


def but_for_the_second(text: str) -> str:
    """A page without what is new on each: the token of its forms, and the time."""
    text = re.sub(r'(name="csrf_token" value=")[^"]*', r"\1", text)
    text = re.sub(r'data-now="[^"]*"', "", text)
    return re.sub(r'data-unit="[mhs]" *><b>\d+</b>', "", text)


def test_two_people_and_a_stranger_see_what_is_theirs_and_nothing_of_each_other(
    app: Flask, keeping, monkeypatch: pytest.MonkeyPatch
):
    deal = a_deal()
    ann = browser_of(app, deal, "安妮卡", "13811110001", 1)
    bob = browser_of(app, deal, "鲍勃斯", "13811110002", 2)
    clients = [ann, bob, app.test_client()]
    for client in clients:
        client.get("/me", headers=ZH)  # so that everybody's cookie holds a token before
    keeping.clear()
    pages = [page(client, deal) for client in clients]
    assert len(keeping) == 1
    tokens = [re.findall(r'csrf_token" value="([^"]+)"', text) for text in pages]
    assert len({token for found in tokens for token in found}) == 3
    for text, found in zip(pages, tokens, strict=True):
        assert len(set(found)) == 1
        assert not any(name in text for name in ("安妮卡", "鲍勃斯", "1381111"))
    assert [text.count('class="is-me"') for text in pages] == [1, 1, 0]
    numbers = [order.number for order in db.session.scalars(sa.select(Order).order_by(Order.id))]
    assert [[no for no in numbers if no in text] for text in pages] == [
        numbers[:1],
        numbers[1:],
        [],
    ]
    assert [re.findall(r'name="q-(\d+)"[^>]*value="7"', text) for text in pages] == [
        [str(deal.items[1].id)],
        [str(deal.items[2].id)],
        [],
    ]
    monkeypatch.setitem(app.config, "KEPT_SECONDS", 0)
    for client, text in zip(clients, pages, strict=True):
        assert but_for_the_second(page(client, deal)) == but_for_the_second(text)


class Refusing:
    """Stands where a request keeps what it knows of its sender."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the front asks who is there: {name}")

    __getitem__ = __contains__ = __getattr__  # type: ignore[assignment]


def front(app: Flask, deal: Deal, now: datetime, whoever: object | None = None) -> Front:
    """The front as a request would get it; `whoever` takes the place of cookie and person."""
    with app.test_request_context(f"/d/{deal.slug}", headers=ZH) as context:
        get_locale()
        if whoever:
            context._session = whoever  # type: ignore[assignment]
            g._login_user = whoever
        return front_of(deal.slug, 1, now=now)


PHASES = ("upcoming", "open", "closing", "closed", "arrived", "failed", "cancelled")


def bring(deal: Deal, phase: str) -> datetime:
    """Take a deal to a phase; returns a moment in it."""
    now = clock.now()
    if phase == "upcoming":
        return now - 2 * HOUR
    if phase == "closing":
        return deal.closes_at
    if phase in ("closed", "arrived", "failed"):
        close(deal)
        if phase == "arrived":
            deal.advance("arrived")
    if phase == "cancelled":
        cancel_deal(deal, because="下雨", now=now)
    return now


@pytest.mark.parametrize("phase", PHASES)
def test_the_front_asks_nothing_of_whoever_is_there(app: Flask, phase: str):
    deal = open_deal(
        stock=5, minimum_kind="persons", minimum=20 if phase == "failed" else 1, points=3
    )
    make_placed(deal, 2)
    now = bring(deal, phase)
    db.session.commit()
    drawn = front(app, deal, now, Refusing())
    assert drawn.phase == phase
    text = "".join([*drawn.parts.values(), *drawn.entries.values(), str(drawn.shelves)])
    assert deal.title in text
    assert "csrf" not in text
    assert 'type="hidden"' not in text


def test_a_second_look_reads_only_what_belongs_to_the_reader(app: Flask, keeping):
    deal = a_deal()
    client, stranger = browser_of(app, deal, "安妮卡", "13811110001", 1), app.test_client()
    slug = deal.slug

    def asked(by: FlaskClient) -> int:
        db.session.rollback()
        db.session.expunge_all()
        with statements() as seen:
            assert by.get(f"/d/{slug}", headers=ZH).status_code == 200
        return len([statement for statement in seen if not statement.startswith("BEGIN")])

    asked(stranger)  # once a minute somebody has the leader's record counted
    keeping.clear()
    assert asked(client) <= 6
    assert asked(client) == 2
    assert asked(stranger) == 0


def test_what_people_do_themselves_they_see_at_once(app: Flask, keeping):
    deal, client = a_deal(), app.test_client()
    user = make_user()
    db.session.commit()
    sign_in(client, user)
    before = words(client.get(f"/d/{deal.slug}", headers=ZH))
    assert "还没选东西" in before
    client.post(f"/d/{deal.slug}/cart", data={"add": deal.items[0].id})
    assert "1 样 1 件" in words(client.get(f"/d/{deal.slug}", headers=ZH))
    assert len(keeping) == 1


def test_what_is_left_may_be_told_a_moment_late(app: Flask, keeping):
    deal, client = open_deal(stock=3), app.test_client()
    db.session.commit()
    assert "仅剩 3 件" in words(client.get(f"/d/{deal.slug}", headers=ZH))
    make_placed(deal, 2)
    db.session.commit()
    assert "仅剩 3 件" in words(client.get(f"/d/{deal.slug}", headers=ZH))
    keeping.clear()
    assert "仅剩 1 件" in words(client.get(f"/d/{deal.slug}", headers=ZH))


def test_the_page_opens_and_closes_to_the_second_whatever_is_kept(app: Flask, keeping):
    deal = a_deal()
    opens, closes = deal.opens_at, deal.closes_at
    turns = [(opens - SECOND, "upcoming"), (opens, "open"), (closes - SECOND, "open")]
    for now, phase in [*turns, (closes, "closing"), (closes + SECOND, "closing")]:
        assert front(app, deal, now).phase == phase
    assert len(keeping) == 3  # of every phase one, each kept


def test_languages_pages_of_the_roll_and_wechat_are_kept_apart(app: Flask, keeping):
    deal, client = a_deal(), app.test_client()
    for _ in range(51):
        make_placed(deal, 1)
    db.session.commit()
    assert "还有" in page(client, deal)
    assert "Closes in" in page(client, deal, **{"Accept-Language": "en"})
    assert 'class="no">1<' in page(client, deal, "?page=2")
    assert "lang=zh#roll" in page(client, deal, "?lang=zh")
    page(client, deal, **{"User-Agent": "MicroMessenger"})
    assert len(keeping) == 5


def test_large_letters_are_of_one_person(app: Flask, keeping):
    deal, reader, other = a_deal(), app.test_client(), app.test_client()
    with reader.session_transaction() as session:
        session["large_type"] = True
    assert 'data-type="large"' in page(reader, deal)
    assert 'data-type="large"' not in page(other, deal)
    assert len(keeping) == 1


def test_a_deal_that_is_missing_is_not_kept(app: Flask, keeping):
    assert app.test_client().get("/d/nothing").status_code == 404
    assert keeping == {}
