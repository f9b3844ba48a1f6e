"""What people agree to before they order, in which version, and who did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache

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
    mine = db.session.connection().execute(_agreed(isinstance(person, User)), {"id": person.id})
    known = {(document, version) for document, version in mine}
    return [document for document in DOCUMENTS if (document, DOCUMENTS[document]) not in known]


def agree(person: User | Member, documents: Iterable[str], *, now: datetime) -> None:
    """Note that `person` agrees to `documents` as they are now; again changes nothing."""
    whose = {"user_id" if isinstance(person, User) else "member_id": person.id}
    for document in documents:
        row = {"document": document, "version": DOCUMENTS[document], "at": now}
        db.session.execute(insert_once(Consent).values(whose | row))


@cache
def _agreed(by_user: bool) -> sa.Select[str, str]:
    consent = Consent.__table__.c
    whose = consent.user_id if by_user else consent.member_id
    agreed = sa.select(consent.document, consent.version)
    return agreed.where(whose == sa.bindparam("id"))
