"""A provider of text messages on loopback."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class FakeTexting:
    """A running fake: `taken` holds what was posted; set `status` or `delay` for bad behaviour."""

    token = "a-secret-token"

    def __init__(self) -> None:
        self.taken: list[dict[str, str]] = []
        self.status = 200
        self.delay = 0
        self._stop = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def settings(self) -> dict[str, Any]:
        """What an application must be configured with to send through this fake."""
        return {
            "SMS_SENDER": "http",
            "SMS_URL": f"http://127.0.0.1:{self._server.server_port}/send",
            "SMS_TOKEN": self.token,
            "SMS_TIMEOUT": 1,
        }


def _handler(fake: FakeTexting) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake._stop.wait(fake.delay)
            known = self.headers["Authorization"] == f"Bearer {fake.token}"
            status = fake.status if known else 401
            if status == 200:
                fake.taken.append(body)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            fake.taken.append({"followed": self.path})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_line: object) -> None:
            """Tests read what they need from `taken`."""

    return Handler
