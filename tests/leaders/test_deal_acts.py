"""Acts on a whole deal: told in numbers first, done once, logged."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.catalog.pictures import add_picture
from groupbuy.core import clock
from groupbuy.core.models import ActionLog
from groupbuy.deals.editing import QuestionForm
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.pickup import bags
from groupbuy.purchasing import closing
from groupbuy.purchasing.models import PurchaseList
from tests import factories
from tests.checks import assert_everything_true, count
from tests.leaders.editing import desk, live, local, photo
from tests.pages.reading import words

HOUR = timedelta(hours=1)


def logged() -> list[str]:
    return list(db.session.scalars(sa.select(ActionLog.action).order_by(ActionLog.id)))


def fresh(deal: Deal) -> Deal:
    db.session.expire_all()
    return deal


def closed_now(deal: Deal) -> None:
    """Close `deal` early, as the page and the job do; its orders were placed in the present."""
    now = clock.now()
    closing.begin_early(deal, because="full", now=now)
    closing.finish(deal, now=now)
    bags.make_bags(deal, now=now)
    db.session.commit()


def test_a_copy_is_a_draft_a_week_later_with_goods_questions_and_pictures_of_its_own(app: Flask):
    leader = factories.make_leader()
    asked = [QuestionForm("choice", "Door?", ("N", "S"), True)]
    deal = live(leader, questions=asked, pickup_starts_at=clock.now() + 20 * HOUR)
    add_picture(deal, photo()[0], alt="Basket", now=clock.now())
    factories.make_placed(deal, 1, now=clock.now())
    client = desk(app, leader)
    answer = client.post(f"/lead/deals/{deal.slug}/copy")
    copy = db.session.scalars(sa.select(Deal).where(Deal.id != deal.id)).one()
    assert (answer.status_code, answer.location) == (303, f"/lead/deals/{copy.slug}/edit")
    week = timedelta(weeks=1)
    assert (copy.state, copy.closes_at) == ("draft", deal.closes_at + week)
    assert (copy.opens_at, copy.pickup_ends_at) == (deal.opens_at + week, None)
    assert copy.pickup_starts_at == deal.pickup_starts_at + week
    assert [(i.sku_id, i.price_fen, i.sold) for i in copy.items] == [
        (deal.items[0].sku_id, 3780, 0)
    ]
    assert [(q.label, q.choices) for q in copy.questions] == [("Door?", ["N", "S"])]
    [picture] = copy.pictures
    assert (picture.alt, picture.token != deal.pictures[0].token) == ("Basket", True)
    assert client.get(answer.location).status_code == 200
    assert_everything_true()


def test_the_copy_of_an_old_deal_opens_in_the_future(app: Flask):
    leader = factories.make_leader()
    old = clock.now() - timedelta(days=100, hours=3)
    deal = factories.make_draft(leader, opens_at=old, closes_at=old + HOUR)
    desk(app, leader).post(f"/lead/deals/{deal.slug}/copy")
    copy = db.session.scalars(sa.select(Deal).where(Deal.id != deal.id)).one()
    assert timedelta() < copy.opens_at - clock.now() <= timedelta(weeks=1)
    assert (copy.opens_at - old) % timedelta(weeks=1) == timedelta()


def test_a_draft_is_published_and_what_it_lacks_is_said(app: Flask):
    leader = factories.make_leader()
    draft = factories.make_draft(leader, closes_at=clock.now() + HOUR)
    empty = factories.make_draft(leader, items=[], closes_at=clock.now() + HOUR)
    client = desk(app, leader)
    assert client.post(f"/lead/deals/{draft.slug}/publish").location == f"/lead/deals/{draft.slug}"
    assert fresh(draft).state == "open"
    answer = client.post(f"/lead/deals/{empty.slug}/publish")
    assert answer.location == f"/lead/deals/{empty.slug}/edit"
    assert "at least one item" in words(client.get(answer.location))
    assert client.post(f"/lead/deals/{draft.slug}/publish").status_code == 303
    assert logged() == ["deal_published"]


def test_the_closing_moves_later_and_earlier(app: Flask):
    leader = factories.make_leader()
    deal = live(leader)
    client = desk(app, leader)
    address = f"/lead/deals/{deal.slug}/move"
    assert client.get(address).status_code == 200
    for hours in (20, 3):
        assert client.post(address, data={"closes_at": local(hours)}).status_code == 303
        left = fresh(deal).closes_at - clock.now()
        assert timedelta(hours=hours - 0.1) < left <= timedelta(hours=hours)
    for wrong in ("", "x", local(-1), local(24 * 70)):
        answer = client.post(address, data={"closes_at": wrong})
        assert answer.status_code == 422
        assert 'class="f__bad"' in answer.get_data(as_text=True)
    assert logged() == ["deal_move", "deal_move"]


def test_closing_early_says_who_is_not_paid_for_and_needs_a_reason(app: Flask):
    leader = factories.make_leader()
    deal = live(leader)
    factories.make_order(deal, 1, now=clock.now())
    client = desk(app, leader)
    address = f"/lead/deals/{deal.slug}/close"
    assert "1 of them is not paid" in words(client.get(address))
    assert client.post(address, data={"because": " "}).status_code == 422
    assert fresh(deal).state == "open"
    assert client.post(address, data={"because": "Sold out"}).status_code == 303
    assert (fresh(deal).state, deal.ended_because) == ("closing", "Sold out")
    again = client.post(address, data={"because": "Sold out"})
    assert again.status_code == 409
    assert logged() == ["deal_close"]


def test_calling_off_tells_the_sum_first_and_gives_it_back(app: Flask):
    leader = factories.make_leader()
    deal = live(leader)
    paid = factories.make_placed(deal, 2, now=clock.now())
    factories.make_order(deal, 1, now=clock.now())
    client = desk(app, leader)
    address = f"/lead/deals/{deal.slug}/cancel"
    asked = words(client.get(address))
    assert "2 orders end, ¥75.60 goes back." in asked
    assert "Call it off and give ¥75.60 back" in asked
    assert client.post(address, data={"because": "No crabs"}).status_code == 303
    assert (fresh(deal).state, paid.refunded_fen) == ("cancelled", 7560)
    assert client.get(address).status_code == 409
    assert_everything_true()


def test_a_draft_is_dropped(app: Flask):
    leader = factories.make_leader()
    draft = factories.make_draft(leader)
    client = desk(app, leader)
    assert "Nobody has seen the draft" in words(client.get(f"/lead/deals/{draft.slug}/cancel"))
    client.post(f"/lead/deals/{draft.slug}/cancel", data={"because": "wrong"})
    assert fresh(draft).state == "cancelled"


def test_a_closed_deal_is_opened_again_and_the_lists_are_named_first(app: Flask):
    leader = factories.make_leader()
    deal = live(leader)
    order = factories.make_placed(deal, 2, now=clock.now())
    closed_now(deal)
    client = desk(app, leader)
    purchase_list = db.session.scalars(sa.select(PurchaseList)).one()
    address = f"/lead/deals/{deal.slug}/reopen"
    asked = words(client.get(address))
    assert f"List {purchase_list.number} to {purchase_list.supplier.name} is withdrawn." in asked
    assert client.post(address, data={"closes_at": local(-2)}).status_code == 422
    assert client.post(address, data={"closes_at": local(5)}).status_code == 303
    assert (fresh(deal).state, order.state, deal.ended_because) == ("open", "placed", "")
    assert client.post(address, data={"closes_at": local(5)}).status_code == 409
    assert logged() == ["deal_reopen"]


@pytest.mark.parametrize("act", ["copy", "publish", "move", "close", "cancel", "reopen"])
def test_nobody_acts_on_the_deal_of_somebody_else(app: Flask, act: str):
    leader, other = factories.make_leader(), factories.make_leader()
    deal = live(leader)
    client = desk(app, other)
    assert client.post(f"/lead/deals/{deal.slug}/{act}", data={"because": "x"}).status_code == 404
    assert client.post("/lead/deals/none/" + act).status_code == 404
    assert (fresh(deal).state, count(Deal)) == ("open", 1)
