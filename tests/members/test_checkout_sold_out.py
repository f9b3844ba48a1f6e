"""Too late: what is sold out while somebody is at the checkout."""

from __future__ import annotations

import pytest
from flask import Flask

from groupbuy.core import clock
from groupbuy.extensions import db
from tests.factories import make_member, make_order
from tests.members.test_cart import two_kinds
from tests.members.test_checkout import filled, orders, send, with_cart
from tests.pages.reading import words


def test_sold_out_while_it_was_in_the_cart(app: Flask):
    deal = two_kinds(stock=2)
    client = with_cart(app, deal)
    fields = filled(client, deal)
    make_order(deal, 2, member=make_member(deal.leader), now=clock.now())
    db.session.commit()
    answer = send(client, deal, fields)
    assert answer.status_code == 409
    assert "只剩 0 份" in words(answer) or "只剩 0" in words(answer)
    assert "王芳" in answer.text
    assert len(orders()) == 1
    kept = fields | {f"q-{deal.items[0].id}": "0"}
    assert send(client, deal, kept).status_code == 303


def test_when_nothing_is_left_of_anything_the_answer_is_short(app: Flask):
    deal = two_kinds(stock=2)
    client = with_cart(app, deal)
    fields = filled(client, deal) | {f"q-{deal.items[1].id}": "0"}
    make_order(deal, 2, member=make_member(deal.leader), now=clock.now())
    db.session.commit()
    answer = send(client, deal, fields)
    assert answer.status_code == 409
    assert deal.items[0].name in words(answer)
    assert 'id="checkout"' not in answer.text
    assert len(orders()) == 1


def test_a_second_tap_for_the_last_piece_finds_the_order(app: Flask):
    deal = two_kinds(stock=1)
    client = with_cart(app, deal)
    fields = filled(client, deal) | {f"q-{deal.items[1].id}": "0"}
    first, second = send(client, deal, fields), send(client, deal, fields)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location


def test_what_was_kept_a_moment_ago_promises_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(app.config, "KEPT_SECONDS", 60)
    deal = two_kinds(stock=2)
    client = with_cart(app, deal)
    fields = filled(client, deal) | {f"q-{deal.items[1].id}": "0"}
    make_order(deal, 2, member=make_member(deal.leader), now=clock.now())
    db.session.commit()
    answer = send(client, deal, fields)  # what is kept still says two
    assert answer.status_code == 409
    assert "只剩 0" in words(answer)
    assert len(orders()) == 1
