"""Counting a delivery in: typed by several people, doubted when far off, kept in between."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.accounts.models import RoleGrant
from groupbuy.core.models import ActionLog
from groupbuy.core.tokens import sign
from groupbuy.extensions import db
from groupbuy.pickup import arrival as counting
from groupbuy.pickup import shortage
from groupbuy.pickup.models import Arrival
from groupbuy.purchasing import answers
from groupbuy.purchasing.models import Photo
from tests import factories
from tests.catalog.uploads import drawn, packed
from tests.checks import assert_everything_true, count
from tests.conftest import NOON
from tests.members.test_cart import sign_in
from tests.pages.reading import statements, words
from tests.pickup.rows import ARRIVED, closed_deal, count_all, lists_of, orders_of


def opened(app: Flask, purchase_list, user=None):
    """A client signed in as the leader or `user`, and where the list is counted in."""
    client, user = app.test_client(), user or purchase_list.deal.leader.user
    user.locale = "en"
    db.session.commit()
    sign_in(client, user)
    return client, f"/lead/deals/{purchase_list.deal.slug}/arrival/{purchase_list.id}"


def typed(purchase_list, *counts, **more):
    """The form with (received, damaged) of the first lines."""
    fields = dict(more)
    for line, (received, damaged) in zip(purchase_list.current.lines, counts, strict=False):
        fields |= {f"received-{line.id}": received, f"damaged-{line.id}": damaged}
    return fields


def helper_of(leader, **rights):
    user = factories.make_user("沈立夏")
    grant = RoleGrant(user_id=user.id, role="helper", leader_id=leader.id, created_at=NOON)
    grant.rights = rights
    db.session.add(grant)
    db.session.commit()
    return user


def test_the_four_numbers_of_a_line_stand_side_by_side(app: Flask):
    [purchase_list] = lists_of(closed_deal((4, 2), (3, 2)))
    first, second = purchase_list.current.lines
    said = answers.Said(1, {first.id: answers.Reply(5), second.id: answers.Reply(4)})
    answers.record(purchase_list, said, by_id=None, now=ARRIVED)
    counting.count_in(purchase_list, {first.id: (6, 1)}, by_id=None, now=ARRIVED)
    client, page = opened(app, purchase_list)
    answer = client.get(page)
    assert answer.status_code == 200
    shown = words(answer)
    assert purchase_list.number in shown
    assert "7 5" in shown  # ordered, confirmed
    assert f'name="received-{first.id}" value="6"' in " ".join(answer.text.split())
    assert "−2" in shown
    assert "张伟" not in shown


def test_what_was_counted_so_far_is_kept_and_somebody_else_goes_on(app: Flask):
    [purchase_list] = lists_of(closed_deal((4, 2), (3, 2)))
    first, second = purchase_list.current.lines
    client, page = opened(app, purchase_list)
    assert client.post(page, data=typed(purchase_list, ("7", "0"))).status_code == 303
    colleague, _page = opened(
        app, purchase_list, helper_of(purchase_list.deal.leader, count_in=True)
    )
    assert colleague.post(page, data={f"received-{second.id}": "４"}).status_code == 303
    assert counting.counted_of(purchase_list) == {first.id: (7, 0), second.id: (4, 0)}
    assert "沈立夏" in words(client.get(page))
    assert_everything_true()


def test_what_is_far_off_is_asked_again_and_nothing_is_written_until_then(app: Flask):
    [purchase_list] = lists_of(closed_deal((40, 2)))
    first, _second = purchase_list.current.lines
    client, page = opened(app, purchase_list)
    form = typed(purchase_list, ("30", "1"), ("2", "0"))
    answer = client.post(page, data=form)
    assert answer.status_code == 422
    assert first.name in words(answer)
    assert f'name="again-{first.id}" value="30"' in answer.text
    assert count(Arrival) == 0
    again = form | {f"again-{first.id}": "30"}
    assert client.post(page, data=again | {f"received-{first.id}": "3"}).status_code == 422
    assert client.post(page, data=again).status_code == 303
    assert counting.counted_of(purchase_list)[first.id] == (30, 1)
    [logged] = db.session.scalars(sa.select(ActionLog).where(ActionLog.action == "counted_again"))
    assert logged.detail == {"received": {str(first.id): 30}}
    kept = {f"seen-{first.id}": "30/1"} | typed(purchase_list, ("30", "2"))
    assert client.post(page, data=kept).status_code == 303  # the same number is not doubted twice


@pytest.mark.parametrize(
    ("received", "damaged"),
    [
        ("x", "0"),
        ("-1", "0"),
        ("1_0", "0"),
        ("3", "x"),
        ("3", "4"),
        ("", "2"),
        ("99999999", "0"),
        ("٣", ""),
    ],
)
def test_what_is_not_a_count_is_said_at_the_field_and_kept(app: Flask, received, damaged):
    [purchase_list] = lists_of(closed_deal((4,)))
    client, page = opened(app, purchase_list)
    answer = client.post(page, data=typed(purchase_list, (received, damaged)))
    assert answer.status_code == 422
    assert "is-invalid" in answer.text
    assert f'value="{received}"' in answer.text
    assert count(Arrival) == 0


def test_a_count_cannot_be_emptied_by_leaving_it_blank(app: Flask):
    [purchase_list] = lists_of(closed_deal((4,)))
    [line] = purchase_list.current.lines
    counting.count_in(purchase_list, {line.id: (4, 0)}, by_id=None, now=ARRIVED)
    client, page = opened(app, purchase_list)
    blank = typed(purchase_list, ("", "0")) | {f"seen-{line.id}": "4/0"}
    assert client.post(page, data=blank).status_code == 422


def test_one_button_takes_the_rest_or_one_line_as_ordered(app: Flask):
    [purchase_list] = lists_of(closed_deal((4, 2, 1)))
    first, second, third = purchase_list.current.lines
    client, page = opened(app, purchase_list)
    client.post(page, data={"full": second.id})
    assert counting.counted_of(purchase_list) == {second.id: (2, 0)}
    client.post(page, data=typed(purchase_list, ("4", "1")) | {"full": "rest"})
    assert counting.counted_of(purchase_list) == {
        first.id: (4, 1),
        second.id: (2, 0),
        third.id: (1, 0),
    }


def test_who_counts_the_same_line_at_once_is_told_of_the_other(app: Flask):
    [purchase_list] = lists_of(closed_deal((10, 10)))
    first, _second = purchase_list.current.lines
    client, page = opened(app, purchase_list)
    counting.count_in(purchase_list, {first.id: (9, 0)}, by_id=None, now=ARRIVED)
    db.session.commit()
    answer = client.post(page, data=typed(purchase_list, ("10", "0"), ("10", "0")))
    assert answer.status_code == 409
    assert counting.counted_of(purchase_list) == {first.id: (9, 0)}
    assert f'name="seen-{first.id}" value="9/0"' in answer.text  # now it is known
    other = {f"seen-{first.id}": "9/0"} | typed(purchase_list, ("9", "0"), ("10", "0"))
    assert client.post(page, data=other).status_code == 303


def test_a_picture_of_damage_is_kept_and_shown_to_staff_only(app: Flask):
    [purchase_list] = lists_of(closed_deal((4,)))
    [line] = purchase_list.current.lines
    client, page = opened(app, purchase_list)
    answer = client.post(page, data=typed(purchase_list, ("4", "1")) | {"photo": line.id})
    damage = f"{page}/damage/{line.id}"
    assert answer.location == damage
    upload = {"picture": (io.BytesIO(packed(drawn())), "../../x.php")}
    assert client.post(damage, data=upload).status_code == 303
    [photo] = db.session.scalars(sa.select(Photo))
    assert (photo.kind, photo.line_id, photo.list_id) == ("damage", line.id, purchase_list.id)
    file = f"{page}/photos/{photo.token}-480.webp"
    assert file in client.get(damage).text
    assert client.get(file).mimetype == "image/webp"
    assert client.get(f"{page}/photos/{photo.token}-481.webp").status_code == 404
    assert app.test_client().get(file).status_code == 303
    assert app.test_client().get(f"/pictures/{photo.token}-480.webp").status_code == 404
    stranger, _page = opened(app, purchase_list, factories.make_leader("周叔").user)
    assert stranger.get(file).status_code == 404


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<svg/>"])
def test_what_is_no_picture_is_refused_at_the_field(app: Flask, content):
    [purchase_list] = lists_of(closed_deal((4,)))
    client, page = opened(app, purchase_list)
    damage = f"{page}/damage/{purchase_list.current.lines[0].id}"
    answer = client.post(damage, data={"picture": (io.BytesIO(content), "x.jpg")})
    assert answer.status_code == 422
    assert client.post(damage, data={}).status_code == 422
    assert count(Photo) == 0


def test_the_paper_leads_who_may_count_in_to_the_page_and_others_where_it_did(app: Flask):
    deal = closed_deal((4,))
    [purchase_list] = lists_of(deal)
    client, page = opened(app, purchase_list)
    paper = f"/p/count-in/{sign('count-in', purchase_list.number)}"
    assert client.get(paper).location == page
    for rights, status in (({"count_in": True}, 303), ({"pickup": True}, 200)):
        helper, _page = opened(app, purchase_list, helper_of(deal.leader, **rights))
        assert helper.get(paper).status_code == status
    both = factories.make_leader("周叔")  # a leader who helps here, too
    grant = RoleGrant(
        user_id=both.user_id, role="helper", leader_id=deal.leader_id, created_at=NOON
    )
    grant.rights = {"count_in": True}
    db.session.add(grant)
    db.session.commit()
    busy, _page = opened(app, purchase_list, both.user)
    assert busy.get(page).status_code == 404
    assert busy.get(busy.get(paper).location).status_code == 200
    assert app.test_client().get(paper).status_code == 200


def test_after_sharing_out_the_counts_are_final(app: Flask):
    [purchase_list] = lists_of(closed_deal((4,)))
    shortage.carry_out(count_all(purchase_list), "payment", by_id=None, now=ARRIVED)
    client, page = opened(app, purchase_list)
    assert "<form id=" not in client.get(page).text
    answer = client.post(page, data=typed(purchase_list, ("5", "0")))
    assert answer.status_code == 409
    assert_everything_true()


def test_a_withdrawn_list_is_not_counted(app: Flask):
    deal = closed_deal((4,))
    [purchase_list] = lists_of(deal)
    purchase_list.withdrawn_at = NOON
    client, page = opened(app, purchase_list)
    assert "<form id=" not in client.get(page).text
    assert client.post(page, data=typed(purchase_list, ("4", "0"))).status_code == 409
    assert count(Arrival) == 0


def test_a_long_list_takes_no_more_statements_than_a_short_one(app: Flask):
    asked = []
    for kinds in (2, 12):
        leader = factories.make_leader()
        supplier = factories.make_supplier(leader)
        skus = [factories.make_sku(leader, supplier) for _ in range(kinds)]
        deal = closed_deal((3,) * kinds, (2,) * kinds, skus=skus, leader=leader)
        [purchase_list] = lists_of(deal)
        count_all(purchase_list, *[4] * kinds)
        client, page = opened(app, purchase_list)
        with statements() as sent:
            assert client.get(page).status_code == 200
        asked.append(len(sent))
        assert len(orders_of(deal)) == 2
    assert asked[0] == asked[1]
    assert asked[0] <= 25
