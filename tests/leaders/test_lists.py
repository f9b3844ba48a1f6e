"""A deal's purchase lists in the console: for who may see them, and what they may do."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from groupbuy.accounts.models import User
from groupbuy.core import clock
from groupbuy.core.models import ActionLog
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.purchasing import answers
from groupbuy.purchasing.models import Photo, PurchaseList, SupplierAnswer
from tests.catalog.uploads import drawn, packed
from tests.checks import assert_everything_true, count
from tests.factories import make_leader
from tests.leaders.gate import helper
from tests.members.test_cart import ZH, sign_in
from tests.pages.reading import statements, words
from tests.suppliers.test_answering import fields
from tests.suppliers.test_purchase_list_page import closed_deal, list_of


def at_the_desk(app: Flask, deal: Deal, user: User | None = None) -> FlaskClient:
    client = app.test_client()
    user = user or db.session.get_one(User, deal.leader.user_id)
    db.session.commit()
    sign_in(client, user)
    return client


def tab(deal: Deal) -> str:
    return f"/lead/deals/{deal.slug}/lists"


def test_the_tab_shows_each_list_with_its_revision_sums_and_answer(app: Flask):
    deal = closed_deal()
    client = at_the_desk(app, deal)
    page = words(client.get(tab(deal), headers=ZH))
    for supplier in ("崇明农场", "面包房"):
        assert list_of(deal, supplier).number in page
    assert "第 1 版" in page
    assert "¥400.00" in page


def test_one_list_shows_four_numbers_and_what_was_said(app: Flask):
    deal = closed_deal()
    asked = list_of(deal, "崇明农场")
    client = at_the_desk(app, deal)
    said = fields(asked, "full", "5", note="早上送")
    answer = client.post(f"{tab(deal)}/{asked.id}/answer", data=said)
    assert answer.status_code == 303
    assert answers.state(asked).by_name == "林姐"
    page = client.get(f"{tab(deal)}/{asked.id}", headers=ZH).text
    assert re.search(r't-bad fw-bold"[^>]*>5<', page)
    assert "早上送" in page
    assert count(ActionLog, ActionLog.action == "answer_written_down") == 1
    assert_everything_true("I17")


def test_an_answer_that_cannot_be_is_refused_and_kept(app: Flask):
    deal = closed_deal()
    asked = list_of(deal, "崇明农场")
    client = at_the_desk(app, deal)
    answer = client.post(f"{tab(deal)}/{asked.id}/answer", data=fields(asked, "full", "99"))
    assert answer.status_code == 422
    assert 'value="99"' in answer.text
    old = fields(asked, "full", "5") | {"revision": "7"}
    assert client.post(f"{tab(deal)}/{asked.id}/answer", data=old).status_code == 409
    assert count(SupplierAnswer) == 0


def test_a_link_is_made_logged_and_opens_the_list(app: Flask):
    deal = closed_deal()
    asked = list_of(deal, "崇明农场")
    client = at_the_desk(app, deal)
    show = f"{tab(deal)}/{asked.id}"
    assert "/s/" not in client.get(show).text
    assert client.post(f"{show}/link").status_code == 303
    found = re.search(r"/s/[\w.-]+", client.get(show).text)
    assert found
    path = found[0]
    assert app.test_client().get(path).status_code == 200
    client.post(f"{show}/revoke")
    assert app.test_client().get(path).status_code == 404
    assert "/s/" not in client.get(show).text
    logged = db.session.scalars(db.select(ActionLog.action).order_by(ActionLog.id)).all()
    assert logged == ["link_renewed", "links_revoked"]


def test_what_was_sent_in_a_chat_is_noted_for_this_revision(app: Flask):
    deal = closed_deal()
    asked = list_of(deal, "崇明农场")
    client = at_the_desk(app, deal)
    show = f"{tab(deal)}/{asked.id}"
    assert "还没发" in words(client.get(tab(deal), headers=ZH))
    wrong = client.post(f"{show}/told", data={"revision": "2"}, headers=ZH, follow_redirects=True)
    assert "现在以第 1 版为准，不是第 2 版" in words(wrong)
    assert client.post(f"{show}/told", data={"revision": "1"}).status_code == 303
    db.session.refresh(asked)
    assert (asked.told_revision, asked.told_at is not None) == (1, True)
    assert "已在微信发" in words(client.get(show, headers=ZH))
    assert count(ActionLog, ActionLog.action == "list_told") == 1


def test_the_link_goes_to_the_suppliers_address_again(app: Flask, monkeypatch: pytest.MonkeyPatch):
    deal = closed_deal()
    asked = list_of(deal, "崇明农场")
    client = at_the_desk(app, deal)
    show = f"{tab(deal)}/{asked.id}"
    assert "/mail" not in client.get(show).text
    refusal = words(client.post(f"{show}/mail", headers=ZH, follow_redirects=True))
    assert "没有留邮箱" in refusal
    asked.supplier.email = "farm@example.com"
    for name, value in {"MAIL_HOST": "mail.example.com", "MAIL_FROM": "t@example.com"}.items():
        monkeypatch.setitem(app.config, name, value)
    monkeypatch.setitem(app.config, "NOTICE_CHANNELS", ["in_app", "email"])
    earlier = clock.now() - timedelta(days=3)
    db.session.execute(db.update(Notice).values(owed_at=earlier))
    db.session.commit()
    page = words(client.post(f"{show}/mail", headers=ZH, follow_redirects=True))
    assert "链接正在发往" in page
    assert "邮件正在发" in page
    page = words(client.post(f"{show}/mail", headers=ZH, follow_redirects=True))
    assert "邮件刚刚在发" in page
    assert count(Notice, Notice.list_id == asked.id) == 2
    assert_everything_true("I17")


def test_a_helper_who_counts_in_hands_out_no_links(app: Flask):
    deal = closed_deal()
    asked = list_of(deal, "崇明农场")
    client = at_the_desk(app, deal, helper(deal.leader, count_in=True))
    show = f"{tab(deal)}/{asked.id}"
    assert client.get(show).status_code == 200
    assert "/link" not in client.get(show).text
    for act in ("link", "mail", "told", "revoke"):
        assert client.post(f"{show}/{act}").status_code == 404
    scanner = at_the_desk(app, deal, helper(deal.leader, pickup=True))
    assert scanner.get(tab(deal)).status_code == 404


@pytest.mark.parametrize("part", ["", "/purchase-list.xlsx", "/paper", "/paper.png", "/answer"])
def test_a_foreign_list_is_as_missing_as_none(app: Flask, part: str):
    deal, foreign = closed_deal(), closed_deal()
    client = at_the_desk(app, deal)
    asked, theirs = list_of(deal, "崇明农场"), list_of(foreign, "崇明农场")
    assert client.get(f"{tab(deal)}/{asked.id}{part}").status_code == 200
    for wrong in (theirs.id, 10**9, "x"):
        assert client.get(f"{tab(deal)}/{wrong}{part}").status_code == 404
    assert client.get(f"{tab(foreign)}/{theirs.id}{part}").status_code == 404


@pytest.mark.parametrize("part", ["answer", "link", "mail", "told", "revoke", "delivery-notes"])
def test_nothing_can_be_done_to_a_foreign_list(app: Flask, part: str):
    deal, foreign = closed_deal(), closed_deal()
    theirs = list_of(foreign, "崇明农场")
    client = at_the_desk(app, deal)
    for base in (tab(deal), tab(foreign)):
        assert client.post(f"{base}/{theirs.id}/{part}").status_code == 404
    stranger = make_leader("周哥")
    client = at_the_desk(app, deal, db.session.get_one(User, stranger.user_id))
    assert client.post(f"{tab(deal)}/{theirs.id}/{part}").status_code == 404


def test_revisions_that_are_not_there_are_missing(app: Flask):
    deal = closed_deal()
    asked = list_of(deal, "崇明农场")
    client = at_the_desk(app, deal)
    for part in ("purchase-list.xlsx", "paper"):
        show = f"{tab(deal)}/{asked.id}/{part}"
        assert client.get(f"{show}?revision=1").status_code == 200
        for wrong in ("2", "0", "x", "-1", "１"):
            assert client.get(f"{show}?revision={wrong}").status_code == 404


def test_staff_keep_delivery_notes(app: Flask):
    deal = closed_deal()
    asked = list_of(deal, "崇明农场")
    client = at_the_desk(app, deal)
    show = f"{tab(deal)}/{asked.id}"
    sent = {"picture": (io.BytesIO(packed(drawn())), "a.jpg")}
    assert client.post(f"{show}/delivery-notes", data=sent).status_code == 303
    client.post(f"{show}/delivery-notes", data={"picture": (io.BytesIO(b"x"), "a.jpg")})
    photo = db.session.scalars(db.select(Photo)).one()
    assert photo.by_id == deal.leader.user_id
    assert photo.token in client.get(show).text


def test_the_number_of_statements_does_not_grow_with_the_lines(app: Flask):
    def counted(items: int, part: str) -> int:
        deal = closed_deal(items)
        asked: PurchaseList = list_of(deal, "崇明农场")
        client = at_the_desk(app, deal)
        path = tab(deal) + (f"/{asked.id}{part}" if part != "tab" else "")
        client.get(path)
        with statements() as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    for part in ("tab", "", "/answer", "/paper"):
        assert counted(2, part) == counted(9, part) <= 24


def test_residents_are_on_none_of_the_pages(app: Flask):
    deal = closed_deal()
    asked = list_of(deal, "崇明农场")
    client = at_the_desk(app, deal)
    for part in ("", "/answer", "/paper"):
        assert "欧阳" not in client.get(f"{tab(deal)}/{asked.id}{part}").text
