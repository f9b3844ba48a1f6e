"""A page in a state, and the ways to bring a state about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.found import Session, Stage
from tests.browser.stage import cookie

Act = Callable[[Page], None]
_KINDS = (".flash", ".field__bad", ".f__bad", ".said_error", "[aria-invalid=true]")
_WRONG = ", ".join(f"{kind}:visible" for kind in _KINDS)


@dataclass(frozen=True)
class Shown:
    """A page in a state: `name` is page-state, `who` looks at it, `act` brings the state about.

    Without a `path` it is that of the same name on the stage; without `who` it is its owner.
    `wide` pages are at least as often seen on a computer; `media` is print for paper.
    """

    name: str
    who: str = ""
    path: str = ""
    act: Act | None = None
    wide: bool = False
    media: str = "screen"

    def open(self, page: Page, app: Flask, stage: Stage, **session: object) -> None:
        """Show it on `page`, whose cookies are replaced; `session` is added to what they hold."""
        held: Session = stage.sessions[self.who or self.name] | session
        _forget(page)
        page.emulate_media(media="print" if self.media == "print" else "screen")
        if held:
            url = app.config["SITE_URL"]
            value = cookie(app, held)
            page.context.add_cookies([{"name": "session", "value": value, "url": url}])
        page.goto(self.path or stage.paths[self.name])
        if self.act:
            self.act(page)


def _forget(page: Page) -> None:
    """Leave the page before without a trace: what it kept while offline must not be sent later."""
    if page.url.startswith("http"):
        page.evaluate("localStorage.clear()")
        page.goto("about:blank")
    page.context.set_offline(False)
    page.context.clear_cookies()


def tap(button: str) -> Act:
    """Press a button; the page that comes has an error at a field, or a note."""

    def act(page: Page) -> None:
        page.locator(button).first.click()
        expect(page.locator(_WRONG).first).to_be_visible()

    return act


def fill(button: str, **fields: str) -> Act:
    """Fill in fields, then `tap`."""

    def act(page: Page) -> None:
        for name, text in fields.items():
            page.fill(f"[name={name}]", text)
        tap(button)(page)

    return act
