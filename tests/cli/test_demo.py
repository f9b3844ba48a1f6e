"""`flask demo load`: a whole community by the real rules, once, and never among real people."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from click.testing import Result
from flask import Flask

from groupbuy import invariants
from groupbuy.accounts import people
from groupbuy.accounts.models import Member, User
from groupbuy.catalog.models import Picture
from groupbuy.core import crypto
from groupbuy.core.db import transaction
from groupbuy.deals.models import Deal, DealItem
from groupbuy.demo import album, loading, online, scenes, story
from groupbuy.demo.people import PASSWORD, residents, who_signs_in
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.payments import reconciling
from groupbuy.payments.models import Payment, Refund
from groupbuy.payments.providers import sandbox
from groupbuy.pickup import proposing
from groupbuy.pickup.models import Pickup
from groupbuy.purchasing import closing
from groupbuy.purchasing.models import PurchaseList
from groupbuy.settlement import sheet
from groupbuy.settlement.models import CashHandover, Settlement
from tests.conftest import NOON


def _load(app: Flask, *options: str) -> Result:
    return app.test_cli_runner().invoke(args=["demo", "load", *options])


def _rows() -> dict[str, int]:
    return {
        table.name: db.session.scalars(sa.select(sa.func.count()).select_from(table)).one()
        for table in db.metadata.sorted_tables
    }


def _deal(slug: str) -> Deal:
    return db.session.scalars(sa.select(Deal).where(Deal.slug == slug)).one()


def _states(model: Any, deal: Deal) -> Counter[str]:
    return Counter(db.session.scalars(sa.select(model.state).where(model.deal_id == deal.id)))


def _refused(answer: Result) -> bool:
    return answer.exit_code == 2 and answer.stdout == "" and answer.stderr.count("\n") == 1


@pytest.fixture
def loaded(app: Flask) -> dict[str, Any]:
    """What the command says of the demo it loaded."""
    answer = _load(app, "--json")
    assert answer.exit_code == 0, answer.output
    summary: dict[str, Any] = json.loads(answer.stdout)
    return summary


def test_the_demo_is_a_community_in_which_every_invariant_holds(
    app: Flask, loaded: dict[str, Any]
) -> None:
    assert loaded["counts"] == {
        "leaders": 3,
        "points": 6,
        "suppliers": 4,
        "categories": 7,
        "products": 40,
        "residents": 120,
        "deals": 11,
        "orders": 160,
    }
    assert invariants.broken() == {}
    states = {
        deal.slug: deal.phase(datetime.now(UTC)) for deal in db.session.scalars(sa.select(Deal))
    }
    assert states == {
        "demo-weekend": "open",
        "demo-breakfast": "upcoming",
        "demo-garden": "closed",
        "demo-seafood": "arrived",
        "demo-crab": "failed",
        "demo-fruit": "open",
        "demo-milk": "arrived",
        "demo-pantry": "open",
        "demo-household": "draft",
        "demo-hotpot": "arrived",
        "demo-durian": "failed",
    }
    assert all(
        deal["url"].startswith(app.config["SITE_URL"] + "/d/demo-") for deal in loaded["deals"]
    )


def test_deals_stand_where_their_scenes_say_and_the_people_named_can_sign_in(
    app: Flask, loaded: dict[str, Any]
) -> None:
    assert _states(Order, _deal("demo-weekend")) == {"placed": 40, "pending": 4, "cancelled": 1}
    assert _states(Order, _deal("demo-garden")) == {"confirmed": 28, "expired": 2}
    assert _states(Order, _deal("demo-crab")) == {"cancelled": 4}
    assert not _states(Order, _deal("demo-pantry"))
    for slug in ("demo-seafood", "demo-milk"):
        bags = _states(Pickup, _deal(slug))
        assert set(bags) == {"ready", "collected"}
        assert abs(bags["ready"] - bags["collected"]) <= 1
    fruit = _deal("demo-fruit")
    assert 0 < fruit.minimum - closing.progress(fruit) <= 3
    left = {
        item.name: item.stock - item.sold
        for item in db.session.scalars(sa.select(DealItem).where(DealItem.deal_id == fruit.id))
        if item.stock is not None
    }
    assert left["金枕榴莲"] == 0
    assert 0 < left["丹东草莓"] <= 5
    lists = sa.select(PurchaseList).where(PurchaseList.deal_id == _deal("demo-garden").id)
    assert all(made.current.sha256 for made in db.session.scalars(lists))
    for _role, someone in who_signs_in():
        found = sa.select(User).where(User.phone_hash == crypto.lookup_hash(someone.phone))
        user = db.session.scalars(found).one()
        assert PasswordHasher().verify(user.password_hash, PASSWORD)
    bags = sa.select(Pickup.state).join(Member).where(Member.user_id == user.id)
    assert "ready" in db.session.scalars(bags).all()  # the resident, named last, has one waiting


def test_money_came_from_afar_and_some_of_it_went_back(loaded: dict[str, Any]) -> None:
    paid = sa.select(Payment.way, Payment.state, sa.func.count()).join(
        Order, Order.id == Payment.order_id
    )
    paid = paid.where(Order.deal_id == _deal("demo-hotpot").id).group_by(Payment.way, Payment.state)
    assert {tuple(row) for row in db.session.execute(paid)} == {
        ("sandbox", "confirmed", 13),
        ("sandbox", "void", 1),
    }
    back = sa.select(Refund.state).join(Order, Order.id == Refund.order_id)
    of = {
        slug: Counter(db.session.scalars(back.where(Order.deal_id == _deal(slug).id)))
        for slug in ("demo-hotpot", "demo-durian", "demo-crab")
    }
    assert of["demo-hotpot"]["succeeded"] == 1
    assert of["demo-hotpot"]["requested"] > 0
    assert of["demo-durian"] == {"succeeded": 5}
    assert of["demo-crab"]["requested"] == 1
    assert [each.state for each in proposing.waiting()] == ["waiting"]
    given = db.session.scalars(sa.select(CashHandover)).one()
    assert (given.state, given.amount_fen % 10_000) == ("reported", 0)
    settled = db.session.scalars(sa.select(Settlement)).one()
    assert settled.deal.slug == "demo-durian"
    assert settled.figures["received"] == settled.figures["refunds"] > 0
    assert all(leader.commission_bp == 500 for leader in loading.leaders())
    assert sheet.figures(_deal("demo-hotpot"))["held"] > 0


@pytest.mark.slow
def test_the_demos_bill_of_the_sandbox_agrees(loaded: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    bill = sandbox.bill(now - timedelta(hours=1), now + timedelta(hours=1))
    operator = db.session.scalars(sa.select(User.id).order_by(User.id).limit(1)).one()
    with transaction():
        found = reconciling.import_bill("sandbox", bill, by_id=operator, now=now)
        assert found.differences == 0
    assert invariants.broken() == {}


@pytest.mark.slow
def test_a_deal_whose_orders_were_not_paid_yet_is_carried_on(app: Flask) -> None:
    hotpot = scenes.ONLINE_SCENES[0]
    for step in loading.missing_steps()[:2]:
        step(datetime.now(UTC))
    with transaction():
        story.begin(hotpot, now=datetime.now(UTC))
    assert online.is_missing(hotpot)
    assert _load(app).exit_code == 0
    assert _deal(hotpot.slug).state == "arrived"
    assert loading.missing_steps() == []
    assert invariants.broken() == {}


def test_without_the_sandbox_nobody_pays_from_afar(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SANDBOX_PAY", False)
    assert len(loading.missing_steps()) == 3 + len(scenes.SCENES)


def test_most_goods_of_the_open_deals_have_pictures_and_all_of_them_have_details(
    loaded: dict[str, Any],
) -> None:
    for slug in ("demo-weekend", "demo-fruit"):
        products = [item.sku.product for item in _deal(slug).items]
        pictured = [product for product in products if len(product.pictures) > 1]
        assert len(pictured) > len(products) // 2
        assert all(picture.alt for product in products for picture in product.pictures)
        assert all(product.attributes for product in products)
    weekend = _deal("demo-weekend")
    assert len(weekend.pictures) == 1
    assert any(item.sku.product.video_url for item in weekend.items)
    assert [(asked.kind, asked.required) for asked in weekend.questions] == [
        ("choice", False),
        ("number", False),
    ]
    assert all(leader.wechat_id and leader.contact_hours for leader in loading.leaders())


def test_every_drawing_of_the_demo_is_shown_and_small() -> None:
    files = {path.stem: path.stat().st_size for path in album.FOLDER.glob("*.webp")}
    assert set(files) == album.names()
    assert max(files.values()) <= 15_000
    assert sum(files.values()) <= 500_000


def test_a_demo_loaded_before_it_had_pictures_gets_them(app: Flask, loaded: dict[str, Any]) -> None:
    with transaction():
        db.session.execute(sa.delete(Picture))
    assert len(loading.missing_steps()) == 1
    assert json.loads(_load(app, "--json").stdout) == loaded
    assert _deal("demo-weekend").pictures


def test_loading_again_says_the_same_and_writes_nothing(app: Flask, loaded: dict[str, Any]) -> None:
    before = _rows()
    assert json.loads(_load(app, "--json").stdout) == loaded
    assert _rows() == before
    said = _load(app).stdout
    assert all(deal["url"] in said for deal in loaded["deals"])
    assert PASSWORD in said
    with transaction():
        people.find_or_add("王芳", "13900000001", now=NOON)
    assert _load(app).exit_code == 0  # nothing is missing, so nobody is in the way


@pytest.mark.slow
def test_a_load_that_was_interrupted_is_completed_by_the_next(app: Flask) -> None:
    for step in loading.missing_steps()[:3]:
        step(datetime.now(UTC))
    assert _load(app).exit_code == 0
    assert loading.missing_steps() == []
    assert invariants.broken() == {}


@pytest.mark.parametrize("role", ["leader", "support", None])
def test_it_is_not_loaded_among_real_people(app: Flask, role: str | None) -> None:
    with transaction():
        if role:
            people.add_person(people.PersonForm("王芳", "13900000001", role), now=NOON)
        people.find_or_add("王芳", "13900000001", now=NOON)
    before = _rows()
    assert _refused(_load(app))
    assert _rows() == before


def test_it_is_loaded_beside_an_operator(app: Flask) -> None:
    with transaction():
        people.add_person(people.PersonForm("王芳", "13900000001", "operator"), now=NOON)
    assert len(loading.missing_steps()) == 3 + len(scenes.SCENES) + len(scenes.ONLINE_SCENES)


def test_in_production_nothing_is_loaded_or_told(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "DEVELOPMENT", False)
    before = _rows()
    assert _refused(_load(app))
    assert _rows() == before


def test_the_neighbours_are_120_different_people() -> None:
    everybody = residents()
    assert len({someone.name for someone in everybody}) == 120
    assert len({someone.phone for someone in everybody}) == 120


@pytest.mark.parametrize("hour", [0, 9, 16, 23])
def test_whenever_it_is_loaded_the_open_deals_close_at_nine_two_hours_away_or_more(
    app: Flask, hour: int
) -> None:
    now = NOON.replace(hour=hour, minute=30)
    times = scenes.this_evening(now)
    assert times.opens_at < now
    assert timedelta(hours=2) <= times.closes_at - now < timedelta(hours=26)
    assert times.closes_at.astimezone(UTC).hour == 13
    assert times.closes_at < times.pickup_starts_at < times.pickup_ends_at
