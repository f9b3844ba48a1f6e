"""A mail server on loopback that takes messages, or does not."""

from __future__ import annotations

import base64
import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self


class FakeMailServer:
    """A running fake: `with FakeMailServer() as mail: settings = mail.settings`.

    Knobs: `refuse` maps a command ("MAIL", "RCPT", "DATA", …) to a reply such as "550 no";
    `silent_at` names the command that is never answered; `hang_up_at` the one that ends the line.
    """

    username, password = "post", "a-secret-password"

    def __init__(self) -> None:
        self.messages: list[tuple[list[str], EmailMessage]] = []  # recipients, message
        self.refuse: dict[str, str] = {}
        self.silent_at = ""
        self.hang_up_at = ""
        self._stop = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))

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
            "MAIL_HOST": "127.0.0.1",
            "MAIL_PORT": self._server.server_address[1],
            "MAIL_USERNAME": self.username,
            "MAIL_PASSWORD": self.password,
            "MAIL_TLS": "none",
            "MAIL_FROM": "tuan@example.com",
            "MAIL_TIMEOUT": 1,
        }


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def _handler(fake: FakeMailServer) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.recipients: list[str] = []
            self.known = False
            self.say("220 ready")
            while line := self.rfile.readline():
                command = line.decode().strip()
                verb = command.split(" ")[0].upper()
                if verb == fake.silent_at:
                    fake._stop.wait(30)
                    return
                if verb == fake.hang_up_at:
                    return
                self.say(fake.refuse.get(verb) or self.answer(verb, command))
                if verb == "QUIT":
                    return

        def answer(self, verb: str, command: str) -> str:
            if verb == "EHLO":
                return "250-fake\r\n250 AUTH PLAIN"
            if verb == "AUTH":
                given = base64.b64decode(command.split(" ")[2]).decode().split("\0")[1:]
                self.known = given == [fake.username, fake.password]
                return "235 welcome" if self.known else "535 who are you"
            if verb == "RCPT":
                if not self.known:
                    return "530 who are you"
                self.recipients.append(command.partition("<")[2].rstrip(">"))
            if verb == "DATA":
                return self.take()
            return "221 bye" if verb == "QUIT" else "250 ok"

        def take(self) -> str:
            self.say("354 go on")
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line[1:] if line.startswith(b"..") else line)
            message = message_from_bytes(b"".join(lines), policy=policy.default)
            fake.messages.append((self.recipients, message))
            self.recipients = []
            return "250 taken"

        def say(self, reply: str) -> None:
            self.wfile.write(f"{reply}\r\n".encode())

    return Handler
