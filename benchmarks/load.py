"""Pressing on a server: so many clients, each sending its next request when the last is answered.

Bounded by time or by count, with one connection a client that stays open.
"""

from __future__ import annotations

import http.client
import itertools
import pathlib
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.servers import Server


class Request(NamedTuple):
    """What a client sends next."""

    method: str
    path: str
    body: str = ""
    headers: Mapping[str, str] = {}


@dataclass
class Answers:
    """What came back: milliseconds of each request, how often which status, how long all took."""

    ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    longest_body: int = 0

    @property
    def per_second(self) -> float:
        return len(self.ms) / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Processor time of the web workers for each request."""
        return self.cpu_seconds * 1000 / len(self.ms)

    @property
    def p50(self) -> float:
        return statistics.median(self.ms)

    @property
    def p99(self) -> float:
        return sorted(self.ms)[int(len(self.ms) * 0.99)]

    def add(self, other: Answers) -> None:
        """Count what another round answered to this one."""
        self.ms += other.ms
        self.statuses += other.statuses
        self.seconds += other.seconds
        self.cpu_seconds += other.cpu_seconds
        self.longest_body = max(self.longest_body, other.longest_body)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: pathlib.Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def press(
    server: Server,
    clients: Sequence[Iterator[Request]],
    *,
    seconds: float = 60.0,
    count: int | None = None,
) -> Answers:
    """Let all `clients` send until `count` requests were sent in all, `seconds` are over, or one
    has nothing more to send."""
    start, tickets = threading.Barrier(len(clients) + 1), itertools.count()
    until: list[float] = []
    outcomes = [Answers() for _ in clients]

    def run(client: Iterator[Request], own: Answers) -> None:
        connection = _Connection(server.path)
        start.wait(60)
        for request in client:
            if time.perf_counter() > until[0] or (count is not None and next(tickets) >= count):
                break
            _send(connection, request, own)
        connection.close()

    threads = [
        threading.Thread(target=run, args=pair) for pair in zip(clients, outcomes, strict=True)
    ]
    for thread in threads:
        thread.start()
    cpu_before, begun = server.cpu_seconds(), time.perf_counter()
    until.append(begun + seconds)
    start.wait(60)
    for thread in threads:
        thread.join()
    whole = Answers()
    for outcome in outcomes:
        whole.add(outcome)
    whole.seconds = time.perf_counter() - begun
    whole.cpu_seconds = server.cpu_seconds() - cpu_before
    return whole


def _send(connection: _Connection, request: Request, own: Answers) -> None:
    begun = time.perf_counter()
    try:
        connection.request(request.method, request.path, request.body, dict(request.headers))
        answer = connection.getresponse()
        body, status = answer.read(), answer.status
    except (OSError, http.client.HTTPException):  # as bad as a 5xx, and counted as one
        connection.close()
        body, status = b"", 599
    own.ms.append((time.perf_counter() - begun) * 1000)
    own.statuses[status] += 1
    own.longest_body = max(own.longest_body, len(body))
