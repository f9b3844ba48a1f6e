"""The leader's and the operator's pages about settling."""

from __future__ import annotations

import io

import openpyxl
import pytest
import sqlalchemy as sa

from groupbuy.catalog.models import Supplier
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.settlement import cash, payouts, settling, sheet
from groupbuy.settlement.models import CashHandover, Payout
from tests import factories
from tests.checks import count
from tests.leaders.orders import EN, at_desk, helper_of, open_deal
from tests.operators.desks import as_user, logged, make_operator
from tests.pages.reading import statements, words
from tests.settlement.stage import OVER, a_leader, credited, sold

KEY = "k" * 24
LEAD, OFFICE = "/lead/settlement", "/operator/settlement"


def reported(leader, fen: int = 1000) -> CashHandover:
    by = {"by_id": leader.user_id, "now": clock.now()}
    return cash.report(leader, fen, "给了小陈", form_key=KEY, **by)


def wished(leader, fen: int = 300) -> Payout:
    return payouts.ask_commission(leader, fen, form_key=KEY, by_id=leader.user_id, now=clock.now())


def office(app):
    operator = make_operator()
    operator.locale = "en"
    return as_user(app, operator)


def test_a_leader_sees_what_the_deals_brought(app):
    leader = credited().leader
    sold((1,), leader=leader)
    said = words(at_desk(app, leader).get(LEAD, headers=EN))
    assert "Commission you can ask for ¥3.00" in said
    assert "Commission on hold ¥1.00" in said
    assert "Cash in your hands ¥40.00" in said


def test_a_new_leader_is_told_what_will_stand_there(app):
    said = words(at_desk(app, factories.make_leader()).get(LEAD, headers=EN))
    assert "Deals stand here once they have closed" in said


def test_too_much_cash_is_warned_of(app):
    leader = sold().leader
    leader.cash_limit_fen = 2999
    assert "more than the ¥29.99 agreed" in words(at_desk(app, leader).get(LEAD, headers=EN))
    leader.cash_limit_fen = 3000
    assert "agreed" not in words(at_desk(app, leader).get(LEAD, headers=EN))


def test_cash_is_reported_once_per_form(app):
    leader = sold().leader
    client = at_desk(app, leader)
    form = {"cash-amount": "10", "cash-note": "给了小陈", "cash-key": KEY}
    for _ in range(2):
        assert client.post(f"{LEAD}/cash", data=form).status_code == 303
    assert count(CashHandover) == 1
    said = words(client.get(LEAD, headers=EN))
    assert "¥10.00 of it reported as handed over" in said
    assert "给了小陈" in said


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ("", 422, "Say how much."),
        ("x", 422, "An amount looks like"),
        ("-1", 422, "An amount looks like"),
        ("0", 422, "Say how much it was."),
        ("30.01", 409, "¥30.00 in cash are in hand"),
        ("9999999.99", 409, "¥30.00 in cash are in hand"),
    ],
)
def test_what_cannot_be_handed_over_is_said_at_the_field_and_kept(app, typed, status, said):
    client = at_desk(app, sold().leader)
    form = {"cash-amount": typed, "cash-key": KEY}
    answer = client.post(f"{LEAD}/cash", data=form, headers=EN)
    assert answer.status_code == status
    assert said in words(answer)
    assert f'value="{typed}"' in answer.text
    assert count(CashHandover) == 0


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "键" * 20, "a b" * 10])
def test_a_form_without_a_readable_key_is_asked_for_once_more(app, key):
    client = at_desk(app, sold().leader)
    form = {"cash-amount": "1", "cash-key": key}
    answer = client.post(f"{LEAD}/cash", data=form, headers=EN)
    assert answer.status_code == 422
    assert "Please send it once more." in words(answer)
    assert count(CashHandover) == 0


def test_commission_is_asked_for(app):
    leader = credited().leader
    client = at_desk(app, leader)
    form = {"payout-amount": "3", "payout-key": KEY}
    assert client.post(f"{LEAD}/payout", data=form).status_code == 303
    assert "Commission you can ask for ¥0.00" in words(client.get(LEAD, headers=EN))
    more = {"payout-amount": "0.01", "payout-key": KEY[::-1].replace("k", "m")}
    answer = client.post(f"{LEAD}/payout", data=more, headers=EN)
    assert answer.status_code == 409
    assert "At most ¥0.00 can be paid out now." in words(answer)
    assert count(Payout) == 1


def test_each_number_of_a_sheet_opens_its_entries(app):
    deal = credited()
    client = at_desk(app, deal.leader)
    page = client.get(f"{LEAD}/{deal.slug}", headers=EN)
    assert "Sales ¥30.00" in words(page)
    for name in (*sheet.BY_NAME, "net"):
        opened = client.get(f"{LEAD}/{deal.slug}?of={name}", headers=EN)
        assert f"of={name}" in page.text
        assert "Entries behind" in words(opened)
    sold = client.get(f"{LEAD}/{deal.slug}?of=gross", headers=EN)
    assert "Handed over to the neighbour" in words(sold)


@pytest.mark.parametrize("query", ["?of=x", "?of=discounts", "?of=gross&before=x", "?of="])
def test_odd_queries_show_the_sheet(app, query):
    deal = sold()
    assert at_desk(app, deal.leader).get(f"{LEAD}/{deal.slug}{query}").status_code == 200


def test_a_settled_sheet_says_when_and_what_came_after(app):
    deal = credited()
    settling.settle(deal, by_id=None, now=OVER)
    said = words(at_desk(app, deal.leader).get(f"{LEAD}/{deal.slug}", headers=EN))
    assert "Settled" in said
    assert "After the settlement" in said


def test_the_workbook_holds_figures_and_entries_and_is_written_down(app):
    deal = credited()
    deal.title = "=1+1"
    answer = at_desk(app, deal.leader).post(f"{LEAD}/{deal.slug}/sheet.xlsx", headers=EN)
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    figures, entries = book.worksheets
    told = {row[0].value: row[1].value for row in figures.iter_rows(min_row=3)}
    assert told["Sales"] == 30
    assert sum(row[5].value for row in entries.iter_rows(min_row=2)) == 0
    [log] = logged("settlement_exported")
    assert log.detail == {"entries": entries.max_row - 1}


def test_another_leaders_sheet_is_not_there_nor_for_helpers(app):
    deal, other = sold(), factories.make_leader()
    for somebody in (other, helper_of(deal.leader, orders=True, pickup=True)):
        client = at_desk(app, somebody)
        assert client.get(f"{LEAD}/{deal.slug}").status_code == 404
        assert client.post(f"{LEAD}/{deal.slug}/sheet.xlsx").status_code == 404


def test_fifty_deals_take_as_many_statements_as_five(app):
    leader = a_leader()

    def asked() -> int:
        client = at_desk(app, leader)
        with statements() as said:
            client.get(LEAD)
        return len(said)

    for _ in range(5):
        factories.close(open_deal(leader=leader))
    asked()
    few = asked()
    for _ in range(20):
        factories.close(open_deal(leader=leader))
    assert asked() == few


def test_the_operator_confirms_cash(app):
    leader = sold().leader
    handover, client = reported(leader), office(app)
    assert "给了小陈" in words(client.get(OFFICE))
    assert client.post(f"{OFFICE}/cash/{handover.id}/confirm").status_code == 303
    assert client.post(f"{OFFICE}/cash/{handover.id}/confirm").status_code == 409
    assert cash.in_hand_fen(leader) == 2000


def test_the_operator_refuses_cash_with_a_reason(app):
    leader = sold().leader
    handover, client = reported(leader), office(app)
    assert client.post(f"{OFFICE}/cash/{handover.id}/refuse").status_code == 422
    form = {"because": "没收到"}
    assert client.post(f"{OFFICE}/cash/{handover.id}/refuse", data=form).status_code == 303
    assert "没收到" in words(at_desk(app, leader).get(LEAD))


def test_a_payout_is_approved_and_paid(app):
    leader = credited().leader
    payout, client = wished(leader), office(app)
    pay = f"{OFFICE}/payouts/{payout.id}/pay"
    assert client.post(pay, data={"reference": "B1"}).status_code == 409
    assert client.post(f"{OFFICE}/payouts/{payout.id}/approve").status_code == 303
    assert "The bank has paid" in words(client.get(OFFICE))
    assert client.post(pay, data={"reference": " "}).status_code == 422
    assert client.post(pay, data={"reference": "B1"}).status_code == 303
    assert payouts.owed_fen(leader) == 0
    assert "B1" in words(at_desk(app, leader).get(LEAD))


def test_a_payout_is_refused_with_a_reason(app):
    payout, client = wished(credited().leader), office(app)
    assert client.post(f"{OFFICE}/payouts/{payout.id}/refuse").status_code == 422
    form = {"because": "账号不对"}
    assert client.post(f"{OFFICE}/payouts/{payout.id}/refuse", data=form).status_code == 303


def test_the_operator_sees_who_has_too_much_cash(app):
    leader = sold().leader
    leader.cash_limit_fen = 1
    assert "above the limit" in words(office(app).get(OFFICE))


def test_the_operator_sets_rate_and_limit(app):
    leader, client = sold().leader, office(app)
    address = f"{OFFICE}/leaders/{leader.id}"
    form = {"commission": "8.5", "cash_limit": "2000"}
    assert client.post(f"{address}/terms", data=form).status_code == 303
    db.session.refresh(leader)
    assert (leader.commission_bp, leader.cash_limit_fen) == (850, 200_000)
    page = client.get(address).text
    assert 'value="8.5"' in page
    assert 'value="2000.00"' in page
    for odd in ({"commission": "101"}, {"commission": ""}, {"commission": "1", "cash_limit": "x"}):
        assert client.post(f"{address}/terms", data=odd).status_code == 422
    assert client.post(f"{address}/terms", data={"commission": "0"}).status_code == 303
    db.session.refresh(leader)
    assert (leader.commission_bp, leader.cash_limit_fen) == (0, None)


def test_the_rate_of_a_deal_is_set_until_it_closes(app):
    deal, client = open_deal(), office(app)
    address = f"{OFFICE}/deals/{deal.slug}/rate"
    assert client.post(address, data={"rate": "x"}).status_code == 422
    assert client.post(address, data={"rate": "12"}).status_code == 303
    assert db.session.scalars(sa.select(Deal.commission_bp)).one() == 1200
    assert client.post(address, data={"rate": ""}).status_code == 303
    assert db.session.scalars(sa.select(Deal.commission_bp)).one() is None
    factories.close(deal)
    db.session.commit()
    assert client.post(address, data={"rate": "1"}).status_code == 409


def test_a_supplier_is_paid_by_two_operators(app):
    leader, asker, other = sold().leader, office(app), office(app)
    supplier_id = leader_supplier(leader)
    address = f"{OFFICE}/suppliers/{supplier_id}/payout"
    form = {"amount": "30", "key": KEY}
    assert "¥30.00" in words(asker.get(f"{OFFICE}/leaders/{leader.id}"))
    assert asker.post(address, data=form | {"amount": "x"}).status_code == 422
    assert asker.post(address, data=form | {"key": ""}).status_code == 422
    assert asker.post(address, data=form | {"amount": "30.01"}).status_code == 409
    assert asker.post(address, data=form).status_code == 303
    payout = db.session.scalars(sa.select(Payout)).one()
    approve = f"{OFFICE}/payouts/{payout.id}/approve"
    assert asker.post(approve).status_code == 409
    assert other.post(approve).status_code == 303


def leader_supplier(leader) -> int:
    own = sa.select(Supplier.id).where(Supplier.leader_id == leader.id)
    return db.session.scalars(own).one()


@pytest.mark.parametrize(
    "act",
    [
        *("cash/x/confirm", "cash/999999/refuse", "payouts/0/approve", "payouts/x/pay"),
        *("payouts/999999/refuse", "leaders/999999/terms", "suppliers/x/payout"),
        *("deals/nothing/rate", "deals/%00/rate"),
    ],
)
def test_what_is_not_there_is_not_found(app, act):
    assert office(app).post(f"{OFFICE}/{act}").status_code == 404


def test_only_operators_open_the_office(app):
    leader = sold().leader
    handover = reported(leader)
    client = at_desk(app, leader)
    assert client.get(OFFICE).status_code == 404
    assert client.post(f"{OFFICE}/cash/{handover.id}/confirm").status_code == 404
