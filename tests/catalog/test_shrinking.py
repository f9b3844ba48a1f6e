"""What is made of an upload, and what is refused: nobody's file may break, block or fill us."""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image

from groupbuy.catalog import pictures, shrinking
from groupbuy.catalog.models import Picture, Product
from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from tests.catalog.uploads import ACCEPTED, REFUSED, blank_png, damaged, drawn, packed, with_exif
from tests.checks import count
from tests.conftest import NOON
from tests.factories import make_leader, make_sku

# Decoders warn of some of these files, as they do in production; here a warning is an error.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
RED, GREEN = (200, 30, 30), (30, 140, 60)


@pytest.fixture
def product(app: Flask) -> Product:
    return make_sku(make_leader()).product


@pytest.fixture
def quick() -> Iterator[None]:
    """The test takes less than two seconds of work, however busy the machine is."""
    started = time.process_time()
    yield
    assert time.process_time() - started < 2


def stored_files(app: Flask) -> set[Path]:
    return set((Path(app.config["INSTANCE_DIR"]) / "pictures").rglob("*.*"))


def looks_like(image: Image.Image, at: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    pixel = image.convert("RGB").getpixel(at)
    return all(abs(is_ - wanted) < 30 for is_, wanted in zip(pixel, colour, strict=True))


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_good_picture_is_refused_at_once_and_leaves_nothing(
    app: Flask, product: Product, name: str
) -> None:
    content, before = REFUSED[name](), stored_files(app)
    started = time.process_time()
    with pytest.raises(BadInput) as refusal:
        pictures.add_picture(product, io.BytesIO(content), alt="", now=NOON)
    assert time.process_time() - started < 2
    assert refusal.value.field == "picture"
    assert len(refusal.value.sentence) > 5
    db.session.flush()
    assert count(Picture) == 0
    assert stored_files(app) == before


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("seed", range(8))
def test_damage_is_either_refused_or_becomes_a_sound_picture(
    app: Flask, quick: None, kind: str, seed: int
) -> None:
    with contextlib.suppress(BadInput):
        shrunk = shrinking.shrink(damaged(kind, seed))
        assert {opened(content).format for content in shrunk.files.values()} == {"WEBP"}


@pytest.mark.parametrize("name", ACCEPTED)
def test_every_kind_of_picture_becomes_plain_webp_and_nothing_else_survives(
    quick: None, name: str
) -> None:
    shrunk = shrinking.shrink(ACCEPTED[name]())
    assert (shrunk.width, shrunk.height) == (600, 400)
    assert list(shrunk.files) == [240, 480, 600]
    for width, content in shrunk.files.items():
        image = opened(content)
        assert image.format == "WEBP"
        assert image.mode == "RGB"
        assert image.size == (width, width * 400 // 600)
        assert not image.getexif()
        assert getattr(image, "n_frames", 1) == 1
        assert b"PK\x03\x04" not in content
        assert b"script" not in content
        assert b"ICCP" not in content


@pytest.mark.parametrize(
    "name", ["jpeg", "jpeg, CMYK", "png", "png, palette", "png, animated", "webp", "webp, animated"]
)
def test_colours_stay_and_of_an_animation_the_first_frame(name: str) -> None:
    image = opened(shrinking.shrink(ACCEPTED[name]()).files[600])
    assert looks_like(image, (100, 60), RED)
    assert looks_like(image, (500, 300), GREEN)


def test_sixteen_bits_of_grey_are_scaled_and_what_is_transparent_is_white() -> None:
    grey = opened(shrinking.shrink(ACCEPTED["png, 16 bits of grey"]()).files[240])
    assert looks_like(grey, (100, 60), (117, 117, 117))
    for name in ("png, transparent", "webp, transparent"):
        clear = opened(shrinking.shrink(ACCEPTED[name]()).files[240])
        assert looks_like(clear, (100, 60), (255, 255, 255))
    hole = opened(shrinking.shrink(ACCEPTED["png, colour with a hole"]()).files[240])
    assert looks_like(hole, (60, 40), (255, 255, 255))
    assert looks_like(hole, (200, 130), GREEN)


# Where the red quarter of the drawing is once the picture is upright, for each EXIF orientation.
@pytest.mark.parametrize(
    ("orientation", "left", "top"),
    [
        (1, True, True),
        (2, False, True),
        (3, False, False),
        (4, True, False),
        (5, True, True),
        (6, False, True),
        (7, False, False),
        (8, True, False),
    ],
)
def test_a_photograph_is_turned_upright_and_forgets_where_it_was_taken(
    orientation: int, left: bool, top: bool
) -> None:
    upload = with_exif(orientation)
    assert b"PhoneMaker" in upload
    shrunk = shrinking.shrink(upload)
    assert (shrunk.width < shrunk.height) is (orientation >= 5)
    for content in shrunk.files.values():
        assert b"PhoneMaker" not in content
        assert b"EXIF" not in content
    image = opened(shrunk.files[shrunk.width])
    corner = (0.2 if left else 0.8, 0.2 if top else 0.8)
    assert looks_like(image, (int(image.width * corner[0]), int(image.height * corner[1])), RED)


@pytest.mark.parametrize(
    ("size", "widths"),
    [
        ((3000, 2000), [240, 480, 960]),
        ((960, 960), [240, 480, 960]),
        ((500, 900), [240, 480, 500]),
        ((240, 100), [240]),
        ((2, 2), [2]),
        ((100, 1000), [100]),
    ],
)
def test_a_picture_is_made_smaller_but_never_larger(
    size: tuple[int, int], widths: list[int]
) -> None:
    shrunk = shrinking.shrink(packed(drawn(*size)))
    assert list(shrunk.files) == widths == shrinking.widths(shrunk.width)
    ratio = shrunk.height / shrunk.width
    assert ratio == pytest.approx(size[1] / size[0], rel=0.01)
    for width, content in shrunk.files.items():
        assert opened(content).width == width


def test_fifty_megapixels_are_just_not_too_many(quick: None) -> None:
    assert shrinking.shrink(blank_png(7071, 7071)).width == 960


def test_a_row_of_the_deal_page_weighs_little() -> None:
    noise = Image.effect_noise((1200, 1200), 40).convert("RGB")  # worse than any photograph
    assert len(shrinking.shrink(packed(noise)).files[240]) < 12_000


def test_uploads_that_come_together_are_read_one_after_the_other() -> None:
    upload, made = packed(drawn(2000, 1500)), []
    threads = [
        threading.Thread(target=lambda: made.append(shrinking.shrink(upload).files[240]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert len(made) == 4
    assert len(set(made)) == 1
