"""What must always be true of the ledger, and of it and the rows that it tells of."""

from __future__ import annotations

from typing import NamedTuple


class Invariant(NamedTuple):
    """`sql` selects the offending rows: none, when `claim` is true."""

    name: str
    claim: str
    sql: str


# Debits less credits of an account, by whose it is.
_BALANCE = """
    (SELECT of_id, SUM(fen) AS fen FROM ledger_entry WHERE account = '{}' GROUP BY of_id)"""

OF_THE_BOOKS = (
    Invariant(
        "I1",
        "the entries of every ledger transaction add up to nothing",
        """
        SELECT t.id AS txn_id, t.idem_key, COUNT(e.id) AS entries, SUM(e.fen) AS fen
        FROM ledger_txn t LEFT JOIN ledger_entry e ON e.txn_id = t.id
        GROUP BY t.id, t.idem_key HAVING COUNT(e.id) < 2 OR SUM(e.fen) <> 0
        """,
    ),
    Invariant(
        "I8",
        "the ledger owes for an order what was paid, not given back and not handed over",
        f"""
        SELECT o.id AS order_id, o.state, o.paid_fen, o.refunded_fen, l.earned, e.fen
        FROM customer_order o
        LEFT JOIN (SELECT order_id, SUM(earned_fen) AS earned FROM order_line GROUP BY order_id) l
          ON l.order_id = o.id
        LEFT JOIN {_BALANCE.format("order")} e ON e.of_id = o.id
        WHERE COALESCE(e.fen, 0) <> COALESCE(l.earned, 0) + o.refunded_fen - o.paid_fen
           OR (COALESCE(e.fen, 0) <> 0 AND o.state IN ('fulfilled', 'cancelled', 'expired'))
        """,
    ),
    Invariant(
        "I8b",
        "a line has earned what was handed over, or paid and left behind, less what was given back",
        """
        SELECT line_id, earned_fen, fen, given_back_fen
        FROM (SELECT l.id AS line_id, l.earned_fen, l.given_back_fen,
                l.price_fen * (l.picked_pieces + CASE
                  WHEN o.paid_fen - o.refunded_fen >= o.due_fen THEN l.no_show_pieces
                  ELSE 0 END) AS fen
              FROM order_line l JOIN customer_order o ON o.id = l.order_id) delivered
        WHERE earned_fen <> CASE WHEN fen > given_back_fen THEN fen - given_back_fen ELSE 0 END
        """,
    ),
    Invariant(
        "I9",
        "refunds in flight = refunds that have not arrived",
        f"""
        SELECT COALESCE(e.fen, 0) AS fen, r.fen AS refunds
        FROM (SELECT COALESCE(SUM(amount_fen), 0) AS fen FROM refund
              WHERE state <> 'succeeded') r
        LEFT JOIN {_BALANCE.format("refunds_in_flight")} e ON e.of_id = 0
        WHERE COALESCE(e.fen, 0) <> -r.fen
        """,
    ),
    Invariant(
        "I10",
        "the commission of a deal = that of its lines",
        f"""
        SELECT l.deal_id, l.fen AS lines, e.fen
        FROM (SELECT deal_id, SUM(commission_fen) AS fen FROM order_line GROUP BY deal_id) l
        LEFT JOIN {_BALANCE.format("commission_expense")} e ON e.of_id = l.deal_id
        WHERE l.fen <> COALESCE(e.fen, 0)
        """,
    ),
    Invariant(
        "I10b",
        "what a leader has of commission = that of their lines, less what was paid out",
        f"""
        SELECT l.id AS leader_id, c.fen AS lines, p.fen AS paid_out, h.fen AS held, o.fen AS own
        FROM leader l
        LEFT JOIN (SELECT leader_id, SUM(commission_fen) AS fen FROM order_line
                   GROUP BY leader_id) c ON c.leader_id = l.id
        LEFT JOIN (SELECT leader_id, SUM(amount_fen) AS fen FROM payout
                   WHERE state = 'paid' AND supplier_id IS NULL GROUP BY leader_id) p
          ON p.leader_id = l.id
        LEFT JOIN {_BALANCE.format("commission_held")} h ON h.of_id = l.id
        LEFT JOIN {_BALANCE.format("commission")} o ON o.of_id = l.id
        WHERE COALESCE(c.fen, 0) - COALESCE(p.fen, 0) <> -COALESCE(h.fen, 0) - COALESCE(o.fen, 0)
        """,
    ),
    Invariant(
        "I11",
        "cash in a leader's hands = taken, less given back and handed over",
        f"""
        SELECT l.id AS leader_id, e.fen, p.fen AS taken, r.fen AS given_back, h.fen AS handed_over
        FROM leader l
        LEFT JOIN (SELECT leader_id, SUM(amount_fen) AS fen FROM payment
                   WHERE way = 'cash' AND state = 'confirmed' GROUP BY leader_id) p
          ON p.leader_id = l.id
        LEFT JOIN (SELECT r.leader_id, SUM(r.amount_fen) AS fen
                   FROM refund r JOIN payment p ON p.id = r.payment_id
                   WHERE p.way = 'cash' AND r.state = 'succeeded' AND NOT r.by_hand
                   GROUP BY r.leader_id) r ON r.leader_id = l.id
        LEFT JOIN (SELECT leader_id, SUM(amount_fen) AS fen FROM cash_handover
                   WHERE state = 'confirmed' GROUP BY leader_id) h ON h.leader_id = l.id
        LEFT JOIN {_BALANCE.format("cash:leader")} e ON e.of_id = l.id
        WHERE COALESCE(e.fen, 0)
           <> COALESCE(p.fen, 0) - COALESCE(r.fen, 0) - COALESCE(h.fen, 0)
        """,
    ),
    Invariant(
        "I14",
        "no money stays in suspense for more than a day",
        """
        SELECT t.id AS txn_id, t.idem_key, e.fen
        FROM ledger_txn t JOIN ledger_entry e ON e.txn_id = t.id AND e.account = 'suspense'
        LEFT JOIN ledger_txn c ON c.idem_key = 'closed-' || t.idem_key
        WHERE t.kind = 'suspense' AND c.id IS NULL AND t.at < :day_ago
        """,
    ),
    Invariant(
        "I14b",
        "the money in suspense is what came in for cases and was not placed",
        f"""
        SELECT COALESCE(b.fen, 0) AS fen, s.fen AS waiting
        FROM (SELECT COALESCE(SUM(e.fen), 0) AS fen
              FROM ledger_txn t JOIN ledger_entry e ON e.txn_id = t.id AND e.account = 'suspense'
              LEFT JOIN ledger_txn c ON c.idem_key = 'closed-' || t.idem_key
              WHERE t.kind = 'suspense' AND c.id IS NULL) s
        LEFT JOIN {_BALANCE.format("suspense")} b ON b.of_id = 0
        WHERE COALESCE(b.fen, 0) <> s.fen
        """,
    ),
    Invariant(
        "I19",
        "a supplier is owed the usable pieces that came and were ordered, less what was paid",
        f"""
        SELECT s.id AS supplier_id, g.fen AS goods, p.fen AS paid_out, e.fen
        FROM supplier s
        LEFT JOIN (SELECT supplier_id, SUM(CASE WHEN unit_price_fen IS NULL
                     THEN (2 * amount_fen * came + pieces) / (2 * pieces)
                     ELSE unit_price_fen * came END) AS fen
                   FROM (SELECT h.supplier_id, l.unit_price_fen, l.amount_fen, l.pieces,
                           CASE WHEN c.received - c.damaged < l.pieces
                             THEN c.received - c.damaged ELSE l.pieces END AS came
                         FROM arrival a
                         JOIN purchase_list h ON h.id = a.list_id
                         JOIN arrival_line c ON c.arrival_id = a.id
                         JOIN purchase_line l ON l.id = c.purchase_line_id
                         WHERE a.state = 'shared_out') usable
                   GROUP BY supplier_id) g ON g.supplier_id = s.id
        LEFT JOIN (SELECT supplier_id, SUM(amount_fen) AS fen FROM payout
                   WHERE state = 'paid' GROUP BY supplier_id) p ON p.supplier_id = s.id
        LEFT JOIN {_BALANCE.format("supplier")} e ON e.of_id = s.id
        WHERE COALESCE(g.fen, 0) - COALESCE(p.fen, 0) <> -COALESCE(e.fen, 0)
        """,
    ),
)
