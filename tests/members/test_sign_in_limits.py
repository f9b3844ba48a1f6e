"""Every door has a limit: per address that somebody asks from, and per person they ask for."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.members.browser import PHONE, Browser
from tests.pages.reading import words


def until_refused(app: Flask, path: str, most: int, **fields: str) -> int:
    """How often the door opens."""
    browser = Browser(app)
    for number in range(most):
        values = {name: value.format(number) for name, value in fields.items()}
        if browser.post(path, **values).status_code == 429:
            assert "That was a bit too often" in words(browser.answer)
            assert int(browser.answer.headers["Retry-After"]) > 0
            return number
    return most


def test_passwords_of_one_person_are_tried_ten_times_however_it_is_typed(limited: Flask):
    assert until_refused(limited, "/sign-in/password", 12, to=PHONE, password="wrong") == 10
    answer = Browser(limited).post("/sign-in/password", to=f"+86 {PHONE}", password="wrong")
    assert answer.status_code == 429
    answer = Browser(limited).post("/sign-in/password", to="13900000000", password="wrong")
    assert answer.status_code == 422


def test_passwords_are_tried_thirty_times_from_one_address(limited: Flask):
    tried = until_refused(limited, "/sign-in/password", 32, to="139000000{:02}", password="")
    assert tried == 30


@pytest.mark.parametrize("path", ["/sign-in", "/register", "/sign-in/forgotten"])
def test_codes_are_sent_twenty_times_from_one_address(limited: Flask, path: str):
    limited.config["SMS_SENDER"] = ""
    assert until_refused(limited, path, 22, to="139000000{:02}") == 20
    for other in ("/sign-in", "/register", "/sign-in/forgotten", "/sign-in/code/again"):
        assert Browser(limited).post(other, to="13700000000").status_code == 429


def test_codes_to_one_person_are_counted_over_all_doors(limited: Flask):
    limited.config["SMS_SENDER"] = ""
    assert until_refused(limited, "/sign-in", 6, to=PHONE) == 5
    assert Browser(limited).post("/register", to=PHONE).status_code == 429
    assert Browser(limited).post("/register", to="13700000000").status_code == 422


def test_codes_are_entered_thirty_times_from_one_address(limited: Flask):
    assert until_refused(limited, "/sign-in/code", 32, code="123456") == 30
