"""Pictures of products and deals: checked, made small, kept as files, then written down."""

from __future__ import annotations

from datetime import datetime
from typing import IO, NamedTuple

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.catalog import picture_files, shrinking
from groupbuy.catalog.models import Picture, Product
from groupbuy.core.errors import BadInput
from groupbuy.core.text import label
from groupbuy.core.tokens import public_id
from groupbuy.deals.models import Deal
from groupbuy.extensions import db

MOST_PICTURES = 20  # of one product or deal
_TOKEN_LENGTH = 26  # 128 bits


class Stored(NamedTuple):
    """A picture whose files lie there and which nobody has written down; size in pixels."""

    token: str
    width: int
    height: int


def store(stream: IO[bytes]) -> Stored:
    """Read an upload and keep its variants as files, outside any transaction.

    Raises BadInput at "picture". Files that no row ever names do no harm: nobody can ask for them.
    """
    shrunk = shrinking.shrink(stream.read(shrinking.LARGEST_BYTES + 1))
    token = public_id(_TOKEN_LENGTH)
    for width, content in shrunk.files.items():
        picture_files.keep(file_name(token, width), content)
    return Stored(token, shrunk.width, shrunk.height)


def attach(owner: Product | Deal, stored: Stored, *, alt: str, now: datetime) -> Picture:
    """Make a stored picture the last one of `owner`; `alt` says in words what it shows.

    Raises BadInput at "picture" when `owner` has MOST_PICTURES already. The caller commits.
    """
    kind = type(owner)
    db.session.flush()
    # Two uploads at once: the second waits here and counts the first.
    db.session.execute(
        sa.select(kind.id).where(kind.id == owner.id).with_for_update(key_share=True)
    )
    link = Picture.product_id if isinstance(owner, Product) else Picture.deal_id
    have, last = db.session.execute(
        sa.select(sa.func.count(), sa.func.max(Picture.position)).where(link == owner.id)
    ).one()
    if have >= MOST_PICTURES:
        raise BadInput("picture", _l("There can be %(most)s pictures at most."), most=MOST_PICTURES)
    picture = Picture(
        leader_id=owner.leader_id,
        position=(last or 0) + 1,
        token=stored.token,
        width=stored.width,
        height=stored.height,
        alt=label(alt),
        added_at=now,
    )
    setattr(picture, link.key, owner.id)
    db.session.add(picture)
    db.session.flush()
    db.session.expire(owner, ["pictures"])
    return picture


def add_picture(owner: Product | Deal, stream: IO[bytes], *, alt: str, now: datetime) -> Picture:
    """`store` and `attach` in one, for those who hold no lock that anybody waits for."""
    return attach(owner, store(stream), alt=alt, now=now)


def variants(picture: Picture) -> list[int]:
    """The widths in pixels in which `picture` is kept, smallest first."""
    return shrinking.widths(picture.width)


def file_name(token: str, width: int) -> str:
    """What the file of one variant is called, on the disk and in its address."""
    return f"{token}-{width}.webp"
