"""Photographs that prove something: a delivery note, or goods that came damaged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.catalog import picture_files, pictures, shrinking
from groupbuy.catalog.pictures import Stored
from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from groupbuy.purchasing.models import Photo, PurchaseLine, PurchaseList

MOST_PHOTOS = 60  # of one list


def add_photo(
    subject: PurchaseList | PurchaseLine, stored: Stored, *, by_id: int | None, now: datetime
) -> Photo:
    """Write down a picture that `catalog.pictures.store` has kept; the caller commits.

    Of a list it shows the delivery note, of a line its damaged goods; `by_id` is None for the
    supplier. Raises BadInput at "picture" when the list has MOST_PHOTOS already.
    """
    if isinstance(subject, PurchaseLine):
        line, purchase_list = subject, subject.revision.purchase_list
    else:
        line, purchase_list = None, subject
    _require_room(purchase_list)
    photo = Photo(
        leader_id=purchase_list.leader_id,
        list_id=purchase_list.id,
        line_id=line.id if line else None,
        kind="damage" if line else "delivery_note",
        token=stored.token,
        width=stored.width,
        height=stored.height,
        by_id=by_id,
        added_at=now,
    )
    db.session.add(photo)
    db.session.flush()
    return photo


def _require_room(purchase_list: PurchaseList) -> None:
    # Two uploads at once: the second waits here and counts the first.
    mine = sa.select(PurchaseList.id).where(PurchaseList.id == purchase_list.id)
    db.session.execute(mine.with_for_update(key_share=True))
    have = sa.select(sa.func.count(Photo.id)).where(Photo.list_id == purchase_list.id)
    if db.session.scalars(have).one() >= MOST_PHOTOS:
        raise BadInput("picture", _l("There can be %(most)s pictures at most."), most=MOST_PHOTOS)


def photos_of(purchase_list: PurchaseList, kind: str) -> Sequence[Photo]:
    """The photographs of the list, "delivery_note" or "damage", the oldest first."""
    mine = sa.select(Photo).where(Photo.list_id == purchase_list.id, Photo.kind == kind)
    return db.session.scalars(mine.order_by(Photo.id)).all()


def photos_of_line(line: PurchaseLine) -> Sequence[Photo]:
    """The photographs of the line's damaged goods, the oldest first."""
    return db.session.scalars(
        sa.select(Photo).where(Photo.line_id == line.id).order_by(Photo.id)
    ).all()


def file_of(purchase_list: PurchaseList, name: str) -> bytes | None:
    """The content of the file called `name` (token-width.webp), if it is a photo of the list."""
    token, _dash, rest = name.partition("-")
    photo = db.session.scalars(
        sa.select(Photo).where(Photo.token == token, Photo.list_id == purchase_list.id)
    ).one_or_none()
    if photo is None or rest not in [f"{width}.webp" for width in shrinking.widths(photo.width)]:
        return None
    return picture_files.read(name)


def names_of(photo: Photo) -> tuple[str, str]:
    """The files of a photo to show in a row, and to look at closely."""
    widths = shrinking.widths(photo.width)
    small = next((width for width in widths if width >= 480), widths[-1])
    return pictures.file_name(photo.token, small), pictures.file_name(photo.token, widths[-1])
