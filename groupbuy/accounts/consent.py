"""What people agree to before they order, in which version, and who did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from groupbuy.accounts.models import Consent, Member, User
from groupbuy.core.db import insert_once
from groupbuy.extensions import db

# Document -> the version in force; its text is templates/documents/<document>/<version>/.
# A new version is asked for at the next sign-in or order; the old text stays beside it.
DOCUMENTS = {"rules": "2026-11", "privacy": "2026-11"}


def missing(person: User | Member | None) -> list[str]:
    """The documents that `person` has yet to agree to; for somebody unknown all of them."""
    if person is None:
        return list(DOCUMENTS)
    agreed = sa.select(Consent.document, Consent.version).where(_whose(person))
    known = {(document, version) for document, version in db.session.execute(agreed)}
    return [document for document in DOCUMENTS if (document, DOCUMENTS[document]) not in known]


def agree(person: User | Member, documents: Iterable[str], *, now: datetime) -> None:
    """Note that `person` agrees to `documents` as they are now; again changes nothing."""
    whose = {"user_id" if isinstance(person, User) else "member_id": person.id}
    for document in documents:
        row = {"document": document, "version": DOCUMENTS[document], "at": now}
        db.session.execute(insert_once(Consent).values(whose | row))


def _whose(person: User | Member) -> sa.ColumnElement[bool]:
    return (Consent.user_id if isinstance(person, User) else Consent.member_id) == person.id
