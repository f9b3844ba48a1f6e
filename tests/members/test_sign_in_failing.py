"""A database that fails for a moment while somebody signs in costs them nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError

from groupbuy.extensions import db
from groupbuy.orders.cart import cart_of
from tests.fakes.texting import FakeTexting
from tests.members.browser import Browser, last_code, prove, wang
from tests.members.test_deal_page import open_deal


@contextmanager
def busy(statement: str) -> Iterator[None]:
    """As long as it lasts, statements that begin like this find the database locked."""

    def refuse(_connection: Any, _cursor: Any, text: str, *_more: Any) -> None:
        if text.startswith(statement):
            raise OperationalError(text, {}, Exception("database is locked"))

    sa.event.listen(db.engine, "before_cursor_execute", refuse)
    yield
    sa.event.remove(db.engine, "before_cursor_execute", refuse)


def test_the_code_still_lets_in_and_the_cart_is_still_there(app: Flask, texting: FakeTexting):
    user, browser, deal = wang(), Browser(app), open_deal()
    db.session.commit()
    with browser.client.session_transaction() as session:
        session["carts"] = {str(deal.id): {str(deal.items[0].id): [2, 3780]}}
    with busy("INSERT INTO device"):
        assert prove(browser, texting).status_code == 503
    assert not browser.is_in()
    assert browser.post("/sign-in/code", code=last_code(texting)).location == "/me"
    assert browser.is_in()
    assert cart_of(user.id, deal)[deal.items[0].id].pieces == 2
    with browser.client.session_transaction() as session:
        assert "carts" not in session


def test_a_code_that_could_not_be_checked_is_not_used_up(app: Flask, texting: FakeTexting):
    wang()
    browser = Browser(app)
    with busy("UPDATE one_time_code SET expires_at"):
        prove(browser, texting)
    assert browser.answer.status_code == 503
    assert browser.post("/sign-in/code", code=last_code(texting)).location == "/me"
