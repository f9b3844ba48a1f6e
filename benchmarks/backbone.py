"""The main job at full size: import one deal of 240,000 lines, close it, export its lists."""

from __future__ import annotations

import csv
import gzip
import json
import os
import pathlib
import random
import subprocess
import sys
import time
from typing import Any, NamedTuple

from tests import independent_count

PHONE = "13900000000"
OWN_COLUMNS = "order=order,sku=sku,name=name,quantity=quantity,price=price,member=member,"
OWN_COLUMNS += "point=point,at=at"


class Step(NamedTuple):
    """One command: what it took, what it answered."""

    name: str
    seconds: float
    peak_mb: float
    answer: dict[str, Any]


def make_data(path: pathlib.Path) -> pathlib.Path:
    """240,000 order rows of 12,000 orders over 3,600 SKUs and 38 points, the same every time."""
    dice = random.Random(38)
    prices = [f"{dice.randint(29, 2999) / 100:.2f}" for _ in range(3600)]
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["order", "sku", "name", "quantity", "price", "member", "point", "at"])
        for order in range(12_000):
            at = f"2011-{order % 6 + 1:02}-{order % 28 + 1:02} {order % 24:02}:{order % 60:02}"
            head = (f"M{order % 3000:04}", f"取货点 {order % 38 + 1}", at)
            for _ in range(20):
                sku = min(int(dice.paretovariate(0.4)), 3600) - 1
                row = (order, f"S{sku:04}", f"商品 {sku:04}", dice.randint(1, 12), prices[sku])
                rows.writerow([*row, *head])
    return path


def measure(
    database: str, data: pathlib.Path, columns: str, folder: pathlib.Path, url: str
) -> None:
    """Run the steps on a new database and print them as a table."""
    folder.mkdir()
    env = os.environ | {"INSTANCE_DIR": str(folder), "DATABASE_URL": url, "FLASK_APP": "wsgi.py"}
    _flask(env, "db", "upgrade")
    _flask(env, "people", "add", "--role", "leader", "--phone", PHONE, "--name", "团长")
    window = ("--opens-at", "2010-12-01T00:00+08:00", "--closes-at", "2011-07-01T00:00+08:00")
    who = ("--leader", PHONE, "--title", "大团", "--map", columns)
    steps = [_step("import", env, "deals", "import", str(data), *who, *window)]
    slug = str(steps[0].answer["deal"])
    steps.append(_step("close", env, "jobs", "run", "close-due"))
    steps.append(_step("export", env, "purchase-lists", "export", slug, "--out", str(folder / "x")))
    [issued] = steps[2].answer["lists"]
    counted = _counted_in(pathlib.Path(issued["file"]), folder / "counted.csv")
    steps.append(_step("count in", env, "arrivals", "count-in", issued["number"], counted))
    steps.append(_step("bags", env, "pickups", "list", slug))
    steps.append(_step("verify", env, "verify"))
    print(f"\n{database}: {steps[0].answer}")
    print(f"{'step':<8} {'seconds':>8} {'peak MB':>8}")
    for step in steps:
        print(f"{step.name:<8} {step.seconds:>8.2f} {step.peak_mb:>8.0f}")
    print(f"the workbook is what {data.name} says: {_agrees(data, columns, steps[2])}")
    print(f"start-up of the command itself: {_floor(env):.2f} s of each")


def _step(name: str, env: dict[str, str], *arguments: str) -> Step:
    begun = time.perf_counter()
    output, peak_mb = _flask(env, *arguments, "--json")
    seconds = time.perf_counter() - begun
    return Step(name, seconds, peak_mb, json.loads(output))


def _counted_in(workbook: pathlib.Path, path: pathlib.Path) -> str:
    """A delivery in which the five most wanted SKUs are a tenth short; returns its file."""
    wanted = independent_count.of_workbook(workbook).per_sku
    short = dict(wanted.most_common(5))
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["sku", "received", "damaged"])
        rows.writerows((sku, n - n // 10 * (sku in short), 0) for sku, n in wanted.items())
    return str(path)


def _agrees(data: pathlib.Path, columns: str, export: Step) -> bool:
    """Whether pieces per SKU and point are those of a count by other means."""
    names = dict(entry.split("=", 1) for entry in columns.split(","))
    [issued] = export.answer["lists"]
    counted = independent_count.of_workbook(pathlib.Path(issued["file"]))
    return counted == independent_count.of_export(data, names)


def _floor(env: dict[str, str]) -> float:
    begun = time.perf_counter()
    _flask(env, "jobs", "list", "--json")
    return time.perf_counter() - begun


def _flask(env: dict[str, str], *arguments: str) -> tuple[str, float]:
    """Run `flask ...` in a child; what it printed, and its peak memory in MB."""
    code = (
        "import resource, sys; from flask.cli import main\n"
        "try: main()\n"
        "finally: sys.stderr.write(f'\\npeak={resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=env, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"flask {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout, int(done.stderr.rpartition("peak=")[2]) / 1024
