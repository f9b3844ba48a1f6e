"""The page behind the QR code on a printed purchase list."""

from __future__ import annotations

import pytest
from flask import Flask

from groupbuy.core.tokens import sign
from groupbuy.pickup import arrival
from tests.pages.reading import statements, words
from tests.pickup.rows import ARRIVED, closed_deal, lists_of


def test_the_paper_opens_what_was_asked_for_and_what_came(app: Flask) -> None:
    [purchase_list] = lists_of(closed_deal((4, 2), (3, 0)))
    address = f"/p/count-in/{sign('count-in', purchase_list.number)}"
    shown = words(app.test_client().get(address))
    assert purchase_list.number in shown
    assert "还没清点" in shown
    assert "– / 7" in shown

    first, second = purchase_list.current.lines
    arrival.count_in(purchase_list, {first.id: (7, 1), second.id: (2, 0)}, by_id=None, now=ARRIVED)
    with statements() as sent:
        answer = app.test_client().get(address)
    shown = words(answer)
    assert "6 / 7" in shown
    assert "其中损坏 1" in shown
    assert len(sent) <= 8
    assert "张伟" not in shown  # nobody's name is on it
    assert answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("token", ["x", "\x00", "a" * 5000, "%F0%9F"])
def test_what_we_did_not_sign_opens_nothing(app: Flask, token: str) -> None:
    assert app.test_client().get(f"/p/count-in/{token}").status_code == 404


def test_a_token_made_for_something_else_opens_nothing(app: Flask) -> None:
    [purchase_list] = lists_of(closed_deal((1,)))
    other = sign("supplier-list", purchase_list.number)
    assert app.test_client().get(f"/p/count-in/{other}").status_code == 404
    odd = sign("count-in", {"list": purchase_list.id})
    assert app.test_client().get(f"/p/count-in/{odd}").status_code == 404
