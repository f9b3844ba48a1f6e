"""A helper's phone whose camera looks at a QR code: one browser for each code."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import qrcode
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE_MS, PHONE
from tests.browser.site import Site
from tests.browser.watching import Watch

WIDTH, HEIGHT, FRAMES = 640, 480, 20
# qr-scanner's own: it warns of every address that is not https, also of those where cameras work,
# and Chromium of the way it reads pictures.
# The last three are refusals that a service worker passed on: no navigation in Playwright's eyes.
EXPECTED = (
    "The camera stream is only accessible if",
    "Canvas2D: Multiple readback",
    "answer 404: {url}/lead/deals/",
    "answer 404: {url}/g/bags/",
    "answer 409: {url}/g/bags/",
)


def write_video(text: str, path: pathlib.Path) -> None:
    """A film of `text` as a QR code, in the one format that a fake camera plays."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=8, border=4)
    code.add_data(text)
    drawn = code.make_image().get_image().convert("L")
    frame = Image.new("L", (WIDTH, HEIGHT), 255)
    frame.paste(drawn, ((WIDTH - drawn.width) // 2, (HEIGHT - drawn.height) // 2))
    picture = frame.tobytes() + b"\x80" * (WIDTH * HEIGHT // 2)
    with path.open("wb") as film:
        film.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode())
        for _ in range(FRAMES):
            film.write(b"FRAME\n" + picture)


def write_photo(text: str, path: pathlib.Path) -> None:
    """A photograph of the code."""
    qrcode.make(text).get_image().convert("RGB").save(path, "JPEG")


@contextmanager
def phone_before(
    chromium: Browser, site: Site, text: str, folder: pathlib.Path, session: dict[str, Any]
) -> Iterator[Page]:
    """A phone signed in with `session`, its camera before the code of `text`; watched."""
    film = folder / "code.y4m"
    write_video(text, film)
    browser = chromium.browser_type.launch(
        executable_path=shutil.which("chromium"),
        args=[
            "--no-sandbox",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
        ],
    )
    context = browser.new_context(**PHONE | {"base_url": site.url})
    context.set_default_timeout(PATIENCE_MS * 2)
    watch = Watch(context, site.url)
    sign_in(site, context, session)
    try:
        yield context.new_page()
    finally:
        browser.close()
    complaints = [
        said
        for said in watch.complaints
        if not any(known.format(url=site.url) in said for known in EXPECTED)
    ]
    assert complaints == [], complaints


def sign_in(site: Site, context: Any, session: dict[str, Any]) -> None:
    """What signing in leaves in the browser."""
    signer = site.app.session_interface.get_signing_serializer(site.app)  # type: ignore[attr-defined]
    context.add_cookies([{"name": "session", "value": signer.dumps(session), "url": site.url}])
