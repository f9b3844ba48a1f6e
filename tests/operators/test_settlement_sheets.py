"""An operator opens the settlement sheet of any deal, as its leader does."""

from __future__ import annotations

import io

import openpyxl
import pytest

from groupbuy.settlement import settling, sheet
from tests.leaders.orders import EN, at_desk, open_deal
from tests.operators.desks import as_user, logged, make_operator
from tests.pages.reading import statements, words
from tests.settlement.stage import OVER, a_leader, credited, sold

PAGE = "/operator/settlement"


@pytest.fixture
def operator(app):
    operator = make_operator()
    operator.locale = "en"
    return operator


@pytest.fixture
def browser(app, operator):
    return as_user(app, operator)


def test_an_operator_sees_the_numbers_that_the_leader_sees(app, browser):
    deal = credited()
    own = at_desk(app, deal.leader).get(f"/lead/settlement/{deal.slug}", headers=EN)
    page = browser.get(f"{PAGE}/deals/{deal.slug}", headers=EN)
    figures = "Sales ¥30.00"
    assert figures in words(own)
    assert figures in words(page)
    for name in (*sheet.BY_NAME, "net"):
        assert f"{PAGE}/deals/{deal.slug}?of={name}" in page.text
    opened = browser.get(f"{PAGE}/deals/{deal.slug}?of=gross", headers=EN)
    assert "Entries behind “Sales”" in words(opened)
    assert "Handed over" in words(opened)
    assert "/operator/orders/" in opened.text
    assert "/lead/" not in opened.text


def test_a_settled_sheet_keeps_its_numbers_and_shows_what_came_after(browser):
    deal = credited()
    settling.settle(deal, by_id=None, now=OVER)
    assert "Settled" in words(browser.get(f"{PAGE}/deals/{deal.slug}", headers=EN))


def test_the_sheet_is_found_from_the_leader_and_from_the_deal(browser):
    deal, other = sold(), open_deal()
    its = f"{PAGE}/deals/{deal.slug}"
    assert its in browser.get(f"{PAGE}/leaders/{deal.leader_id}").text
    assert its in browser.get(f"/operator/deals/{deal.slug}").text
    assert f"{PAGE}/deals/{other.slug}" not in browser.get(f"/operator/deals/{other.slug}").text


def test_many_deals_of_a_leader_take_as_many_statements_as_one(browser):
    leader = a_leader()
    sold((1,), leader=leader)
    page = f"{PAGE}/leaders/{leader.id}"
    browser.get(page)
    with statements() as few:
        browser.get(page)
    for _ in range(4):
        sold((1,), leader=leader)
    browser.get(page)
    with statements() as many:
        browser.get(page)
    assert len(many) == len(few)


def test_the_workbook_is_downloaded_and_that_is_written_down(browser, operator):
    deal = sold()
    answer = browser.post(f"{PAGE}/deals/{deal.slug}/sheet.xlsx", headers=EN)
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["Figures", "Entries"]
    [entry] = logged("settlement_exported")
    assert (entry.actor_id, entry.leader_id) == (operator.id, deal.leader_id)
    assert entry.detail == {"entries": book["Entries"].max_row - 1}


def test_nobody_but_an_operator_opens_it(app, browser):
    deal = sold()
    for path in (f"{PAGE}/deals/{deal.slug}", f"{PAGE}/deals/{deal.slug}?of=gross"):
        assert at_desk(app, deal.leader).get(path).status_code == 404
    for odd in ("nothing", "a.b", "x" * 300):
        assert browser.get(f"{PAGE}/deals/{odd}").status_code == 404
