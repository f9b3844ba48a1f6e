"""Pictures in the editor, the phone beside it, and what changes while a deal is open."""

from __future__ import annotations

import re

from flask import Flask

from groupbuy.catalog.models import Picture
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from tests import factories
from tests.checks import assert_everything_true, count
from tests.leaders.editing import EN, desk, live, local, only_deal, photo, press, whole
from tests.pages.reading import words


def _refs(page: str) -> list[str]:
    return re.findall(r'name="pictures-\d+-ref" type="hidden" value="([^"]+)"', page)


def test_pictures_survive_a_mistake_and_belong_to_the_deal_when_it_is_saved(app: Flask):
    leader = factories.make_leader()
    client = desk(app, leader)
    form = whole(leader, title="")
    wrong = press(client, "/lead/deals/new", "save", **form, picture=[photo(), photo("b.png")])
    assert wrong.status_code == 422
    refs = _refs(wrong.get_data(as_text=True))
    assert len(refs) == 2
    assert client.get(f"/lead/deals/pictures/{refs[0]}").mimetype == "image/webp"
    kept = {f"pictures-{n}-ref": ref for n, ref in enumerate(refs)} | {"pictures-1-alt": "Basket"}
    up = press(client, "/lead/deals/new", "pictures-1-up", **form, **kept)
    assert _refs(up.get_data(as_text=True)) == refs[::-1]
    kept = {"pictures-0-ref": refs[1], "pictures-0-alt": "Basket", "pictures-1-ref": refs[0]}
    assert press(client, "/lead/deals/new", "save", **whole(leader), **kept).status_code == 303
    deal = only_deal()
    assert [picture.alt for picture in deal.pictures] == ["Basket", ""]
    address = f"/lead/deals/{deal.slug}/edit"
    again = _refs(client.get(address).get_data(as_text=True))
    first = deal.pictures[0].token
    fewer = whole(leader) | {"pictures-0-ref": again[0]}
    assert press(client, address, "save", **fewer).status_code == 303
    db.session.expire_all()
    assert [picture.token for picture in deal.pictures] == [first]


def test_what_is_no_picture_is_refused_by_name_and_the_others_are_kept(app: Flask):
    leader = factories.make_leader()
    client = desk(app, leader)
    bad = photo("contract.jpg", b"<svg onload=alert(1)>")
    answer = press(client, "/lead/deals/new", "save", **whole(leader), picture=[bad, photo()])
    assert answer.status_code == 422
    assert "contract.jpg" in words(answer)
    assert len(_refs(answer.get_data(as_text=True))) == 1
    assert (count(Deal), count(Picture)) == (0, 0)


def test_nobody_uses_the_pictures_of_somebody_else(app: Flask):
    leader, other = factories.make_leader(), factories.make_leader()
    client, theirs = desk(app, leader), desk(app, other)
    sent = press(client, "/lead/deals/new", "x", picture=[photo()])
    [ref] = _refs(sent.get_data(as_text=True))
    assert theirs.get(f"/lead/deals/pictures/{ref}").status_code == 404
    for forged in ("x", ref[:-1], ref + "a"):
        assert client.get(f"/lead/deals/pictures/{forged}").status_code == 404
    form = whole(other) | {"pictures-0-ref": ref}
    assert press(theirs, "/lead/deals/new", "save", **form).status_code == 303
    assert count(Picture) == 0


def test_the_preview_shows_what_is_typed_and_writes_nothing(app: Flask):
    leader = factories.make_leader()
    client = desk(app, leader)
    form = whole(leader, title="Basket <b>") | {"items-1-name": "Plums", "items-1-price": "zzz"}
    shown = client.post("/lead/deals/preview", data=form, headers=EN)
    page = words(shown)
    assert shown.status_code == 200
    for text in ("¥12.50", "Plums", "¥ —"):
        assert text in page
    assert "Basket &lt;b&gt;" in shown.get_data(as_text=True)
    assert count(Deal) == 0


def test_an_open_deal_changes_its_words_times_and_stock_but_no_price(app: Flask):
    leader = factories.make_leader()
    deal = live(leader)
    factories.make_placed(deal, 4, now=clock.now())
    client = desk(app, leader)
    [item] = deal.items
    address = f"/lead/deals/{deal.slug}/edit"
    assert 'name="title"' not in client.get(address).get_data(as_text=True)
    form = {"intro": "Now with plums", f"stock-{item.id}": "4", "items-0-price": "1", "title": "x"}
    form |= {"pickup_starts_at": local(20), "pickup_ends_at": local(22), "ways": "cash"}
    assert press(client, address, "save", **form, picture=[photo()]).status_code == 303
    db.session.expire_all()
    assert (deal.intro, item.stock, item.price_fen) == ("Now with plums", 4, 3780)
    assert (deal.title, len(deal.pictures)) == ("周日早餐", 1)
    few = press(client, address, "save", **form | {f"stock-{item.id}": "3"})
    assert few.status_code == 422
    assert "4 are ordered already" in words(few)
    wrong = press(client, address, "save", **form | {f"stock-{item.id}": "many"})
    assert wrong.status_code == 422
    db.session.expire_all()
    assert item.stock == 4
    assert press(client, address, "save", **form | {f"stock-{item.id}": ""}).status_code == 303
    db.session.expire_all()
    assert item.stock is None
    assert_everything_true()


def test_a_deal_that_closed_meanwhile_is_not_edited_and_says_so(app: Flask):
    leader = factories.make_leader()
    deal = live(leader)
    client = desk(app, leader)
    deal.advance("closing")
    db.session.commit()
    address = f"/lead/deals/{deal.slug}/edit"
    for answer in (client.get(address), press(client, address, "save", intro="late", ways="cash")):
        assert (answer.status_code, answer.location) == (303, f"/lead/deals/{deal.slug}")
    db.session.expire_all()
    assert deal.intro == ""
