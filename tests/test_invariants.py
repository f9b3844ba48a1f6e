"""Each invariant notices when it is broken behind the back of all rules."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy import invariants, jobs
from groupbuy.core.db import on_postgresql, transaction
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.payments import earning, ledger
from groupbuy.payments.ledger import Leg
from groupbuy.pickup import bags
from tests import factories
from tests.checks import assert_everything_true, run_sql
from tests.conftest import NOON

# invariant -> SQL that breaks it; {order}, {line}, {item} ... are ids of the closed deal
BREAKING = {
    "I1": "INSERT INTO ledger_txn (idem_key, kind, at) VALUES ('x', 'x', '2035-05-13 00:00:00')",
    "I2": "UPDATE deal_item SET sold = sold + 1",
    "I2b": "UPDATE customer_order SET state = 'cancelled' WHERE id = {order}",
    "I3": "UPDATE customer_order SET paid_fen = paid_fen + 1 WHERE id = {order}",
    "I3b": "UPDATE payment SET amount_fen = amount_fen + 1 WHERE order_id = {order}",
    "I3c": "UPDATE customer_order SET due_fen = due_fen + 1 WHERE id = {order}",
    "I4": "INSERT INTO refund (leader_id, order_id, payment_id, out_refund_no, state, amount_fen,"
    " why, requested_at) SELECT leader_id, order_id, id, 'R', 'requested', amount_fen + 1, 'x',"
    " begun_at FROM payment WHERE order_id = {order}",
    "I6": "UPDATE purchase_list SET current_revision = 2",
    "I6b": "UPDATE order_line SET quantity = quantity + 1 WHERE order_id = {order}",
    "I7": "UPDATE order_line SET picked_pieces = 1 WHERE order_id = {order}",
    "I7b": "UPDATE arrival_line SET damaged = received",
    "I8": "UPDATE order_line SET earned_fen = earned_fen + 1 WHERE order_id = {order}",
    "I8b": "UPDATE order_line SET earned_fen = earned_fen + 1 WHERE order_id = {order}",
    "I9": "INSERT INTO refund (leader_id, order_id, payment_id, out_refund_no, state, amount_fen,"
    " why, requested_at) SELECT leader_id, order_id, id, 'R', 'requested', 1, 'x',"
    " begun_at FROM payment WHERE order_id = {order}",
    "I10": "UPDATE order_line SET commission_fen = 1 WHERE order_id = {order}",
    "I10b": "UPDATE order_line SET commission_fen = 1 WHERE order_id = {order}",
    "I11": "INSERT INTO cash_handover (leader_id, state, amount_fen, note, form_key, reported_at,"
    " reported_by_id, decided_because) SELECT id, 'confirmed', 1, '', 'k', created_at, user_id, ''"
    " FROM leader",
    "I12": "UPDATE customer_order SET state = 'fulfilled' WHERE id = {order}",
    "I12b": "INSERT INTO order_event (leader_id, order_id, at, kind, from_state, to_state, why)"
    " SELECT leader_id, id, placed_at, 'x', 'pending', state, '' FROM customer_order"
    " WHERE id = {order}",
    "I14": "INSERT INTO ledger_entry (txn_id, leader_id, account, of_id, fen)"
    " SELECT MAX(id), NULL, 'suspense', 0, -5 FROM ledger_txn WHERE kind = 'suspense'",
    "I14b": "INSERT INTO ledger_entry (txn_id, leader_id, account, of_id, fen)"
    " SELECT MAX(id), NULL, 'suspense', 0, 5 FROM ledger_txn WHERE kind = 'payment'",
    "I15": "INSERT INTO settlement (leader_id, deal_id, figures, last_entry_id, settled_at)"
    " SELECT leader_id, id, '{{}}', 1000000, created_at FROM deal",
    "I16": "UPDATE deal SET last_roll_no = last_roll_no + 1",
    "I17": "DELETE FROM pickup WHERE deal_id = {deal}",
    "I18": "UPDATE purchase_line SET name = '鸭蛋'",
    "I19": "UPDATE arrival SET state = 'shared_out'",
}
IN_PYTHON = {"I15", "I18"}  # too much for one query


@pytest.fixture
def closed_deal(app) -> Deal:
    """Two paid orders on a sealed list, their bags made, and one order that expired."""
    deal = factories.make_deal(stock=50)
    for pieces in (1, 2):
        factories.make_placed(deal, pieces)
    factories.make_order(deal, 3)
    factories.close(deal)
    bags.make_bags(deal, now=deal.closes_at)
    return deal


def broken_names() -> set[str]:
    return {claim.split()[0] for claim in invariants.broken()}


def deliver_and_hand_over(deal: Deal) -> None:
    """One piece of each line came whole and was handed over, as raw rows."""
    order = "(SELECT MIN(id) FROM customer_order)"
    for statement in (
        "INSERT INTO arrival (leader_id, list_id, state, counted_at)"
        " SELECT leader_id, id, 'counting', '2035-05-13 00:00:00' FROM purchase_list",
        "INSERT INTO arrival_line (leader_id, arrival_id, purchase_line_id, received, damaged)"
        " SELECT p.leader_id, a.id, p.id, p.pieces, 0 FROM purchase_line p, arrival a",
        "INSERT INTO handover (leader_id, pickup_id, nonce, at, undone_because)"
        " SELECT leader_id, MIN(id), 'n', '2035-05-13 00:00:00', '' FROM pickup GROUP BY leader_id",
        "INSERT INTO handover_line (handover_id, line_id, leader_id, pieces)"
        " SELECT h.id, l.id, l.leader_id, 1 FROM handover h, order_line l"
        f" WHERE order_id = {order}",
        f"UPDATE order_line SET picked_pieces = 1 WHERE order_id = {order}",
    ):
        run_sql(statement)
    lines = db.session.scalars(sa.select(OrderLine.id)).all()
    earning.recognise(lines, "handed_over", "handover:raw", now=NOON, actor_id=None)


def test_nothing_is_broken_in_an_empty_database(app):
    assert invariants.broken() == {}


def test_nothing_is_broken_after_an_ordinary_deal(closed_deal):
    assert_everything_true()


def test_nothing_is_broken_after_a_delivery(closed_deal):
    deliver_and_hand_over(closed_deal)
    assert_everything_true()


def test_every_invariant_has_a_test_that_breaks_it():
    assert set(BREAKING) == {invariant.name for invariant in invariants.INVARIANTS} | IN_PYTHON


@pytest.mark.parametrize("name", BREAKING)
def test_an_invariant_that_is_broken_is_reported(closed_deal, name):
    if name in ("I7b", "I19"):
        deliver_and_hand_over(closed_deal)
    if name == "I14":
        legs = (Leg("fees", 0, 5), Leg("cash:alipay", 0, -5))
        ledger.enter("suspense", "suspense:alipay:1", legs, now=NOON - timedelta(days=4000))
    if name == "I18":
        run_sql("DROP TRIGGER purchase_line_no_update" + (" ON purchase_line" * on_postgresql()))
    first = sa.select(sa.func.min(Order.id)).where(Order.deal_id == closed_deal.id)
    order_id = db.session.scalars(first).one()
    assert name not in broken_names()
    run_sql(BREAKING[name].format(order=order_id, deal=closed_deal.id))
    assert name in broken_names()
    json.dumps(invariants.broken())  # as the ledger of jobs will have to


def test_more_sold_than_moved_says_by_how_much(closed_deal):
    run_sql("UPDATE deal_item SET sold = sold + 7")
    [rows] = [rows for claim, rows in invariants.broken().items() if claim.startswith("I2 ")]
    assert rows == [{"item_id": closed_deal.items[0].id, "sold": 10, "moved": 3, "stock": 50}]


def test_only_the_first_twenty_rows_are_shown(app):
    deal = factories.make_deal()
    for _ in range(21):
        factories.make_order(deal)
    run_sql("UPDATE customer_order SET due_fen = due_fen + 1")
    [rows] = [rows for claim, rows in invariants.broken().items() if claim.startswith("I3c")]
    assert len(rows) == 20


def test_a_broken_invariant_fails_the_nightly_run_and_is_named_in_the_ledger(app):
    with transaction():
        factories.make_deal()
        run_sql("UPDATE deal_item SET sold = sold + 1")
    run = jobs.run("verify", NOON + timedelta(days=1))
    assert (run.outcome, run.failed) == ("failed", 2)
    assert any(claim.startswith("I2 ") for claim in run.detail)


def test_a_clean_nightly_run_says_how_much_it_checked(app):
    run = jobs.run("verify", NOON)
    assert (run.outcome, run.failed, run.detail) == ("ok", 0, {})
    assert run.done >= len(invariants.INVARIANTS)
