"""A list is sealed by a checksum, and the database refuses any change to it."""

from __future__ import annotations

import re

import pytest

from groupbuy.extensions import db
from groupbuy.purchasing import lists
from groupbuy.purchasing.models import PurchaseLine, PurchaseList, PurchaseRevision, PurchaseSplit
from tests import factories
from tests.checks import count, refused_by_the_database, run_sql
from tests.purchasing.listed import closed, lines_of, one_supplier


def test_the_checksum_is_of_the_content_and_stays_the_same(app):
    deal = one_supplier({}, {}, points=2)
    factories.make_placed(deal, 2, 1)
    [purchase_list] = closed(deal)
    seal = purchase_list.current.sha256
    assert re.fullmatch("[0-9a-f]{64}", seal)
    assert lists.content_sha256(purchase_list.current) == seal


CHANGES = {
    "pieces": ("purchase_line", "pieces = pieces + 6, packs = packs + 1"),
    "price": ("purchase_line", "unit_price_fen = unit_price_fen + 1"),
    "no price": ("purchase_line", "unit_price_fen = NULL"),
    "amount": ("purchase_line", "amount_fen = amount_fen + 1"),
    "name": ("purchase_line", "name = '鸭蛋'"),
    "code": ("purchase_line", "supplier_code = 'X'"),
    "split": ("purchase_split", "pieces = pieces + 1"),
    "number": ("purchase_list", "number = 'PL1'"),
    "revision": ("purchase_revision", "revision = 2"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_the_content_would_be_another_checksum(app, change):
    deal = one_supplier({})
    factories.make_placed(deal, 2)
    [purchase_list] = closed(deal)
    seal = purchase_list.current.sha256
    table, setting = CHANGES[change]
    revision = purchase_list.current
    with db.session.begin_nested() as undone:
        guard = f"{table}_no_update"
        on = f" ON {table}" if db.session.get_bind().dialect.name == "postgresql" else ""
        if table != "purchase_list":
            run_sql(f"DROP TRIGGER {guard}{on}")
        run_sql(f"UPDATE {table} SET {setting}")
        assert lists.content_sha256(revision) != seal
        undone.rollback()


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE purchase_revision SET revision = revision",
        "UPDATE purchase_revision SET sha256 = NULL",
        "DELETE FROM purchase_revision",
        "UPDATE purchase_line SET amount_fen = amount_fen + 1",
        "DELETE FROM purchase_line",
        "UPDATE purchase_split SET pieces = pieces + 1",
        "DELETE FROM purchase_split",
        "INSERT INTO purchase_split (line_id, point_id, leader_id, pieces)"
        " SELECT line_id, point_id + 1000, leader_id, 1 FROM purchase_split",
    ],
)
def test_a_sealed_list_refuses_every_change(app, act):
    deal = one_supplier({})
    factories.make_placed(deal, 2)
    closed(deal)
    with refused_by_the_database("is append-only"):
        run_sql(act)


def test_a_sealed_list_refuses_another_line(app):
    deal = one_supplier({}, {})
    factories.make_placed(deal, 2)
    [line] = lines_of(deal)
    columns = [c.name for c in PurchaseLine.__table__.columns if c.name not in ("id", "item_id")]
    names = ", ".join(columns)
    with refused_by_the_database("is append-only"):
        run_sql(
            f"INSERT INTO purchase_line (item_id, {names})"
            f" SELECT :item, {names} FROM purchase_line",
            item=deal.items[1].id,
        )
    assert count(PurchaseLine) == 1
    assert line.pieces == 2


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"pieces": 0, "packs": 0, "loose_pieces": 0}, "ck_purchase_line_pieces"),
        ({"pieces": 7, "packs": 1, "loose_pieces": 0}, "ck_purchase_line_packs"),
        ({"pieces": 7, "packs": 0, "loose_pieces": 7}, "ck_purchase_line_loose"),
    ],
)
def test_the_database_checks_the_arithmetic_of_cases(app, values, constraint):
    deal = one_supplier({})
    factories.make_placed(deal, 2)
    [line] = lines_of(deal)
    draft = PurchaseRevision(
        leader_id=deal.leader_id,
        list_id=line.revision.list_id,
        revision=2,
        issued_at=deal.closes_at,
    )
    facts = {c.name: getattr(line, c.name) for c in PurchaseLine.__table__.columns}
    facts |= {"id": None, "revision_id": None, "pack_size": 6} | values
    with refused_by_the_database(constraint):
        db.session.add(draft)
        db.session.flush()
        db.session.add(PurchaseLine(**facts | {"revision_id": draft.id}))


def test_one_item_is_on_one_line_and_one_supplier_has_one_list(app):
    deal = one_supplier({})
    factories.make_placed(deal, 2)
    [purchase_list] = closed(deal)
    assert count(PurchaseSplit) == 1
    with refused_by_the_database("purchase_list"):
        db.session.add(
            PurchaseList(
                leader_id=deal.leader_id,
                deal_id=deal.id,
                supplier_id=purchase_list.supplier_id,
                number="PL2",
                current_revision=1,
            )
        )
