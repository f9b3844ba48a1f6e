"""Every form that takes a file gets sixty that nobody should send, in a process that is measured.

No answer is a fault of ours, none takes two seconds, and memory hardly grows.
"""

from __future__ import annotations

import io
import json
import os
import pathlib
import re
import subprocess
import sys
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from groupbuy.accounts import devices
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from tests.catalog.hostile import hostile_books, hostile_pictures
from tests.factories import make_draft, make_leader, make_sku

MOST_SECONDS = 2.0
MOST_GROWTH_KB = 200 * 1024


def test_there_are_sixty_of_them() -> None:
    assert len(hostile_pictures()) + len(hostile_books()) >= 60


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["product", "deal", "goods"])
def test_sixty_hostile_files_do_no_harm(
    shared_app: Flask, tmp_path: pathlib.Path, kind: str
) -> None:
    told = _in_a_process(shared_app, kind, _laid_out(tmp_path, kind))
    assert len(told["answers"]) >= 22
    assert {status for _what, status, _seconds in told["answers"]} <= {200, 303, 413, 422}
    wrong = {
        what: (status, seconds)
        for what, status, seconds in told["answers"]
        if status >= 500 or seconds >= MOST_SECONDS
    }
    assert wrong == {}
    assert told["growth_kb"] < MOST_GROWTH_KB


def _laid_out(folder: pathlib.Path, kind: str) -> dict[str, list[str]]:
    """What it is -> (file name, where it lies): made here, so that making them is not measured."""
    files = hostile_books() if kind == "goods" else hostile_pictures()
    lying = {}
    for number, (what, (name, make)) in enumerate(files.items()):
        path = folder / f"{number}.upload"
        path.write_bytes(make())
        lying[what] = [name, str(path)]
    return lying


def _in_a_process(app: Flask, kind: str, files: dict[str, list[str]]) -> Any:
    settings = {
        "SQLALCHEMY_DATABASE_URI": app.config["SQLALCHEMY_DATABASE_URI"],
        "INSTANCE_DIR": app.config["INSTANCE_DIR"],
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.catalog.test_hostile_uploads", kind],
        input=json.dumps([settings, files]),
        capture_output=True,
        text=True,
        timeout=300,
        cwd=pathlib.Path(__file__).parents[2],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def _attack(kind: str, settings: dict[str, str], files: dict[str, list[str]]) -> dict[str, Any]:
    """Send everything to one form; run in a process of its own."""
    from groupbuy import create_app
    from tests.conftest import SETTINGS

    app = create_app(SETTINGS | settings | {"TESTING": False, "PROPAGATE_EXCEPTIONS": False})
    with app.app_context():
        client, paths = _at_desk(app)
    path, field, fields = {
        "product": (paths["product"], "picture", {}),
        "deal": (paths["deal"], "picture", {"act": "pictures-add"}),
        "goods": ("/lead/goods/import", "file", {}),
    }[kind]
    _send(client, path, field, fields, ("warm.jpg", b"x"))
    before = _peak_kb()
    answers = []
    for what, (name, lies) in files.items():
        file = name, pathlib.Path(lies).read_bytes()
        started = time.monotonic()
        status = _send(client, path, field, fields, file)
        answers.append((what, status, time.monotonic() - started))
    return {"answers": answers, "growth_kb": _peak_kb() - before}


def _peak_kb() -> int:
    """The most memory this process ever had; getrusage would add what its parent had."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+([0-9]+) kB", status)[1])  # type: ignore[index]


def _at_desk(app: Flask) -> tuple[FlaskClient, dict[str, str]]:
    leader = make_leader()
    sku, draft = make_sku(leader), make_draft(leader)
    paths = {
        "product": f"/lead/goods/{sku.product_id}/pictures",
        "deal": f"/lead/deals/{draft.slug}/edit",
    }
    db.session.commit()
    with transaction():
        token = devices.sign_in_device(leader.user, "Chrome", now=clock.now())
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = token
    return client, paths


def _send(
    client: FlaskClient, path: str, field: str, fields: dict[str, str], file: tuple[str, bytes]
) -> int:
    name, content = file
    data = {**fields, field: (io.BytesIO(content), name)}
    return client.post(path, data=data, content_type="multipart/form-data").status_code


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_attack(sys.argv[1], *json.load(sys.stdin))) + "\n")
