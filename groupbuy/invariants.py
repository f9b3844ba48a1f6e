"""What must always be true of the whole database: one query each, returning the rows that break it.

The names follow the rules of the domain (I2, I3 ...).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from groupbuy.core import clock
from groupbuy.core.db import UtcDateTime, lift_limits
from groupbuy.extensions import db
from groupbuy.invariants_of_books import OF_THE_BOOKS, Invariant
from groupbuy.purchasing.lists import content_sha256
from groupbuy.purchasing.models import PurchaseRevision
from groupbuy.settlement import settling

_KEPT = "(l.quantity - l.cancelled_pieces - l.short_pieces)"

INVARIANTS = (
    *OF_THE_BOOKS,
    Invariant(
        "I2",
        "sold = sum of stock moves <= stock",
        """
        SELECT i.id AS item_id, i.sold, COALESCE(m.pieces, 0) AS moved, i.stock
        FROM deal_item i
        LEFT JOIN (SELECT item_id, SUM(pieces) AS pieces FROM stock_move GROUP BY item_id) m
          ON m.item_id = i.id
        WHERE i.sold <> COALESCE(m.pieces, 0) OR i.sold > i.stock
        """,
    ),
    Invariant(
        "I2b",
        "sold = pieces kept by live orders",
        f"""
        SELECT i.id AS item_id, i.sold, COALESCE(k.pieces, 0) AS kept
        FROM deal_item i
        LEFT JOIN (SELECT l.item_id, SUM({_KEPT}) AS pieces
                   FROM order_line l JOIN customer_order o ON o.id = l.order_id
                   WHERE o.state NOT IN ('cancelled', 'expired') GROUP BY l.item_id) k
          ON k.item_id = i.id
        WHERE i.sold <> COALESCE(k.pieces, 0)
        """,
    ),
    Invariant(
        "I3",
        "what an order cost is paid for, unless it is paid at pickup",
        """
        SELECT o.id AS order_id, o.state, o.due_fen, o.paid_fen, o.refunded_fen
        FROM customer_order o JOIN deal d ON d.id = o.deal_id
        WHERE (o.state IN ('placed', 'confirmed', 'fulfilled') AND NOT d.pay_at_pickup
               AND o.paid_fen - o.refunded_fen <> o.due_fen)
           OR (o.state IN ('cancelled', 'expired') AND o.paid_fen <> o.refunded_fen)
        """,
    ),
    Invariant(
        "I3b",
        "an order's money is the sum of its payments and refunds",
        """
        SELECT o.id AS order_id, o.paid_fen, p.paid, o.refunded_fen, p.refunded, r.refunds
        FROM customer_order o
        LEFT JOIN (SELECT order_id, SUM(amount_fen) AS paid, SUM(refunded_fen) AS refunded
                   FROM payment WHERE state = 'confirmed' GROUP BY order_id) p
          ON p.order_id = o.id
        LEFT JOIN (SELECT order_id, SUM(amount_fen) AS refunds FROM refund GROUP BY order_id) r
          ON r.order_id = o.id
        WHERE o.paid_fen <> COALESCE(p.paid, 0)
           OR o.refunded_fen <> COALESCE(p.refunded, 0)
           OR o.refunded_fen <> COALESCE(r.refunds, 0)
        """,
    ),
    Invariant(
        "I3c",
        "an order costs what its lines keep",
        f"""
        SELECT o.id AS order_id, o.state, o.due_fen, k.fen
        FROM customer_order o
        JOIN (SELECT l.order_id, SUM({_KEPT} * l.price_fen - l.given_back_fen) AS fen
              FROM order_line l GROUP BY l.order_id) k ON k.order_id = o.id
        WHERE o.due_fen <> k.fen
        """,
    ),
    Invariant(
        "I4",
        "no payment is refunded beyond its amount",
        """
        SELECT p.id AS payment_id, p.amount_fen, SUM(r.amount_fen) AS refunds
        FROM payment p JOIN refund r ON r.payment_id = p.id
        GROUP BY p.id, p.amount_fen HAVING SUM(r.amount_fen) > p.amount_fen
        """,
    ),
    Invariant(
        "I6",
        "each line of a closed deal is in one line of the current list, or ended with a reason",
        f"""
        SELECT l.id AS line_id, o.state, l.purchase_line_id
        FROM order_line l
        JOIN customer_order o ON o.id = l.order_id
        JOIN deal d ON d.id = o.deal_id
        LEFT JOIN purchase_line p ON p.id = l.purchase_line_id AND p.item_id = l.item_id
        LEFT JOIN purchase_revision r ON r.id = p.revision_id
        LEFT JOIN purchase_list s ON s.id = r.list_id AND s.current_revision = r.revision
          AND s.deal_id = l.deal_id
        WHERE d.state IN ('closed', 'arrived', 'failed', 'cancelled')
          AND ((o.state IN ('confirmed', 'fulfilled') AND {_KEPT} > 0 AND s.id IS NULL)
               OR o.state IN ('pending', 'placed'))
        """,
    ),
    Invariant(
        "I6b",
        "a list asks for what its lines were ordered, and splits it among the points",
        """
        SELECT p.id AS purchase_line_id, p.pieces, o.pieces AS ordered, s.pieces AS split
        FROM purchase_line p
        JOIN purchase_revision r ON r.id = p.revision_id
        JOIN purchase_list h ON h.id = r.list_id AND h.current_revision = r.revision
        LEFT JOIN (SELECT purchase_line_id, SUM(quantity - cancelled_pieces) AS pieces
                   FROM order_line GROUP BY purchase_line_id) o ON o.purchase_line_id = p.id
        LEFT JOIN (SELECT line_id, SUM(pieces) AS pieces
                   FROM purchase_split GROUP BY line_id) s ON s.line_id = p.id
        WHERE h.withdrawn_at IS NULL  -- its orders can change again
          AND (p.pieces <> COALESCE(o.pieces, 0) OR p.pieces <> COALESCE(s.pieces, 0))
        """,
    ),
    Invariant(
        "I7",
        "no line hands over more than it kept, no delivery more than came",
        """
        SELECT l.id AS line_id, l.quantity, l.picked_pieces, COALESCE(h.pieces, 0) AS handed
        FROM order_line l
        LEFT JOIN (SELECT hl.line_id, SUM(hl.pieces) AS pieces
                   FROM handover_line hl JOIN handover h ON h.id = hl.handover_id
                   WHERE h.undone_at IS NULL GROUP BY hl.line_id) h ON h.line_id = l.id
        WHERE l.picked_pieces <> COALESCE(h.pieces, 0)
           OR l.picked_pieces + l.short_pieces + l.cancelled_pieces + l.no_show_pieces > l.quantity
        """,
    ),
    Invariant(
        "I7b",
        "picked <= received and usable",
        """
        SELECT a.purchase_line_id, a.received, a.damaged, SUM(l.picked_pieces) AS picked
        FROM arrival_line a JOIN order_line l ON l.purchase_line_id = a.purchase_line_id
        GROUP BY a.id, a.purchase_line_id, a.received, a.damaged
        HAVING SUM(l.picked_pieces) > a.received - a.damaged
        """,
    ),
    Invariant(
        "I12",
        "state = replay of events",
        """
        SELECT o.id AS order_id, o.state, e.to_state
        FROM customer_order o
        LEFT JOIN (SELECT order_id, MAX(id) AS id FROM order_event GROUP BY order_id) last
          ON last.order_id = o.id
        LEFT JOIN order_event e ON e.id = last.id
        WHERE e.to_state IS NULL OR e.to_state <> o.state
        """,
    ),
    Invariant(
        "I12b",
        "every event begins where the one before it ended",
        """
        SELECT order_id, id AS event_id, from_state, before FROM (
          SELECT id, order_id, from_state,
                 LAG(to_state) OVER (PARTITION BY order_id ORDER BY id) AS before
          FROM order_event) chain
        WHERE COALESCE(from_state, '') <> COALESCE(before, '')
        """,
    ),
    Invariant(
        "I16",
        "roll numbers have no gaps",
        """
        SELECT d.id AS deal_id, d.last_roll_no, COUNT(o.roll_no) AS numbered, MAX(o.roll_no) AS last
        FROM deal d LEFT JOIN customer_order o ON o.deal_id = d.id
        GROUP BY d.id, d.last_roll_no
        HAVING COUNT(o.roll_no) <> d.last_roll_no
            OR COALESCE(MAX(o.roll_no), 0) <> d.last_roll_no
        """,
    ),
    Invariant(
        "I17",
        "every confirmed order has its household's bag",
        """
        SELECT o.id AS order_id FROM customer_order o
        LEFT JOIN pickup b ON b.deal_id = o.deal_id AND b.member_id = o.member_id
          AND b.point_id = o.point_id
        WHERE o.state IN ('confirmed', 'fulfilled') AND b.id IS NULL
        """,
    ),
)


def broken() -> dict[str, list[dict[str, Any]]]:
    """Invariant name -> the first 20 offending rows; empty when everything is true."""
    lift_limits()
    found = {}
    for invariant in INVARIANTS:
        rows = db.session.execute(_query(invariant)).mappings().fetchmany(20)
        if rows:
            found[f"{invariant.name} {invariant.claim}"] = [_plain(row) for row in rows]
    altered = _altered_lists()
    if altered:
        found["I18 a sealed list is what its checksum says"] = altered
    retold = settling.altered()
    if retold:
        found["I15 a settled sheet says what the ledger said when it was settled"] = retold[:20]
    return found


def _query(invariant: Invariant) -> Any:
    """Its SQL; `:day_ago` in it is this time yesterday."""
    query = sa.text(invariant.sql)
    if ":day_ago" in invariant.sql:
        day_ago = clock.now() - timedelta(days=1)
        query = query.bindparams(sa.bindparam("day_ago", day_ago, UtcDateTime()))
    return query


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """PostgreSQL adds whole numbers up to Decimals, which JSON does not know."""
    return {name: int(v) if isinstance(v, Decimal) else v for name, v in row.items()}


def _altered_lists() -> list[dict[str, Any]]:
    revisions = db.session.scalars(sa.select(PurchaseRevision))
    return [
        {"revision_id": revision.id, "sha256": revision.sha256}
        for revision in revisions
        if revision.sha256 != content_sha256(revision)
    ]
