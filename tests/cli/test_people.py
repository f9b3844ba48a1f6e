"""`flask people` as a person and as a program see it."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from click.testing import Result
from flask import Flask

from groupbuy.accounts.models import RoleGrant, User
from groupbuy.core.models import ActionLog
from groupbuy.extensions import db

PHONE = "13900000001"
PASSWORD = "correct horse"


def _add(app: Flask, *options: str, stdin: str | bytes | None = None, **values: str) -> Result:
    asked = {"role": "operator", "phone": PHONE, "name": "陈知行"} | values
    args = [part for name, value in asked.items() for part in (f"--{name}", value)]
    return app.test_cli_runner().invoke(args=["people", "add", *args, *options], input=stdin)


def _user() -> User:
    return db.session.scalars(sa.select(User)).one()


def _refused(answer: Result) -> bool:
    return answer.exit_code == 2 and answer.stdout == "" and answer.stderr.count("\n") == 1


def test_the_first_operator_of_an_installation_is_added(app: Flask) -> None:
    answer = _add(app, "--json")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout) == {
        "id": _user().id,
        "name": "陈知行",
        "phone": "139****0001",
        "roles": ["operator"],
        "created": True,
    }


def test_a_person_at_the_terminal_sees_the_phone_masked(app: Flask) -> None:
    answer = _add(app)
    assert answer.exit_code == 0
    assert "139****0001" in answer.stdout
    assert PHONE not in answer.output


def test_the_same_again_succeeds_says_so_and_writes_nothing(app: Flask) -> None:
    first = _add(app)
    again = _add(app)
    assert again.exit_code == 0
    assert again.stdout != first.stdout
    assert json.loads(_add(app, "--json").stdout)["created"] is False
    assert len(db.session.scalars(sa.select(ActionLog)).all()) == 1
    assert len(db.session.scalars(sa.select(RoleGrant)).all()) == 1


def test_somebody_known_gets_a_further_role(app: Flask) -> None:
    _add(app)
    answer = json.loads(_add(app, "--json", role="leader").stdout)
    assert (answer["roles"], answer["created"]) == (["leader", "operator"], False)


def test_the_password_is_read_from_standard_input_and_shown_nowhere(app: Flask) -> None:
    answer = _add(app, "--password-stdin", stdin=f"{PASSWORD}\r\nsecond line\n")
    assert answer.exit_code == 0
    assert PASSWORD not in answer.output
    assert PasswordHasher().verify(_user().password_hash, PASSWORD)


def test_replacing_a_password_is_said(app: Flask) -> None:
    nothing_changed = (_add(app), _add(app))[1]
    answer = _add(app, "--password-stdin", stdin="another horse\n")
    assert answer.exit_code == 0
    assert answer.stdout != nothing_changed.stdout
    assert PasswordHasher().verify(_user().password_hash, "another horse")


def test_without_a_password_there_is_none(app: Flask) -> None:
    _add(app)
    assert _user().password_hash is None


def test_another_name_for_a_known_phone_is_refused_in_one_line(app: Flask) -> None:
    _add(app)
    assert _refused(_add(app, name="王芳"))
    assert _user().name == "陈知行"


@pytest.mark.parametrize("values", [{"phone": "12345"}, {"name": " "}])
def test_what_cannot_be_read_is_refused_in_one_line(app: Flask, values: dict[str, str]) -> None:
    assert _refused(_add(app, **values))
    assert not db.session.scalars(sa.select(User)).all()


@pytest.mark.parametrize("stdin", ["", "short\n", "x" * 201, b"12345678\xff\n"])
def test_an_unfit_password_is_refused_in_one_line(app: Flask, stdin: str | bytes) -> None:
    assert _refused(_add(app, "--password-stdin", stdin=stdin))
    assert not db.session.scalars(sa.select(User)).all()


def test_a_role_that_is_not_given_here_is_refused(app: Flask) -> None:
    assert _add(app, role="helper").exit_code == 2


def test_people_with_roles_are_listed(app: Flask) -> None:
    _add(app)
    table = app.test_cli_runner().invoke(args=["people", "list"])
    assert table.exit_code == 0
    assert "139****0001" in table.stdout
    [listed] = json.loads(app.test_cli_runner().invoke(args=["people", "list", "--json"]).stdout)
    assert (listed["name"], listed["roles"], listed["state"]) == ("陈知行", ["operator"], "active")
