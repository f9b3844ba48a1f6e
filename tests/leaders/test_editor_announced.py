"""The editor of a deal that is announced and not open yet."""

from __future__ import annotations

from flask import Flask

from groupbuy.core import clock
from groupbuy.extensions import db
from tests import factories
from tests.checks import assert_everything_true
from tests.leaders.editing import EN, desk, live, local, only_deal, press, whole
from tests.pages.reading import words


def test_a_deal_that_is_announced_is_edited_as_a_whole(app: Flask):
    leader = factories.make_leader()
    client = desk(app, leader)
    form = whole(leader, opens_at=local(5))
    assert press(client, "/lead/deals/new", "schedule", **form).status_code == 303
    deal = only_deal()
    edit = f"/lead/deals/{deal.slug}/edit"
    shown = client.get(edit, headers=EN).text
    assert 'name="items-0-price"' in shown
    assert "Open it now" in shown
    changed = form | {"whole": "1", "items-0-price": "9.90", "title": "Sunday basket"}
    refusal = press(client, edit, "save", **changed | {"opens_at": ""})
    assert refusal.status_code == 422
    answer = press(client, edit, "save", **changed)
    assert (answer.status_code, answer.location) == (303, edit)
    deal = only_deal()
    assert (deal.title, deal.items[0].price_fen) == ("Sunday basket", 990)
    assert press(client, edit, "publish", **changed).location == f"/lead/deals/{deal.slug}"
    assert only_deal().phase(clock.now()) == "open"
    assert_everything_true()


def test_a_form_of_before_the_opening_changes_nothing_afterwards(app: Flask):
    leader = factories.make_leader()
    client = desk(app, leader)
    deal = live(leader)
    db.session.commit()
    price, stock = deal.items[0].price_fen, deal.items[0].stock
    edit = f"/lead/deals/{deal.slug}/edit"
    assert 'name="items-0-price"' not in client.get(edit, headers=EN).text
    late = whole(leader, whole="1", opens_at=local(5))
    refusal = press(client, edit, "save", **late)
    assert refusal.status_code == 409
    assert "not waiting for its opening any more" in words(refusal)
    deal = only_deal()
    assert (deal.items[0].price_fen, deal.items[0].stock, len(deal.items)) == (price, stock, 1)
