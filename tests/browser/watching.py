"""What a page must never do, whatever the test is about."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response

_INSIDE = ("data", "blob", "about")
# Chromium says this of every answer from 400 on; `Watch` judges those itself.
_STATUS_ONLY = "Failed to load resource: the server responded with a status of"


class Watch:
    """Notes what goes wrong in the pages of `context`; `complaints` must be empty in the end.

    Wrong are errors and CSP violations in the console, scripts that fail, answers from 500 on,
    parts of a page that are missing, and requests to any host but those of `allowed`.
    """

    def __init__(self, context: BrowserContext, *allowed: str) -> None:
        self.complaints: list[str] = []
        self._hosts = {urlsplit(url).netloc for url in allowed}
        context.on("console", self._console)
        context.on("weberror", lambda failure: self._note("script", str(failure.error)))
        context.on("request", self._request)
        context.on("response", self._response)

    def _note(self, kind: str, what: str) -> None:
        self.complaints.append(f"{kind}: {what}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_STATUS_ONLY):
            self._note(f"console {message.type}", message.text)

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in _INSIDE and parts.netloc not in self._hosts:
            self._note("request to another host", request.url)

    def _response(self, answer: Response) -> None:
        lowest = 500 if answer.request.is_navigation_request() else 400
        if answer.status >= lowest:
            self._note(f"answer {answer.status}", answer.url)
