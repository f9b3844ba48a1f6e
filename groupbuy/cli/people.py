"""`flask people`: the first operator of an installation, and everybody else with a role."""

from __future__ import annotations

import getpass
import sys

import click
from flask_babel import gettext as _

from groupbuy.accounts import people
from groupbuy.accounts.models import User
from groupbuy.cli import frame
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.text import mask_phone

group = frame.Group("people", help="People and their roles.")
_HEADINGS = ("id", "name", "phone", "roles", "state")


@frame.command(group, "add")
@click.option("--role", required=True, type=click.Choice(people.GIVEN_ROLES))
@click.option("--phone", required=True, help="A mainland mobile number.")
@click.option("--name", required=True)
@click.option(
    "--password-stdin", is_flag=True, help="Read a password, 8 to 200 characters, from one line."
)
@frame.as_json
def add(role: str, phone: str, name: str, password_stdin: bool, as_json: bool) -> None:
    """Add a person with a role, or give the role to somebody known. Again changes nothing."""
    password = _read_password() if password_stdin else None
    form = people.PersonForm(name, phone, role, password)
    with transaction():
        added = people.add_person(form, now=clock.now())
    if as_json:
        facts = _facts(added.user)
        facts.pop("state")
        frame.print_json(facts | {"created": added.created})
        return
    frame.print_table(_HEADINGS, [_row(added.user)])
    for sentence in _what_happened(added, role):
        click.echo(sentence)


@frame.command(group, "list")
@frame.as_json
def list_people(as_json: bool) -> None:
    """Everybody who has a role."""
    found = people.with_roles()
    if as_json:
        frame.print_json([_facts(user) for user in found])
    else:
        frame.print_table(_HEADINGS, (_row(user) for user in found))


def _read_password() -> str:
    """One line of standard input, never shown: not even while a person is typing it."""
    if sys.stdin.isatty():
        return getpass.getpass(_("Password: "))
    line = sys.stdin.buffer.readline()
    return line.decode(errors="surrogateescape").rstrip("\r\n")


def _what_happened(added: people.Added, role: str) -> list[str]:
    sentences = []
    if added.created:
        sentences.append(_("Added."))
    elif added.granted:
        sentences.append(_("Known already; the role %(role)s is new.", role=role))
    if added.password_set and not added.created:
        sentences.append(_("The password was replaced."))
    return sentences or [_("Nothing changed: this person has that role already.")]


def _facts(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "name": user.name,
        "phone": mask_phone(user.phone) if user.phone else None,
        "roles": people.roles_of(user),
        "state": user.state,
    }


def _row(user: User) -> tuple[object, ...]:
    facts = _facts(user)
    return (
        facts["id"],
        facts["name"],
        facts["phone"] or "-",
        ", ".join(people.roles_of(user)),
        facts["state"],
    )
