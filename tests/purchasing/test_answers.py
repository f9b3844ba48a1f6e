"""What suppliers answer: the last word counts, old revisions are refused, goods end it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput
from groupbuy.core.models import ActionLog
from groupbuy.extensions import db
from groupbuy.orders.vouching import vouch
from groupbuy.pickup import arrival
from groupbuy.purchasing import answers, links, overview
from groupbuy.purchasing.answers import Reply, Said
from groupbuy.purchasing.models import PurchaseList, SupplierAnswer
from groupbuy.purchasing.reopening import reopen
from tests import factories
from tests.checks import count, in_thread, refused, refused_by_the_database, run_sql
from tests.conftest import NOON
from tests.purchasing.books import statements, usual_list

EVENING = NOON + timedelta(hours=9)
LATER = NOON + timedelta(hours=20)


def say(purchase_list: PurchaseList, *pieces: int, **more) -> Said:
    """So many pieces of each line, in their order; all of it without `pieces`."""
    lines = purchase_list.current.lines
    wanted = pieces or tuple(line.pieces for line in lines)
    replies = {line.id: Reply(n) for line, n in zip(lines, wanted, strict=False)}
    return Said(more.pop("revision", purchase_list.current_revision), replies, **more)


def answer(purchase_list: PurchaseList, *pieces: int, by_id: int | None = None, **more):
    said = say(purchase_list, *pieces, **more)
    return answers.record(purchase_list, said, by_id=by_id, now=EVENING)


def test_an_answer_is_full_short_or_none(app: Flask):
    asked = usual_list()  # 52, 45 and 3
    ids = [line.id for line in asked.current.lines]
    assert answers.state(asked).word == "unanswered"
    assert answers.confirmed(asked) == {}
    answer(asked)
    assert answers.state(asked).word == "full"
    answer(asked, 52, 0, 3)
    assert answers.state(asked).word == "short"
    assert answers.confirmed(asked) == dict(zip(ids, (52, 0, 3), strict=True))
    answer(asked, 0, 0, 0)
    assert answers.state(asked).word == "none"
    assert count(SupplierAnswer) == 3


def test_the_same_answer_again_is_the_same_one(app: Flask):
    asked = usual_list()
    tomorrow = (EVENING + timedelta(days=1)).date()
    first = answer(asked, ready_on=tomorrow, note="早上送")
    assert answer(asked, ready_on=tomorrow, note="早上送") is first
    answer(asked, 52, 40, 3)
    assert answer(asked, ready_on=tomorrow, note="早上送").id > first.id  # changed back
    assert answers.state(asked).ready_on == tomorrow


def test_what_staff_heard_bears_their_name(app: Flask):
    asked = usual_list()
    answer(asked, by_id=asked.deal.leader.user_id)
    assert answers.state(asked).by_name == "林姐"
    answer(asked)
    assert answers.state(asked).by_name == ""


@pytest.mark.parametrize("pieces", [(53, 45, 3), (-1, 45, 3), (52, 45)])
def test_every_line_needs_a_number_up_to_what_was_ordered(app: Flask, pieces):
    asked = usual_list()
    with refused(BadInput):
        answer(asked, *pieces)
    assert count(SupplierAnswer) == 0


def test_notes_and_days_are_held_to_reason(app: Flask):
    asked = usual_list()
    for wrong in (
        {"note": "长" * 501},
        {"ready_on": (EVENING - timedelta(days=2)).date()},
        {"ready_on": (EVENING + timedelta(days=400)).date()},
    ):
        with refused(BadInput):
            answer(asked, **wrong)


def test_a_line_of_another_list_is_refused(app: Flask):
    asked = usual_list()
    said = say(asked)
    strange = said._replace(lines={**said.lines, 10**9: Reply(1)})
    with refused(BadInput):
        answers.record(asked, strange, by_id=None, now=EVENING)


def reissued(purchase_list: PurchaseList) -> PurchaseList:
    """The deal was reopened, eight more blueberries ordered, and closed again: revision 2."""
    deal = purchase_list.deal
    reopen(deal, EVENING + timedelta(hours=5), now=EVENING)
    order = factories.make_order(deal, 8, 0, 0, now=EVENING)
    vouch(order, by_id=None, now=EVENING)
    factories.close(deal)
    db.session.expire_all()
    return purchase_list


def test_answering_an_old_revision_is_refused(app: Flask):
    asked = usual_list()
    old = say(asked)
    reissued(asked)
    with refused(answers.RevisionReplaced, "1", "2"):
        answers.record(asked, old, by_id=None, now=LATER)
    assert answers.state(asked).word == "unanswered"
    answers.record(asked, say(asked, 60, 45, 3), by_id=None, now=LATER)
    assert answers.state(asked).word == "full"


def test_an_answer_to_the_old_revision_does_not_count_for_the_new_one(app: Flask):
    asked = usual_list()
    answer(asked, 0, 0, 0)  # a promise would keep the deal from being reopened
    reissued(asked)
    assert answers.confirmed(asked) == {}
    assert answers.state(asked).word == "unanswered"


def test_a_withdrawn_list_takes_no_answer(app: Flask):
    asked = usual_list()
    reopen(asked.deal, EVENING + timedelta(hours=5), now=EVENING)
    with refused(answers.ListWithdrawn):
        answer(asked)
    assert answers.state(asked).word == "withdrawn"


def test_counting_in_ends_the_answering(app: Flask):
    asked = usual_list()
    answer(asked)
    counts = {line.id: (line.pieces, 0) for line in asked.current.lines}
    arrival.count_in(asked, counts, by_id=None, now=EVENING)
    with refused(answers.CountedIn):
        answer(asked, 1, 1, 1)
    assert answers.state(asked).word == "full"


def test_nothing_ordered_needs_no_answer(app: Flask):
    deal = factories.make_deal()
    factories.close(deal)
    db.session.expire_all()
    [empty] = db.session.scalars(db.select(PurchaseList))
    assert answers.state(empty).word == "nothing"
    with refused(answers.NothingOrdered):
        answer(empty)


def test_answers_are_never_rewritten(app: Flask):
    answer(usual_list())
    with refused_by_the_database("append-only"):
        run_sql("UPDATE supplier_answer SET note = 'x'")
    with refused_by_the_database("append-only"):
        run_sql("DELETE FROM supplier_answer_line")


def test_four_numbers_stand_side_by_side(app: Flask):
    asked = usual_list()
    answer(asked, 52, 40, 3)
    first, second, _third = asked.current.lines
    counts = {first.id: (50, 2), second.id: (40, 0)}
    arrival.count_in(asked, counts, by_id=None, now=EVENING)
    with statements() as said:
        rows = overview.numbers(asked)
    assert len(said) == 1
    assert [(r.line.pieces, r.confirmed, r.received, r.damaged) for r in rows] == [
        (52, 52, 50, 2),
        (45, 40, 40, 0),
        (3, 3, None, None),
    ]


def test_the_confirmed_numbers_come_in_one_statement(app: Flask):
    asked = usual_list()
    answer(asked)
    with statements() as said:
        answers.confirmed(asked)
    assert len(said) == 1


def test_a_row_of_the_overview_adds_up(app: Flask):
    asked = usual_list()
    answer(asked, 52, 40, 3)
    [row] = overview.of_deal(asked.deal)
    assert (row.lines, row.packs, row.pieces) == (3, 4 + 2, 100)
    assert row.amount_fen == sum(line.amount_fen for line in asked.current.lines)
    assert row.answer.word == "short"
    assert [r.purchase_list.id for r in overview.of_supplier(asked, limit=5)] == [asked.id]


def test_renewing_and_revoking_links_is_logged(app: Flask):
    asked = usual_list()
    staff = asked.deal.leader.user_id
    old = links.renew_link(asked, by_id=staff, now=EVENING).rpartition("/")[2]
    assert links.list_behind(old, EVENING).id == asked.id
    links.revoke_links(asked, by_id=staff, now=EVENING)
    with refused(links.LinkUnknown):
        links.list_behind(old, EVENING)
    new = links.supplier_link(asked, now=EVENING).rpartition("/")[2]
    assert links.list_behind(new, EVENING).id == asked.id
    logged = db.session.scalars(db.select(ActionLog.action).order_by(ActionLog.id)).all()
    assert logged[-2:] == ["link_renewed", "links_revoked"]


def test_of_two_answers_at_once_both_are_kept_and_one_counts(shared_app: Flask):
    with transaction():
        asked_id = usual_list().id

    def answering(*pieces: int):
        def act() -> int:
            with transaction():
                return answer(db.session.get_one(PurchaseList, asked_id), *pieces).id

        return act

    waits = [in_thread(shared_app, answering(52, n, 3)) for n in range(6)]
    ids = [wait() for wait in waits]
    assert len(set(ids)) == 6
    db.session.expire_all()
    asked = db.session.get_one(PurchaseList, asked_id)
    promised = list(answers.confirmed(asked).values())
    assert promised == [52, ids.index(max(ids)), 3]


def test_an_answer_beside_a_reopening_is_wholly_before_or_refused(shared_app: Flask):
    with transaction():
        asked_id = usual_list().id

    def reopening() -> str:
        with transaction():
            deal = db.session.get_one(PurchaseList, asked_id).deal
            reopen(deal, EVENING + timedelta(hours=5), now=EVENING)
        return "reopened"

    def answering() -> str:
        with transaction():
            answer(db.session.get_one(PurchaseList, asked_id))
        return "answered"

    waits = [in_thread(shared_app, act) for act in (answering, reopening)]
    outcomes = [wait() for wait in waits]
    done = [one for one in outcomes if isinstance(one, str)]
    assert len(done) == 1
    refusal = next(one for one in outcomes if not isinstance(one, str))
    name = type(refusal).__name__
    assert name == ("ListWithdrawn" if done == ["reopened"] else "SupplierHasConfirmed")
