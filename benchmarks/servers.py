"""Starting the site and the floor in the same way, as in production, on unix sockets."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# As in deploy/systemd.
OPTIONS = ("--worker-class", "gthread", "--workers", "2", "--threads", "8", "--no-control-socket")


_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server: where it listens, and the process whose children answer."""

    path: pathlib.Path
    pid: int

    def cpu_seconds(self) -> float:
        """What its workers have used of the processors; the database's share is its own."""
        ticks = 0
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(") ")[2].split()
                if int(fields[1]) == self.pid:
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / _TICKS


@contextlib.contextmanager
def serving(app: str, env: Mapping[str, str], path: pathlib.Path) -> Iterator[Server]:
    """Serve the WSGI `app` on the unix socket `path` until the block ends."""
    command = [sys.executable, "-m", "gunicorn", *OPTIONS, "--log-level", "warning"]
    server = subprocess.Popen([*command, "--bind", f"unix:{path}", app], env=os.environ | env)
    try:
        _wait(path, server)
        yield Server(path, server.pid)
    finally:
        server.terminate()
        server.wait(30)


def _wait(path: pathlib.Path, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if server.poll() is not None:
            sys.exit(f"the server for {path.name} did not start")
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(str(path))
            return
        time.sleep(0.1)
    sys.exit(f"nothing answers on {path}")
