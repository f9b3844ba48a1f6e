from __future__ import annotations

import logging
import re

import pytest
from flask import abort, request
from flask.testing import FlaskClient
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError

from groupbuy.access import policy
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.extensions import limiter
from groupbuy.pages import HEADERS
from tests.pages.reading import words
from tests.pages.test_around_a_page import an_app


class NotToday(RuleBroken):
    """A refusal of these tests."""

    message = "今天不行：%(why)s"


@pytest.fixture
def client(tmp_path) -> FlaskClient:
    """A client of an application with routes that go wrong, as it runs in production."""
    app = an_app(tmp_path, TESTING=False, RATELIMIT_ENABLED=True, PROPAGATE_EXCEPTIONS=False)

    @app.get("/wrong/<int:status>")
    @policy("public")
    def wrong(status: int) -> str:
        abort(status)

    @app.get("/wrong/rule")
    @policy("public")
    def rule() -> str:
        raise NotToday(why="<b>下雨</b>")

    @app.get("/wrong/input")
    @policy("public")
    def unreadable() -> str:
        raise BadInput("phone", "请填 11 位手机号。")

    @app.get("/wrong/form")
    @policy("public")
    def form() -> str:
        raise CSRFError("The CSRF token has expired.")

    @app.get("/wrong/bug/<secret>")
    @policy("public")
    def bug(secret: str) -> str:
        raise KeyError("SECRET_KEY")

    @app.get("/wrong/often")
    @policy("public")
    @limiter.limit("1 per minute")
    def often() -> str:
        return "once"

    @app.get("/wrong/locked/<sqlstate>")
    @policy("public")
    def locked(sqlstate: str) -> str:
        lost = type("Lost", (Exception,), {"sqlstate": sqlstate})("canceled")
        raise OperationalError("SELECT 1", {}, lost)

    @app.post("/wrong/large")
    @policy("public")
    def large() -> bytes:
        return request.get_data()

    return app.test_client()  # outside an app context: it would keep the first request's language


@pytest.mark.parametrize(
    ("status", "chinese", "english"),
    [
        (400, "这个请求看不懂", "This request cannot be read"),
        (403, "您不能打开这一页", "You may not open this page"),
        (404, "这里什么也没有", "Nothing is here"),
        (405, "这一页做不了这件事", "This page cannot do that"),
        (409, "现在做不了", "That is not possible now"),
        (410, "这个链接已经结束了", "This link has ended"),
        (413, "太大了，传不上来", "That is too large to send"),
        (418, "没有成功", "This did not work"),
        (422, "有一处没填对", "Something is not filled in correctly"),
        (429, "点得太快了", "That was a bit too often"),
        (500, "我们这边出错了", "Something went wrong here"),
        (503, "现在下单的人特别多", "Very many people are ordering right now"),
        (502, "没有成功", "This did not work"),
    ],
)
def test_an_error_says_in_plain_words_what_to_do(
    client: FlaskClient, status: int, chinese: str, english: str
):
    for lang, title in (("zh", chinese), ("en", english)):
        answer = client.get(f"/wrong/{status}?lang={lang}")
        assert answer.status_code == status
        assert title in words(answer)
        assert str(status) not in words(answer)  # no system words
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.mimetype == "text/html"


def test_a_refusal_is_told_in_its_own_sentence_and_escaped(client: FlaskClient):
    answer = client.get("/wrong/rule")
    assert answer.status_code == 409
    assert "今天不行：&lt;b&gt;下雨&lt;/b&gt;" in answer.text


def test_input_that_cannot_be_read_is_422_with_its_sentence(client: FlaskClient):
    answer = client.get("/wrong/input")
    assert answer.status_code == 422
    assert "请填 11 位手机号。" in words(answer)


def test_a_form_that_waited_too_long_is_explained(client: FlaskClient):
    answer = client.get("/wrong/form")
    assert answer.status_code == 400
    assert "这一页打开太久了" in words(answer)
    assert "CSRF" not in answer.text


def test_a_wrong_method_says_which_are_right(client: FlaskClient):
    answer = client.post("/wrong/409")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_too_often_says_when_to_come_back(client: FlaskClient):
    assert client.get("/wrong/often").text == "once"
    answer = client.get("/wrong/often")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert client.get("/wrong/429").headers["Retry-After"] == "60"


def test_too_much_is_413(client: FlaskClient):
    answer = client.post("/wrong/large", data=b"x" * (16 * 1024 * 1024 + 1))
    assert answer.status_code == 413


def test_a_bug_shows_a_reference_that_is_logged_and_nothing_else(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.ERROR):
        answer = client.get("/wrong/bug/key-in-the-path")
    assert answer.status_code == 500
    assert "KeyError" not in answer.text
    assert "SECRET_KEY" not in answer.text
    for name in HEADERS:
        assert name in answer.headers
    (reference,) = re.findall(r"<b>([0-9a-z]{8})</b>", answer.text)
    (record,) = caplog.records
    assert reference in record.getMessage()
    assert "key-in-the-path" not in record.getMessage()
    assert record.exc_info is not None


def test_a_lock_that_others_held_too_long_asks_to_try_again(client: FlaskClient):
    answer = client.get("/wrong/locked/55P03")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "3"
    assert "再点一次就好" in words(answer)


def test_any_other_failure_of_the_database_is_a_fault_of_ours(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
):
    answer = client.get("/wrong/locked/42P01")
    assert answer.status_code == 500
    (reference,) = re.findall(r"<b>([0-9a-z]{8})</b>", answer.text)
    assert reference in caplog.text
