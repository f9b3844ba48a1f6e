"""A PostgreSQL for one measurement, durable as in production, on a unix socket."""

from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import subprocess
from collections.abc import Iterator
from typing import Any


def installed() -> bool:
    """Whether a server can be started here."""
    return bool(_binaries())


@contextlib.contextmanager
def server(folder: pathlib.Path) -> Iterator[str]:
    """The address of a server that lives in `folder` until the block ends."""
    folder.mkdir()
    folder.parent.chmod(0o755)
    account: dict[str, Any] = {}
    if os.geteuid() == 0:  # initdb refuses to run as root
        person = pwd.getpwnam("postgres")
        os.chown(folder, person.pw_uid, person.pw_gid)
        account = {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}

    def run(tool: str, *arguments: str) -> None:
        command = [str(_binaries()[-1] / tool), "-D", f"{folder}/data", *arguments]
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(folder)}
        subprocess.run(command, check=True, capture_output=True, cwd=folder, env=env, **account)

    run("initdb", "-U", "app", "-A", "trust", "-E", "UTF8")
    options = f"-c listen_addresses='' -k {folder} -c shared_buffers=256MB"
    run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://app@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-m", "fast", "stop")


def _binaries() -> list[pathlib.Path]:
    return sorted(p.parent for p in pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
