"""Keeping pictures: files first, then the row, and never too many."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from werkzeug.datastructures import FileStorage

from groupbuy.catalog import picture_files, pictures
from groupbuy.catalog.models import Picture, Product
from groupbuy.core.errors import BadInput
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from tests.catalog.uploads import drawn, packed
from tests.checks import count
from tests.conftest import NOON
from tests.factories import make_deal, make_leader, make_sku


@pytest.fixture
def product(app: Flask) -> Product:
    return make_sku(make_leader()).product


def upload(width: int = 600, height: int = 400) -> io.BytesIO:
    return io.BytesIO(packed(drawn(width, height)))


def folder(app: Flask) -> Path:
    return Path(app.config["INSTANCE_DIR"]) / "pictures"


def test_a_picture_is_kept_in_every_width_under_a_name_nobody_can_guess(
    app: Flask, product: Product
) -> None:
    picture = pictures.add_picture(product, upload(1200, 900), alt=" 一板\n鸡蛋 ", now=NOON)
    assert re.fullmatch("[0-9a-z]{26}", picture.token)
    assert (picture.width, picture.height, picture.alt) == (960, 720, "一板 鸡蛋")
    assert (picture.leader_id, picture.product_id) == (product.leader_id, product.id)
    assert pictures.variants(picture) == [240, 480, 960]
    for width in pictures.variants(picture):
        name = pictures.file_name(picture.token, width)
        content = picture_files.read(name)
        assert content is not None
        assert (folder(app) / picture.token[:2] / name).read_bytes() == content
        with Image.open(io.BytesIO(content)) as image:
            assert image.size == (width, width * 3 // 4)
    assert picture_files.read(pictures.file_name(picture.token, 100)) is None
    assert pictures.add_picture(product, upload(), alt="", now=NOON).token != picture.token


def test_pictures_stay_in_the_order_in_which_they_came(product: Product) -> None:
    added = [pictures.add_picture(product, upload(), alt=str(n), now=NOON) for n in range(3)]
    assert [picture.position for picture in added] == [1, 2, 3]
    db.session.delete(added[0])
    db.session.flush()
    pictures.add_picture(product, upload(), alt="new", now=NOON)
    assert [picture.alt for picture in product.pictures] == ["1", "2", "new"]


def test_a_deal_has_pictures_of_its_own(app: Flask) -> None:
    deal: Deal = make_deal()
    picture = pictures.add_picture(deal, upload(), alt="摊位", now=NOON)
    assert (picture.deal_id, picture.product_id) == (deal.id, None)
    assert deal.pictures == [picture]


def test_twenty_pictures_are_enough(product: Product) -> None:
    stored = pictures.store(upload(40, 30))
    for number in range(pictures.MOST_PICTURES):
        part = stored._replace(token=f"{stored.token[:-2]}{number:02}")
        pictures.attach(product, part, alt="", now=NOON)
    with pytest.raises(BadInput, match="20") as refusal:
        pictures.attach(product, stored, alt="", now=NOON)
    assert refusal.value.field == "picture"
    assert count(Picture) == pictures.MOST_PICTURES


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a" * 5000 + ".jpg", "\u202egpj.exe", "con.jpg", "a\0b.png", ""]
)
def test_what_the_file_was_called_does_not_matter(product: Product, name: str) -> None:
    sent = FileStorage(upload(), filename=name, content_type="text/html")
    picture = pictures.add_picture(product, sent.stream, alt="", now=NOON)
    assert re.fullmatch("[0-9a-z]{26}", picture.token)


def test_of_an_upload_without_end_only_eight_megabytes_are_read(product: Product) -> None:
    class Endless(io.BytesIO):
        asked = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert size > 0
            self.asked += size
            return bytes(size)

    stream = Endless()
    with pytest.raises(BadInput):
        pictures.add_picture(product, stream, alt="", now=NOON)
    assert stream.asked == 8 * 1024 * 1024 + 1


def test_a_file_is_written_whole_and_never_over_another(app: Flask) -> None:
    picture_files.keep("zz-once.webp", b"first")
    with pytest.raises(FileExistsError):
        picture_files.keep("zz-once.webp", b"second")
    assert picture_files.read("zz-once.webp") == b"first"
    left = [file.name for file in (folder(app) / "zz").iterdir() if "zz-once" in file.name]
    assert left == ["zz-once.webp"]
