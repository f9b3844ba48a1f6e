"""Whatever is sent to a form: never a fault, and what is refused has changed nothing.

In every run sixty submissions of each form, fewer where there is little to get wrong; where the
exhaustive tests (make test-malformed) run a thousand, and two hundred of a mere button.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings

from tests.access.asking import Asking, inhabited
from tests.access.staff_forms import STAFF_FORMS
from tests.access.walking import rules
from tests.access.world import Person, World
from tests.members.forms_of_residents import GETS, POSTS, OddForm, doors, filled
from tests.members.odd_answers import TAKEN, all_in_order, can_be_read, no_odd_address_breaks
from tests.members.odd_input import changed, packed, submissions, urlencoded

SIZES = ["few", pytest.param("a thousand", marks=pytest.mark.exhaustive)]


@pytest.fixture(scope="module")
def world(migrated_app: Flask) -> Iterator[World]:
    """Everybody, and browsers in the middle of signing in."""
    with inhabited(migrated_app) as found:
        found.people.update(doors(found))
        yield found


@pytest.fixture
def asking(world: World) -> Iterator[Asking]:
    """What asks as anybody; what is left after each request must be in order."""
    with Asking(world.app) as begun:
        yield begun


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", POSTS, ids=str)
def test_no_form_breaks(world: World, asking: Asking, form: OddForm, size: str):
    who, path, fields = opened(world, form)
    asking.look = can_be_read if size == "few" else all_in_order

    @settings(
        max_examples=times(form, size), deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(submissions(ids_of_others(world)))
    def send(sent):
        changes, how = sent
        answer, differs = asking.compare(who, "POST", path, **packed(changed(fields, changes), how))
        assert answer.status_code < 500
        assert answer.status_code in TAKEN or differs <= form.keeps

    send()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", GETS, ids=str)
def test_no_query_breaks(world: World, asking: Asking, form: OddForm, size: str):
    who, path, fields = opened(world, form)

    @settings(
        max_examples=times(form, size), deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(submissions(ids_of_others(world)))
    def send(sent):
        query = urlencoded(changed(fields, sent[0]))[:50_000]
        answer = asking.ask(who, "GET", path, query_string=query)
        assert answer.status_code < 500
        assert asking.writes == []

    send()


def test_each_form_is_taken_as_it_is(world: World, asking: Asking):
    for form in POSTS:
        who, path, fields = opened(world, form)
        answer = asking.ask(who, "POST", path, data=fields)
        assert answer.status_code in TAKEN, f"{form}: {answer.status_code}"
    for form in GETS:
        who, path, fields = opened(world, form)
        assert asking.ask(who, "GET", path, query_string=fields).status_code in (200, 303, 422)


def test_no_form_is_forgotten(world: World):
    tried = {form.endpoint for form in POSTS} | STAFF_FORMS.keys()
    tried.add("notifications.take")  # of providers: tests/paying and tests/payments forge those
    assert {rule.endpoint for rule in rules(world.app) if "POST" in (rule.methods or ())} == tried


@pytest.mark.parametrize("size", SIZES)
def test_no_address_however_odd_breaks_a_page(world: World, asking: Asking, size: str):
    no_odd_address_breaks(asking, world.people["owner"], not_of_staff, size)


def not_of_staff(policy: str) -> bool:
    return policy in ("public", "own", "link", "signed_in")


def times(form: OddForm, size: str) -> int:
    if size != "few":
        return 1000 if form.fields else 200
    slow = "password" in form.fields  # hashing takes a tenth of a second
    return 60 if len(form.fields) > 1 and form.method == "POST" and not slow else 20


def opened(world: World, form: OddForm) -> tuple[Person, str, dict[str, str]]:
    """Who sends the form, where to, and its fields, with the names filled in."""
    who = world.people[form.who]
    fields = {filled(n, who, world): filled(v, who, world) for n, v in form.fields.items()}
    return who, filled(form.path, who, world), fields


def ids_of_others(world: World) -> list[str]:
    return sorted(set(world.people["resident"].has.values()))
