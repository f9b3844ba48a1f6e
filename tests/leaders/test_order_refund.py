"""A leader gives money back from the page of an order, or of many at once."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from groupbuy.extensions import db
from groupbuy.payments.models import Refund, RefundProposal
from tests import factories
from tests.checks import assert_everything_true, count
from tests.leaders.orders import EN, at_desk
from tests.pages.reading import words
from tests.pickup.rows import closed_deal, orders_of


@pytest.fixture
def deal(app):
    """Closed: #1 ordered 2 of ¥10, #2 ordered 30 of them."""
    yield closed_deal((2,), (30,))
    assert_everything_true()


def form_of(page) -> dict[str, str]:
    """The hidden fields of the form that carries out."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return dict(found) | {"because": "坏了"}


def at(app, deal, number: int = 0):
    order = orders_of(deal)[number]
    path = f"/lead/deals/{deal.slug}/orders/{order.number}/refund"
    line_id = order.lines[0].id
    return at_desk(app, deal.leader), path, line_id


def test_the_sum_is_shown_before_and_given_once(app, deal):
    client, path, line_id = at(app, deal)
    page = client.get(f"{path}?pieces-{line_id}=1", headers=EN)
    assert "costs ¥10.00 less, ¥10.00 of it go back" in words(page)
    assert count(Refund) == 0
    assert client.post(path, data=form_of(page), headers=EN).status_code == 303
    assert count(Refund) == 1


def test_the_same_form_twice_gives_once(app, deal):
    client, path, line_id = at(app, deal)
    fields = {f"pieces-{line_id}": "1", "seen": "1000", "because": "坏了", "nonce": "n" * 20}
    for said in ("costs ¥10.00 less", "done already"):
        page = client.post(path, data=fields, headers=EN, follow_redirects=True)
        assert said in words(page)
    assert count(Refund) == 1


def test_the_whole_order_is_one_tap_away(app, deal):
    client, path, _line_id = at(app, deal)
    page = client.get(f"{path}?whole=1", headers=EN)
    assert "costs ¥20.00 less" in words(page)
    client.post(path, data=form_of(page), headers=EN)
    assert orders_of(deal)[0].state == "cancelled"


def test_above_the_limit_it_is_proposed(app, deal):
    client, path, _line_id = at(app, deal, 1)
    page = client.get(f"{path}?whole=1", headers=EN)
    assert "until a second person agrees" in words(page)
    page = client.post(path, data=form_of(page), headers=EN, follow_redirects=True)
    assert "is proposed" in words(page)
    assert (count(RefundProposal), count(Refund)) == (1, 0)
    assert "wait for a second person" in words(client.get(path, headers=EN))


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"pieces": "3", "seen": "3000"}, 422),
        ({"pieces": "-1", "seen": "0"}, 422),
        ({"pieces": "eins", "seen": "0"}, 422),
        ({"pieces": "1", "seen": "999"}, 409),
        ({"pieces": "1", "seen": "x"}, 409),
        ({"pieces": "1", "seen": "1000", "because": " "}, 422),
        ({"yuan": "0.01", "seen": "1"}, 409),
        ({"yuan": "1e3", "seen": "1"}, 422),
        ({}, 409),
    ],
)
def test_wrong_input_gives_nothing(app, deal, typed, status):
    client, path, line_id = at(app, deal)
    fields = {"because": "坏", "nonce": "n" * 20}
    for name, value in typed.items():
        fields[f"{name}-{line_id}" if name in ("pieces", "yuan") else name] = value
    assert client.post(path, data=fields, headers=EN).status_code == status
    assert client.post(path, data=fields | {"nonce": "?"}, headers=EN).status_code == 404
    assert count(Refund) == 0


def test_somebody_elses_order_is_missing(app, deal):
    _client, path, _line_id = at(app, deal)
    stranger = at_desk(app, factories.make_leader())
    assert stranger.get(path).status_code == 404
    assert stranger.post(path).status_code == 404


def test_many_whole_orders_go_back_after_a_preview(app, deal):
    client, _path, _line_id = at(app, deal)
    address = f"/lead/deals/{deal.slug}/orders/batch"
    ids = [order.id for order in orders_of(deal)]
    page = client.get(address, query_string={"act": "refund", "order": ids}, headers=EN)
    said = words(page)
    assert "1 whole order is given back: ¥20.00" in said
    assert "a second person must agree" in said
    fields = form_of(page)
    assert client.post(address, data=fields | {"because": ""}, headers=EN).status_code == 422
    for said in ("1 order was given back, ¥20.00", "done already"):
        page = client.post(address, data=fields, headers=EN, follow_redirects=True)
        assert said in words(page)
    states = [order.state for order in orders_of(deal)]
    assert states == ["cancelled", "confirmed"]
    assert db.session.scalars(sa.select(Refund.amount_fen)).all() == [2000]
