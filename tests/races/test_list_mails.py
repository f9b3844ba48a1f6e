"""Somebody presses “send again” twice at once: one mail is owed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.purchasing import telling
from groupbuy.purchasing.models import PurchaseList
from tests import factories
from tests.checks import count, in_thread


def test_of_two_presses_at_once_one_mail_is_owed(
    shared_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"MAIL_HOST": "mail.example.com", "MAIL_FROM": "tuan@example.com"}
    for name, value in settings.items():
        monkeypatch.setitem(shared_app.config, name, value)
    with transaction():
        order = factories.make_placed(factories.make_deal())
        deal = order.deal
        factories.close(deal)
        asked = db.session.scalars(db.select(PurchaseList)).one()
        asked.supplier.email = "farm@example.com"
        by_id, list_id, later = deal.leader.user_id, asked.id, deal.closes_at + timedelta(hours=1)

    def press() -> str:
        try:
            with transaction():
                asked = db.session.get_one(PurchaseList, list_id)
                telling.send_again(asked, by_id=by_id, now=later)
        except telling.SentJustNow:
            return "too soon"
        return "sent"

    waits = [in_thread(shared_app, press) for _turn in range(2)]
    assert sorted(str(wait()) for wait in waits) == ["sent", "too soon"]
    assert count(Notice, Notice.list_id == list_id) == 2  # with the one of the closing
