"""The ways to pay that a deal takes: ticked in its editor, usual ones in the settings."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from groupbuy.core.errors import BadInput
from groupbuy.deals.editing import copy_deal
from groupbuy.extensions import db
from groupbuy.payments.providers import alipay, wechat
from tests import factories
from tests.checks import assert_everything_true, refused
from tests.conftest import NOON
from tests.leaders.editing import EN, desk, live, only_deal, press, whole
from tests.members.test_cart import two_kinds
from tests.members.test_checkout import filled, orders, send, with_cart
from tests.operators.desks import logged
from tests.pages.reading import words

NEW = "/lead/deals/new"
DEFAULTS = "/lead/settings/deals"


@pytest.fixture
def with_wechat(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this site had an account with WeChat."""
    monkeypatch.setattr(wechat, "is_on", lambda: True)


def ticked(page: Any) -> dict[str, bool]:
    """Way -> whether its box is ticked."""
    boxes = re.findall(r'name="ways"\s+value="(\w+)"\s+(checked)?', page.text)
    return {way: bool(mark) for way, mark in boxes}


def test_a_new_deal_takes_what_the_site_has_and_no_more_is_offered(app: Flask, with_wechat):
    leader = factories.make_leader()
    client = desk(app, leader)
    assert ticked(client.get(NEW)) == {"cash": True, "wechat": True, "sandbox": True}
    form = whole(leader, ways=["cash", "wechat", "sandbox"])
    assert press(client, NEW, "save", **form).status_code == 303
    assert only_deal().ways is None


def test_the_ways_that_are_ticked_are_kept_in_the_sites_order(app: Flask, with_wechat):
    leader = factories.make_leader()
    client = desk(app, leader)
    answer = press(client, NEW, "save", **whole(leader, ways=["sandbox", "cash"]))
    assert only_deal().ways == ["cash", "sandbox"]
    shown = ticked(client.get(answer.location))
    assert shown == {"cash": True, "wechat": False, "sandbox": True}
    assert copy_deal(only_deal(), now=NOON).ways == ["cash", "sandbox"]
    assert_everything_true()


@pytest.mark.parametrize("ways", [[], "", "gold", ["cash", "gold"], "alipay", "\x00", "现金"])
def test_at_least_one_way_that_the_site_has_must_stay(app: Flask, ways: Any):
    leader = factories.make_leader()
    client = desk(app, leader)
    answer = press(client, NEW, "save", **whole(leader, ways=ways))
    assert answer.status_code == 422
    assert "Choose at least one way to pay." in words(answer)
    deal = live(leader)
    edit = f"/lead/deals/{deal.slug}/edit"
    db.session.commit()
    answer = press(client, edit, "save", ways=ways)
    assert answer.status_code == 422
    assert "Choose at least one way to pay." in words(answer)
    assert client.post(DEFAULTS, data={"share_by": "payment", "ways": ways}).status_code == 422
    db.session.expire_all()
    assert (deal.ways, leader.deal_defaults) == (None, {})


def test_a_way_that_is_none_is_refused_by_the_rule_as_well(app: Flask):
    for ways in ([], ["gold"], ["cash", "gold"]):
        with refused(BadInput):
            factories.make_draft(factories.make_leader(), ways=ways)


def test_a_way_that_was_switched_off_is_not_shown_and_goes_with_the_next_saving(app: Flask):
    leader = factories.make_leader()
    draft = factories.make_draft(leader, ways=["alipay", "sandbox"])
    client = desk(app, leader)
    edit = f"/lead/deals/{draft.slug}/edit"
    assert ticked(client.get(edit)) == {"cash": False, "sandbox": True}
    assert not alipay.is_on()
    assert press(client, edit, "save", **whole(leader, ways="sandbox")).status_code == 303
    db.session.expire_all()
    assert draft.ways == ["sandbox"]


def test_the_ways_of_an_open_deal_change_for_what_begins_from_now_on(app: Flask):
    deal = two_kinds()
    neighbour = with_cart(app, deal)
    assert send(neighbour, deal, filled(neighbour, deal, way="sandbox")).status_code == 303
    client = desk(app, deal.leader)
    edit = f"/lead/deals/{deal.slug}/edit"
    assert press(client, edit, "save", ways="cash").location == edit
    db.session.expire_all()
    assert deal.ways == ["cash"]
    assert ticked(client.get(edit)) == {"cash": True, "sandbox": False}
    [order] = orders()
    assert (order.way, order.state) == ("sandbox", "pending")
    pay = f"/o/{order.number}/pay"
    assert neighbour.post(pay, data={"way": "sandbox"}).status_code == 422
    assert neighbour.post(pay, data={"way": "cash"}).status_code == 303
    [entry] = logged("deal_ways")
    assert (entry.subject, entry.detail) == (f"deal:{deal.id}", {"ways": ["cash"]})
    assert press(client, edit, "save", ways="cash").status_code == 303
    assert len(logged("deal_ways")) == 1
    assert_everything_true()


def test_the_usual_ways_are_a_setting_of_the_leaders(app: Flask):
    leader = factories.make_leader()
    client = desk(app, leader)
    assert ticked(client.get(DEFAULTS)) == {"cash": True, "sandbox": True}
    form = {"share_by": "payment", "ways": ["cash"]}
    assert client.post(DEFAULTS, data=form).status_code == 303
    db.session.refresh(leader)
    assert leader.deal_defaults["ways"] == ["cash"]
    assert ticked(client.get(DEFAULTS)) == {"cash": True, "sandbox": False}
    assert ticked(client.get(NEW, headers=EN)) == {"cash": True, "sandbox": False}
    assert client.post(DEFAULTS, data=form | {"ways": ["cash", "sandbox"]}).status_code == 303
    db.session.refresh(leader)
    assert "ways" not in leader.deal_defaults
