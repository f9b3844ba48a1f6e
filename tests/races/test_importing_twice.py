"""An import started twice, by an impatient hand or two schedules, brings the deal over once."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from groupbuy import invariants
from groupbuy.accounts.models import Leader, Member
from groupbuy.core.db import long_transaction
from groupbuy.deals.models import Deal, StockMove
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from tests.checks import count
from tests.factories import make_leader
from tests.orders.importing import bring, row, write
from tests.races.together import together


def test_the_same_file_four_times_at_once_is_one_deal(shared_app: Flask, tmp_path: Path) -> None:
    rows = [row(order=str(number), member="") for number in range(60)]
    path = write(tmp_path / "a.csv", *rows)
    with long_transaction():
        leader_id = make_leader().id
    db.session.remove()

    def import_it() -> str:
        with long_transaction():
            return bring(db.session.get_one(Leader, leader_id), path).slug

    slugs = together(shared_app, [import_it] * 4)
    assert slugs.errors == []
    assert len(set(slugs)) == 1 == count(Deal)
    assert {count(table) for table in (Order, OrderLine, Member, StockMove)} == {60}
    assert set(invariants.broken()) <= {"I17"}
