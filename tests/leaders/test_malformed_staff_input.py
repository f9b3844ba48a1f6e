"""What staff, suppliers and operators send, done odd: never a fault, nothing written on refusal.

In every run five to ten submissions of each form and query; where the exhaustive tests
(make test-malformed) run, a thousand, and two hundred of a mere button.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.access.asking import Asking, inhabited
from tests.access.staff_forms import STAFF_FORMS
from tests.access.world import World
from tests.catalog.uploads import REFUSED, drawn
from tests.catalog.uploads import packed as picture
from tests.leaders.forms_of_staff import (
    MORE,
    QUERIES,
    UPLOADS,
    More,
    Opened,
    opened,
    opened_more,
)
from tests.members.odd_answers import TAKEN, all_in_order, can_be_read, no_odd_address_breaks
from tests.members.odd_input import ODD, changed, packed, submissions, urlencoded

SIZES = ["few", pytest.param("a thousand", marks=pytest.mark.exhaustive)]
# Pages that answer a POST with 200: they show something once, or a step before the last.
SHOWN = {
    "gate_sync.sync",
    "lead_downloads.orders",
    "lead_editor.create",  # a button of a row changes the form only
    "lead_editor.preview",
    "lead_editor.update",
    "lead_goods.sheets.export",
    "lead_goods.sheets.preview",
    "lead_members.export",
    "lead_members.one.reveal",
    "lead_messages.reveal",
    "lead_orders.one.reveal",
    "lead_prints.whole_sheet",
    "lead_settlement.download",
    "op_orders.reveal",
    "op_people.reveal",
    "op_settlement.sheets.download",
    "suppliers.answering.upload",
}


@pytest.fixture(scope="module")
def world(migrated_app: Flask) -> Iterator[World]:
    with inhabited(migrated_app) as found:
        yield found


@pytest.fixture
def asking(world: World) -> Iterator[Asking]:
    """What asks as anybody; what is left after each request must be in order."""
    with Asking(world.app) as begun:
        yield begun


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("endpoint", STAFF_FORMS)
def test_no_form_of_staff_breaks(world: World, asking: Asking, endpoint: str, size: str):
    sent_odd(world, asking, endpoint, opened(world, endpoint, "POST"), size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("more", MORE, ids=str)
def test_no_other_form_of_staff_breaks(world: World, asking: Asking, more: More, size: str):
    sent_odd(world, asking, more.endpoint, opened_more(world, more), size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("endpoint", QUERIES)
def test_no_query_of_staff_breaks(world: World, asking: Asking, endpoint: str, size: str):
    who, path, fields = opened(world, endpoint, "GET")

    @settings(
        max_examples=8 if size == "few" else 1000,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(submissions(ids_of_others(world)))
    def send(sent):
        query = urlencoded(changed(fields, sent[0]))[:50_000]
        answer = asking.ask(who, "GET", path, query_string=query)
        assert answer.status_code < 500
        assert asking.writes == []

    send()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("endpoint", UPLOADS)
def test_no_odd_file_breaks(world: World, asking: Asking, endpoint: str, size: str):
    who, path, fields = opened(world, endpoint, "POST")
    asking.look = can_be_read
    for content, name in odd_files(size):
        file = {UPLOADS[endpoint]: (io.BytesIO(content), name)}
        answer, differs = asking.compare(who, "POST", path, data=fields | file)
        assert answer.status_code < 500, (name, content[:40])
        assert answer.status_code in TAKEN or differs == set()


@pytest.mark.parametrize("size", SIZES)
def test_no_odd_queue_of_scans_breaks(world: World, asking: Asking, size: str):
    who, path, scan = opened(world, "gate_sync.sync", "POST")
    asking.look = can_be_read if size == "few" else all_in_order
    box = world.people["gate helper"].has["my_box"]
    odd = st.sampled_from([v for v in ODD if isinstance(v, str)])
    leaf = odd | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
    value = st.recursive(
        leaf, lambda inner: st.lists(inner) | st.dictionaries(odd, inner), max_leaves=6
    )
    names = st.sampled_from(["key", "nonce", "at", "pieces"])
    pieces = st.dictionaries(st.just(box) | odd, st.integers() | value, max_size=3)
    twisted = st.dictionaries(names, value | pieces, max_size=2).map(lambda wrong: scan | wrong)

    @settings(
        max_examples=20 if size == "few" else 1000,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(twisted | value, max_size=4).map(lambda scans: {"scans": scans}) | value)
    def send(sent):
        answer, differs = asking.compare(who, "POST", path, json=sent)
        assert answer.status_code in (200, 422)
        assert answer.status_code == 200 or differs == set()

    send()


def test_each_form_of_staff_is_taken_as_it_is(world: World, asking: Asking):
    for more in MORE:
        who, path, fields = opened_more(world, more)
        answer = asking.ask(who, "POST", path, data=fields)
        assert answer.status_code in (*TAKEN, 200), f"{more}: {answer.status_code}"
    for endpoint in QUERIES:
        who, path, fields = opened(world, endpoint, "GET")
        answer = asking.ask(who, "GET", path, query_string=fields)
        assert answer.status_code in (200, 303, 404, 422), f"{endpoint}: {answer.status_code}"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("role", ["leader", "operator"])
def test_no_address_of_staff_however_odd_breaks_a_page(
    world: World, asking: Asking, role: str, size: str
):
    who = world.people[role]

    def theirs(policy: str) -> bool:
        return policy not in ("public", "own", "link", "signed_in") and who.may(policy)

    no_odd_address_breaks(asking, who, theirs, size)


def sent_odd(world: World, asking: Asking, endpoint: str, form: Opened, size: str) -> None:
    """Submissions that resemble `form`: no fault, and only what is taken is written."""
    asking.look = can_be_read if size == "few" else all_in_order
    taken = (*TAKEN, 200) if endpoint in SHOWN else TAKEN

    @settings(
        max_examples=times(form, size), deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(submissions(ids_of_others(world)))
    def send(sent):
        changes, how = sent
        fields = packed(changed(form.fields, changes), how)
        answer, differs = asking.compare(form.who, "POST", form.path, **fields)
        assert answer.status_code < 500
        assert answer.status_code in taken or differs == set()

    send()


def times(form: Opened, size: str) -> int:
    if size != "few":
        return 1000 if form.fields else 200
    return 10 if len(form.fields) > 2 else 5


def ids_of_others(world: World) -> list[str]:
    return sorted(set(world.people["other leader"].has.values()))


def odd_files(size: str) -> Iterator[tuple[bytes, str]]:
    """Contents and names; the heavy ones only in the slow run."""
    kinds = list(REFUSED.items())
    for number, (name, made) in enumerate(kinds):
        if size != "few" or number % 6 == 0:
            content = made()
            if size != "few" or len(content) < 200_000:
                yield content, f"{name}.jpg"
    fine = picture(drawn(40, 30))
    for name in (
        "x" * 5000 + ".jpg",
        "\u202egpj.exe",
        "../../a.png",
        "王芳 🙂.webp",
        "a\tb.jpg",
        "a",
    ):
        yield fine, name
    for content in (b"", b"PK\x03\x04", bytes(5000)):
        yield content, "a.xlsx"
